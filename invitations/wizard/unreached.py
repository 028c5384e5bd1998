"""Which devices of an import can't be invited in the chosen way, and why? The list on the page Send."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F

from devices.models import Device, ImportBatch
from devices.row_number import is_row_number
from invitations.reach import Obstacle, devices_of_batch, reached

from .choices import SendForm

PAGE_SIZE = 25


@dataclass(frozen=True)
class Unreached:
    """A page of the list.

    Attributes:
        chosen: the obstacle that is filtered by.
        devices: each with its reason in words.
        next: key of the page that follows; "": there is none.
        is_first: nothing comes before.
    """

    chosen: str
    devices: list[tuple[Device, str]]
    next: str
    is_first: bool


def unreached(batch: ImportBatch, form: SendForm, asked: Any) -> Unreached | None:
    """Return a page of the devices that are not reached; None: nobody asked for the list.

    Args:
        batch: a committed import.
        form: what is chosen.
        asked: of the request: `obstacle`, a value of Obstacle or `any`, and `after`, the key of a page.
    """
    chosen = asked.get("obstacle", "")
    if chosen not in (*Obstacle.values, "any"):
        return None
    devices = devices_of_batch(batch).select_related("user")
    found = reached(devices, form.chosen("channel"), include_invited=form.chosen("include_invited")).exclude(
        obstacle=""
    )
    if chosen != "any":
        found = found.filter(obstacle=chosen)
    after = asked.get("after", "")
    key = int(after) if is_row_number(after) else 0
    # By a sum, which no index has: with a LIMIT, PostgreSQL would walk along the key and join anew for each device.
    page = list(found.filter(pk__gt=key).annotate(key=F("pk") + 0).order_by("key")[: PAGE_SIZE + 1])
    shown = [(device, str(Obstacle(device.obstacle).label)) for device in page[:PAGE_SIZE]]
    following = str(shown[-1][0].pk) if len(page) > PAGE_SIZE else ""
    return Unreached(chosen, shown, following, is_first=not key)

"""Which devices were invited, and what came of it? The filter that invitations add to devices/filters.py, and the
column that they add to the device list."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery, TextChoices
from django.utils.translation import gettext_lazy as _

from devices.device_list.columns import Column
from devices.filters import ChoicesFilter
from devices.models import Device

from .models import Invitation

State = Invitation.State
# A message went out or will, and nothing is known against it; or it was used.
GOOD = frozenset({*Invitation.LIVE - {State.BOUNCED}, State.REDEEMED})
WENT_WRONG = frozenset({State.FAILED, State.BOUNCED})
NO_END = 2**31


class Invited(TextChoices):
    """How far the invitation of a device has come."""

    INVITED = "invited", _("Invited")
    NOT_INVITED = "not_invited", _("Not invited")
    EXPIRED = "expired", _("Invitation expired")
    FAILED = "failed", _("Message failed")


def invited(queryset: QuerySet[Device], name: str, value: list[str]) -> QuerySet[Device]:
    """Return the devices that are as one of the given words says.

    A device that was invited anew, well, is neither expired nor failed any more.
    """
    own = Invitation.objects.filter(device=OuterRef("pk"))
    is_good = Exists(own.filter(state__in=GOOD))
    found = queryset.none()
    for word in value:
        found = (
            found
            | {
                Invited.INVITED: queryset.filter(pk__in=_devices(GOOD)),
                Invited.NOT_INVITED: queryset.filter(~Exists(own)),
                Invited.EXPIRED: queryset.filter(~is_good, pk__in=_devices({State.EXPIRED})),
                Invited.FAILED: queryset.filter(~is_good, pk__in=_devices(WENT_WRONG)),
            }[Invited(word)]
        )
    return found if value else queryset


def _devices(states: frozenset[str] | set[State]) -> Any:
    """Return the numbers of devices that have an invitation in one of these states."""
    keys = Invitation.objects.filter(state__in=sorted(states)).values("device")
    # An end that is never reached: PostgreSQL then reads them in this order beside the list's, instead of asking for
    # each of the devices that come first in the list, which may be those that were not invited.
    return keys.order_by("-device_id")[:NO_END]


INVITATION = ChoicesFilter(
    label=_("Invitation"),
    choices=Invited.choices,
    method=invited,
    help_text=_("Choose Pre-approved as the enrollment status, too: only those can be invited."),
)


def _with_newest(devices: QuerySet[Device]) -> QuerySet[Device]:
    newest = Invitation.objects.filter(device=OuterRef("pk")).order_by("-id").values("state")[:1]
    return devices.annotate(newest_invitation=Subquery(newest))


def _state(device: Any) -> Any:
    return State(device.newest_invitation).label if device.newest_invitation else None


COLUMN = Column("invitation", _("invitation"), _state, prepare=_with_newest)

"""Which devices are on one page, when there may be a million? Asked by the device list.

Nothing is counted beyond MOST, and no page is reached by reading all rows before it: pages with negative numbers are
counted from the end, by the reversed order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from devices.models import Device, Domain

from .columns import Column

# So many are counted exactly; of more it is only said that there are more.
MOST: Final = 10_000
DOMAINS_APART: Final = 4
FURTHEST: Final = 1_000_000  # pages


@dataclass(frozen=True)
class Order:
    """By which column, and which way.

    Attributes:
        column: None: the newest first.
        falls: from the last to the first.
    """

    column: Column | None = None
    falls: bool = False


def count(devices: QuerySet[Device]) -> int:
    """Return how many devices there are, MOST + 1 standing for more than MOST."""
    return devices.order_by().values("pk")[: MOST + 1].count()


def ordered(devices: QuerySet[Device], order: Order) -> list[QuerySet[Device]]:
    """Return the devices in parts that follow each other, each of which one index can read in its order.

    A LEFT JOIN can only be sorted as a whole, which takes a second for a million devices: those with and those without
    the row that they are sorted by are two parts. Of domains there are few, so that each is one.
    """
    column = order.column
    if column is None or column.admin_order_field is None or column.admin_order_field == "created_at":
        falls = order.falls if column else True
        return [devices.order_by(*_way(("created_at", "pk"), falls))]
    if column.relation == "domain":
        return _by_domain(devices, order.falls)
    if not column.relation:
        return [devices.order_by(*_way((column.admin_order_field, *_TIES.get(column.name, ("pk",))), order.falls))]
    rest = devices.filter(**{f"{column.relation}__isnull": True}).order_by("-created_at", "-pk")
    own = devices.filter(**{f"{column.relation}__isnull": False})
    # The relation's own key second: the index of its list ends with it.
    tie = (f"{column.relation}__pk", "pk")
    return [own.order_by(*_way((column.admin_order_field, *tie), order.falls)), rest]


def _by_domain(devices: QuerySet[Device], falls: bool) -> list[QuerySet[Device]]:
    """Return the parts of each of the first domains, and all others as one: each part is a query."""
    has_devices = Exists(Device.objects.filter(domain=OuterRef("pk")))
    names = Domain.objects.filter(has_devices).order_by(*_way(("name",), falls))
    keys = list(names.values_list("pk", flat=True))
    tie = ("created_at", "pk")
    first = [devices.filter(domain=key).order_by(*_way(tie, falls)) for key in keys[:DOMAINS_APART]]
    others = devices.filter(domain__in=keys[DOMAINS_APART:]).order_by(*_way(("domain__name", *tie), falls))
    return [*first, others] if len(keys) > DOMAINS_APART else first


# What an index of these columns goes on with (Device.Meta.indexes).
_TIES: Final = dict.fromkeys(("platform", "ownership", "status", "source"), ("created_at", "pk"))


def _way(names: Sequence[str], falls: bool) -> list[str]:
    return [f"-{name}" if falls else name for name in names]


def page(parts: Sequence[QuerySet[Device]], number: int, size: int) -> tuple[list[int], bool]:
    """Return the numbers of the devices of one page, and whether there are more beyond it.

    Args:
        parts: of `ordered`.
        number: 1 is the first page, -1 the last, -2 the one before it.
        size: of a page.
    """
    is_from_end = number < 0
    if is_from_end:
        parts = [part.reverse() for part in reversed(parts)]
    first = (abs(number) - 1) * size
    found: list[int] = []
    wanted = size + 1
    for part in parts:
        keys = list(part.values_list("pk", flat=True)[first : first + wanted - len(found)])
        found += keys
        if len(found) >= wanted:
            break
        if keys:
            first = 0
        elif first:
            first -= part.order_by().values("pk")[:first].count()
    has_more = len(found) > size
    del found[size:]
    return (found[::-1] if is_from_end else found), has_more

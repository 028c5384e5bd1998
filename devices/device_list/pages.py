"""Which devices are on one page, when there may be a million? Asked by the device list.

Nothing is counted beyond MOST, and no page is reached by reading all rows before it: pages with negative numbers are
counted from the end, by the reversed order. The newest device has the highest number: without a wish that is the order,
because indexes that begin with what is filtered by all end with it.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from devices.models import Device, Domain

from .columns import COLUMNS, Column

# So many are counted exactly; of more it is only said that there are more.
MOST: Final = 10_000
FEW: Final = 1_000
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


def usual(filtered_by: Container[str]) -> Order:
    """Return the order of a list for which nobody wished one.

    Devices that have not been seen for long, or wait for long, are all old: among the newest there is none, and each
    of those would be looked at. So these filters bring the order of what they ask for.

    Args:
        filtered_by: names of the filters that are set.
    """
    for names, column, falls in _OF_FILTERS:
        if any(name in filtered_by for name in names):
            return Order(COLUMNS[column], falls)
    return Order()


_OF_FILTERS: Final = (
    (("seen_before",), "last_seen_at", False),
    (("seen_after",), "last_seen_at", True),
    (("enrolled_after", "enrolled_before"), "enrolled_at", True),
    (("stale_days",), "created_at", True),
)


def count(devices: QuerySet[Device]) -> int:
    """Return how many devices there are, MOST + 1 standing for more than MOST.

    Args:
        devices: in an order in which they are found soon, if they are many.
    """
    return devices.values("pk")[: MOST + 1].count()


def few(devices: QuerySet[Device]) -> list[int] | None:
    """Return the numbers of all of the devices in their order; None: they are more than FEW.

    Where finding them costs more than reading them, as in a search, that is done once instead of for count and page.
    """
    keys = list(devices.values_list("pk", flat=True)[: FEW + 1])
    return keys if len(keys) <= FEW else None


def ordered(devices: QuerySet[Device], order: Order) -> list[QuerySet[Device]]:
    """Return the devices in parts that follow each other, each of which one index can read in its order.

    A LEFT JOIN can only be sorted as a whole, which takes a second for a million devices: those with and those without
    the row that they are sorted by are two parts. Of domains there are few, so that each is one.
    """
    column = order.column
    if column is None or column.admin_order_field is None:
        return [devices.order_by("-pk")]
    if column.relation == "domain":
        return _by_domain(devices, order.falls)
    if column.name == "ownership":  # two words: each is a part, which needs no index of all devices
        words = sorted(Device.Ownership.values, reverse=order.falls)
        return [devices.filter(ownership=word).order_by(*_way(("pk",), order.falls)) for word in words]
    if not column.relation:
        return [devices.order_by(*_way((column.admin_order_field, "pk"), order.falls))]
    rest = devices.filter(**{f"{column.relation}__isnull": True}).order_by("-pk")
    own = devices.filter(**{f"{column.relation}__isnull": False})
    # The relation's own key second: the index of its list ends with it. By its column: `__pk` of a device is its order.
    related: Any = Device._meta.get_field(column.relation).related_model
    tie = (f"{column.relation}__{related._meta.pk.attname}", "pk")
    return [own.order_by(*_way((column.admin_order_field, *tie), order.falls)), rest]


def _by_domain(devices: QuerySet[Device], falls: bool) -> list[QuerySet[Device]]:
    """Return the parts of each of the first domains, and all others as one: each part is a query."""
    has_devices = Exists(Device.objects.filter(domain=OuterRef("pk")))
    names = Domain.objects.filter(has_devices).order_by(*_way(("name",), falls))
    keys = list(names.values_list("pk", flat=True))
    first = [devices.filter(domain=key).order_by(*_way(("pk",), falls)) for key in keys[:DOMAINS_APART]]
    others = devices.filter(domain__in=keys[DOMAINS_APART:]).order_by(*_way(("domain__name", "pk"), falls))
    return [*first, others] if len(keys) > DOMAINS_APART else first


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

"""How many devices are in groups, and what are they? Each question by one statement; a person's own devices count."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise

from devices.models import Device, DeviceGroup, Domain
from devices.scope import where_visible

from .membership import Members
from .rule import Rule

# A preview counts no further: a page that answers each key waits for it.
COUNTED = 100_000
SAMPLE = 5


def members_of(group: DeviceGroup, person: Any) -> QuerySet[Device]:
    """Return the devices of a group that a person may see."""
    found = Device.objects.filter(groups=group)
    condition = where_visible(Device, person)
    return found if condition is None else found.filter(condition)


def counts_of(group_ids: Collection[int], person: Any) -> Mapping[int, int]:
    """Return how many devices that a person may see are in each of some groups; without those that have none."""
    rows = Members.objects.filter(devicegroup__in=list(group_ids))
    condition = where_visible(Device, person, "device")
    rows = rows if condition is None else rows.filter(condition)
    # *: the index of groups holds all that is asked for.
    return dict(rows.values_list("devicegroup").annotate(number=Count("*")).order_by())


def composition(group: DeviceGroup, person: Any) -> dict[str, Any]:
    """Return of the devices of a group that a person may see: `total`, `enrolled`, and rows by platform and by status.

    Each row has label, parameter of the device list and its value, and the number of devices.
    """
    rows = members_of(group, person).order_by().values_list("platform", "status").annotate(Count("pk"))
    platforms: dict[str, int] = {}
    statuses: dict[str, int] = {}
    for platform, status, number in rows:
        platforms[platform] = platforms.get(platform, 0) + number
        statuses[status] = statuses.get(status, 0) + number
    return {
        "total": sum(platforms.values()),
        "enrolled": statuses.get(Device.Status.ENROLLED, 0),
        "platforms": _rows(platforms, Device.Platform.choices, "platform"),
        "statuses": _rows(statuses, Device.Status.choices, "status"),
    }


def _rows(counts: Mapping[str, int], choices: Iterable[tuple[str, str | Promise]], name: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "name": name, "value": value, "count": counts[value]}
        for value, label in choices
        if counts.get(value)
    ]


def preview(rule: Rule, group: DeviceGroup | None, person: Any) -> dict[str, Any]:
    """Return what a rule would come to, of the devices that a person may see.

    Returns:
        `count`, `is_more` (it is more than that), `sample` (some devices), and `leave`: how many of the devices of a
        group that is there already would go.
    """
    seen = where_visible(Device, person) or Q()
    inside = Device.objects.filter(seen).filter(rule.condition())
    count = inside.order_by()[: COUNTED + 1].count()
    leave = members_of(group, person).exclude(pk__in=inside.order_by().values("pk")) if group else Device.objects.none()
    return {
        "count": min(count, COUNTED),
        "is_more": count > COUNTED,
        "sample": list(inside.only("name", "serial_number", "platform")[:SAMPLE]) if count else [],
        "leave": leave.order_by()[:COUNTED].count(),
    }


def domain_names(person: Any) -> dict[int, str]:
    """Return the names of the domains that a person may know."""
    condition = where_visible(Domain, person)
    found = Domain.objects.all() if condition is None else Domain.objects.filter(condition)
    return dict(found.values_list("pk", "name"))


def in_words(group: DeviceGroup, person: Any) -> list[str]:
    """Return the conditions of a group's rule, each a sentence; of a group filled by hand, none."""
    return Rule.from_json(group.rule).describe(domain_names(person)) if group.is_ruled else []

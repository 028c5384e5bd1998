"""How many devices, messages and refusals are there, by domain? Counted for all domains at one go, for summary.py.

Numbers over time are kept by the hour, so that everybody sees the days of their own time zone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Func, IntegerField, QuerySet, Window
from django.db.models.functions import RowNumber

from devices.filters import DeviceFilter
from devices.models import Device, DeviceInventory
from enrollment.models import EnrollmentAttempt
from invitations.models import Invitation

# The longest range that can be chosen, with a week before its first Monday and a day for the time zones.
KEPT: Final = timedelta(days=90 + 7 + 1)
REFUSED_WITHIN: Final = timedelta(days=7)
EXPIRING_DAYS: Final = 7
LAST: Final = 5  # devices that enrolled last, of each domain


class HourNumber(Func):
    """A moment as the number of hours since 1970; for a million rows much cheaper than a truncated date."""

    output_field = IntegerField()
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="floor(extract(epoch from %(expressions)s) / 3600)::integer")

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / 3600")


def count_all(now: datetime) -> dict[str, Any]:
    """Return the numbers of every domain, as JSON holds them.

    Args:
        now: until when.

    Returns:
        `devices`: [domain, platform, status, number]; `hours`: by name, [domain, first hour, numbers];
        `unreached`, `stale`, `expiring`, `refused`: [domain, number]; `last`: [domain, device].
    """
    return {
        "devices": _rows(Device.objects.values_list("domain", "platform", "status").annotate(n=Count("pk"))),
        "hours": _hours(now),
        "unreached": _by_domain(Invitation.objects.unreached(), "device__domain"),
        "stale": _by_domain(stale(), "domain"),
        "expiring": _by_domain(expiring(), "domain"),
        "refused": _by_domain(
            EnrollmentAttempt.objects.filter(is_let_in=False, at__gte=now - REFUSED_WITHIN), "domain"
        ),
        "last": _last_enrolled(now),
    }


def stale() -> QuerySet[Device]:
    """Return the devices whose approval waits for too long already: what the list shows for `stale_days`."""
    found: QuerySet[Device] = DeviceFilter({"stale_days": settings.HEXENROLL_STALE_DAYS}, Device.objects.all()).qs
    return found


def expiring() -> QuerySet[Device]:
    """Return the devices whose approval ends soon: what the list shows for `expires_within_days`."""
    found: QuerySet[Device] = DeviceFilter({"expires_within_days": EXPIRING_DAYS}, Device.objects.all()).qs
    return found


def _hours(now: datetime) -> dict[str, list[list[Any]]]:
    """Return what happened in each hour; `..._of_added`: how far the devices that were added in that hour are now."""
    since = now - KEPT
    # What came in without being on the list before was never waited for.
    added = Device.objects.exclude(source=Device.Source.ENROLLMENT).filter(created_at__gte=since)
    messages = Invitation.objects.all()
    of_added = messages.filter(device__created_at__gte=since).exclude(device__source=Device.Source.ENROLLMENT)
    enrolled = DeviceInventory.objects.filter(enrolled_at__gte=since)
    return {
        "added": _by_hour(added, "domain", "created_at"),
        "invited": _by_hour(messages.filter(sent_at__gte=since), "device__domain", "sent_at"),
        "opened": _by_hour(messages.filter(opened_at__gte=since), "device__domain", "opened_at"),
        "enrolled": _by_hour(enrolled, "device__domain", "enrolled_at"),
        "invited_of_added": _by_hour(
            of_added.filter(sent_at__isnull=False), "device__domain", "device__created_at", "device"
        ),
        "opened_of_added": _by_hour(
            of_added.filter(opened_at__isnull=False), "device__domain", "device__created_at", "device"
        ),
        "enrolled_of_added": _by_hour(added.filter(inventory__isnull=False), "domain", "created_at"),
    }


def _by_hour(found: QuerySet[Any], domain: str, moment: str, counted: str = "") -> list[list[Any]]:
    """Return how many there are: [domain, first hour, number in it and in each hour that follows].

    Args:
        found: what is counted.
        domain, moment: the columns.
        counted: whose different values are counted; "": the rows.
    """
    number = Count(counted, distinct=True) if counted else Count("pk")
    by_domain: dict[int, dict[int, int]] = {}
    for key, hour, count in (
        found.annotate(hour=HourNumber(moment)).values_list(domain, "hour").annotate(n=number).order_by()
    ):
        by_domain.setdefault(key, {})[hour] = count
    return [[key, min(hours), _dense(hours)] for key, hours in by_domain.items()]


def _dense(hours: dict[int, int]) -> list[int]:
    """Return the numbers of all hours from the first to the last: read and summed up much faster than pairs."""
    return [hours.get(hour, 0) for hour in range(min(hours), max(hours) + 1)]


def _by_domain(found: QuerySet[Any], domain: str) -> list[list[Any]]:
    return _rows(found.values_list(domain).annotate(n=Count("pk")))


def _last_enrolled(now: datetime) -> list[list[Any]]:
    newest = Window(RowNumber(), partition_by="device__domain", order_by=("-enrolled_at", "-pk"))
    recent = DeviceInventory.objects.filter(enrolled_at__gte=now - KEPT, device__status=Device.Status.ENROLLED)
    ranked = recent.annotate(place=newest).filter(place__lte=LAST)
    return _rows(ranked.values_list("device__domain", "device"))


def _rows(found: Iterable[Any]) -> list[list[Any]]:
    rows = found.order_by() if isinstance(found, QuerySet) else found
    return [list(row) for row in rows]

"""What do the dashboard's numbers say about the domains of one person, in the days of their time zone? For page.py."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

from django.utils import timezone

from devices.models import Device
from devices.scope import Scope

Status = Device.Status
RANGES: Final = (7, 30, 90)  # days
STAGES: Final = ("added", "invited", "opened", "enrolled")


@dataclass(frozen=True)
class Range:
    """The time that is looked at, up to today.

    Attributes:
        days: one of RANGES.
        by_week: counted by weeks from Monday to Sunday; else by days.
    """

    days: int = 30
    by_week: bool = False

    @classmethod
    def of(cls, days: str, by: str) -> "Range":
        """Return the range that an address names; what it doesn't name, or names wrongly, is as usual."""
        number = int(days) if days in {str(one) for one in RANGES} else cls.days
        return cls(number, by == "week" if by in ("day", "week") else number == max(RANGES))

    def buckets(self, today: date) -> list[date]:
        """Return the first day of each day or week that is counted, the oldest first."""
        first = today - timedelta(days=self.days - 1)
        if not self.by_week:
            return [first + timedelta(days=number) for number in range(self.days)]
        monday = first - timedelta(days=first.weekday())
        return [monday + timedelta(weeks=number) for number in range((today - monday).days // 7 + 1)]


@dataclass(frozen=True)
class Figures:
    """What one person sees.

    Attributes:
        by_status: devices.
        by_platform, by_domain: devices by status, by platform or number of the domain; the largest first.
        funnel: how many of the devices that were added in the range got how far, in the order of STAGES.
        buckets: first days of what is counted over time.
        over_time: for each stage, what happened in each bucket.
        unreached, stale, expiring, refused: numbers.
        last: numbers of devices that enrolled recently.
    """

    by_status: Counter[str]
    by_platform: list[tuple[str, Counter[str]]]
    by_domain: list[tuple[int, Counter[str]]]
    funnel: list[int]
    buckets: list[date]
    over_time: dict[str, list[int]]
    unreached: int
    stale: int
    expiring: int
    refused: int
    last: list[int]


def figures(numbers: dict[str, Any], scope: Scope, chosen: Range, now: datetime) -> Figures:
    """Return what `numbers` (counting.py) say about the domains of a scope."""
    by_status: Counter[str] = Counter()
    by_platform: dict[str, Counter[str]] = {}
    by_domain: dict[int, Counter[str]] = {}
    for domain, platform, status, number in numbers["devices"]:
        if scope.has(domain):
            by_status[status] += number
            by_platform.setdefault(platform, Counter())[status] += number
            by_domain.setdefault(domain, Counter())[status] += number
    buckets = chosen.buckets(timezone.localtime(now).date())
    edges = _edges(buckets)
    over_time = {name: _in_buckets(found, scope, edges) for name, found in numbers["hours"].items()}
    return Figures(
        by_status=by_status,
        by_platform=_largest_first(by_platform),
        by_domain=_largest_first(by_domain),
        funnel=[sum(over_time[name if name == "added" else f"{name}_of_added"]) for name in STAGES],
        buckets=buckets,
        over_time={name: over_time[name] for name in STAGES},
        unreached=_sum(numbers["unreached"], scope),
        stale=_sum(numbers["stale"], scope),
        expiring=_sum(numbers.get("expiring", ()), scope),  # not kept by the version before
        refused=_sum(numbers["refused"], scope),
        last=[device for domain, device in numbers["last"] if scope.has(domain)],
    )


def _largest_first(found: dict[Any, Counter[str]]) -> list[tuple[Any, Counter[str]]]:
    return sorted(found.items(), key=lambda item: -item[1].total())


def _sum(rows: Iterable[tuple[int | None, int]], scope: Scope) -> int:
    return sum(number for domain, number in rows if scope.has(domain))


def _edges(buckets: list[date]) -> list[int]:
    """Return the hour in which each bucket begins, and the one in which the last ends (counting.HourNumber)."""
    step = buckets[1] - buckets[0] if len(buckets) > 1 else timedelta(weeks=1)
    starts = (timezone.make_aware(datetime.combine(day, time.min)) for day in (*buckets, buckets[-1] + step))
    return [int(start.timestamp()) // 3_600 for start in starts]


def _in_buckets(rows: Iterable[tuple[int, int, list[int]]], scope: Scope, edges: list[int]) -> list[int]:
    """Return how many happened in each bucket; rows: [domain, first hour, numbers]."""
    sums = [0] * (len(edges) - 1)
    for domain, first, counts in rows:
        if scope.has(domain):
            for place, (begin, end) in enumerate(pairwise(edges)):
                sums[place] += sum(counts[max(0, begin - first) : max(0, end - first)])
    return sums

"""When is a report sent next, also where the clocks are changed?"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hexenroll.reports.schedule import after_failure, next_run

pytestmark = pytest.mark.once
BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "hour", "after", "expected"),
    [
        ("day", 7, "2026-11-22 05:59", "2026-11-22 06:00"),
        ("day", 7, "2026-11-22 06:00", "2026-11-23 06:00"),
        ("week", 7, "2026-11-22 12:00", "2026-11-23 06:00"),  # a Sunday
        ("week", 7, "2026-11-23 06:00", "2026-11-30 06:00"),
        ("month", 0, "2026-11-22 12:00", "2026-11-30 23:00"),  # the first begins in Berlin
        ("month", 7, "2026-12-31 12:00", "2027-01-01 06:00"),
        # Summer time: the same hour on the owner's clock.
        ("day", 7, "2026-03-28 12:00", "2026-03-29 05:00"),
        ("day", 7, "2026-10-24 12:00", "2026-10-25 06:00"),
        # 02:00 is left out on 29 March: it is sent at 03:00. On 25 October it comes twice: the first.
        ("day", 2, "2026-03-28 12:00", "2026-03-29 01:00"),
        ("day", 2, "2026-10-24 12:00", "2026-10-25 00:00"),
        ("day", 2, "2026-10-25 00:00", "2026-10-26 01:00"),
    ],
)
def test_time_is_the_hour_on_the_owner_s_clock(every: str, hour: int, after: str, expected: str) -> None:
    assert next_run(every, hour, BERLIN, utc(after)) == utc(expected)


def test_what_could_not_be_sent_is_tried_again_ever_later_and_never_after_its_regular_time() -> None:
    now = utc("2026-11-22 12:00")
    later = utc("2027-01-01 00:00")
    assert [int((after_failure(n, now, later) - now).total_seconds()) // 60 for n in range(1, 7)] == [
        *(5, 15, 60),
        *(240, 240, 240),
    ]
    assert after_failure(4, now, utc("2026-11-22 13:00")) == utc("2026-11-22 13:00")
    assert after_failure(1, now, None) == utc("2026-11-22 12:05")

"""When is a report sent next? Pure: a schedule and a time in, a time out. Asked by sending.py and the form."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hexenroll.models.scheduled_report import ScheduledReport

Every = ScheduledReport.Every
# A report that can't be sent is tried again after so many minutes, then after so many, the last ones for good.
WAITS: Final = (5, 15, 60, 240)


def next_run(every: str, hour: int, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first time after `after`, in UTC.

    Where the clocks are put forward, an hour that is left out is the one that follows; where they are put back, of an
    hour that comes twice it is the first.

    Args:
        every: `day`, `week` (on Monday) or `month` (on the first).
        hour: 0 to 23, on the clocks of `zone`.
        zone: the owner's.
        after: aware.
    """
    day = after.astimezone(zone).date()
    while True:
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
        if moment > after and _is_due(every, day):
            return moment
        day += timedelta(days=1)


def after_failure(attempts: int, now: datetime, regular: datetime | None) -> datetime:
    """Return when a report that could not be sent is tried again: never later than its regular time.

    Args:
        attempts: how often in vain, this time included; at least 1.
        now: the time of the failure.
        regular: when it is sent anyway; None: it is not, being paused.
    """
    again = now + timedelta(minutes=WAITS[min(attempts, len(WAITS)) - 1])
    return min(again, regular) if regular else again


def _is_due(every: str, day: date) -> bool:
    return every == Every.DAY or (every == Every.WEEK and day.weekday() == 0) or (every == Every.MONTH and day.day == 1)

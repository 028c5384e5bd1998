"""What time is it at the service? The real time, moved on by tests that can't wait a week."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The time of the service, and stamps of changes: whole seconds, each later than the one before."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._last = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def next_stamp(self) -> str:
        """Return the time of a change, so that of two changes of a device the later one has the higher op_date."""
        self._last = max(self.now().replace(microsecond=0), self._last + timedelta(seconds=1))
        return stamp(self._last)


def stamp(moment: datetime) -> str:
    """Return the moment as Apple writes it: ISO 8601, UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

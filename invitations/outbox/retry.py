"""When is a message that could not be sent tried again? Pure; asked by record.py and lanes.py."""

from datetime import timedelta
from random import uniform

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=4)
# A provider that can't be used is asked again soon: nothing else waits for it, and nothing is counted.
PROVIDER_FIRST = timedelta(seconds=15)
PROVIDER_LONGEST = timedelta(minutes=10)


def wait_for_message(attempts: int, retry_after: float | None = None) -> timedelta:
    """Return how long a message waits after so many attempts: 30 s, doubled each time up to 4 h, give or take a fifth.

    Args:
        attempts: how often it was tried, at least 1.
        retry_after: seconds that the provider asked for; it never waits less.
    """
    return _wait(attempts, FIRST, LONGEST, retry_after)


def wait_for_provider(troubles: int, retry_after: float | None = None) -> timedelta:
    """Return how long a provider is left alone after so many troubles in a row: 15 s, doubled up to 10 minutes."""
    return _wait(troubles, PROVIDER_FIRST, PROVIDER_LONGEST, retry_after)


def _wait(times: int, first: timedelta, longest: timedelta, retry_after: float | None) -> timedelta:
    # The jitter keeps messages that failed together from coming back together.
    wait = min(first * 2 ** min(times - 1, 20), longest) * uniform(0.8, 1.2)  # noqa: S311
    if retry_after is not None:
        # A provider that asks for more than a day is mistaken, or means never.
        wait = max(wait, min(timedelta(seconds=max(retry_after, 0)), timedelta(days=1)))
    return wait

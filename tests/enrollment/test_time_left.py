"""How long is an invitation still valid, as a person says it?"""

from datetime import timedelta

import pytest
from django.utils import translation

from enrollment.time_left import time_left

pytestmark = pytest.mark.once

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(), "1 minute"),
        (timedelta(seconds=30), "1 minute"),
        (timedelta(minutes=59, seconds=29), "59 minutes"),
        (timedelta(hours=1) - SECOND, "1 hour"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=1, minutes=29), "1 hour"),
        (timedelta(hours=23, minutes=29), "23 hours"),
        (timedelta(hours=23, minutes=59), "1 day"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=1, hours=12), "36 hours"),
        (timedelta(days=2) - SECOND, "2 days"),
        (timedelta(days=6, hours=1), "6 days"),
        (timedelta(days=6, hours=23, minutes=59), "7 days"),
        (timedelta(days=7), "7 days"),
        (timedelta(days=365), "365 days"),
    ],
)
def test_it_is_the_nearest_whole_number(left: timedelta, said: str) -> None:
    assert time_left(left) == said


@pytest.mark.parametrize(("days", "said"), [(1, "1 Tag"), (7, "7 Tage")])
def test_it_is_said_in_german_too(days: int, said: str) -> None:
    with translation.override("de"):
        assert time_left(timedelta(days=days)) == said

"""Until when is a new approval good, and which platforms can it be for?

Asked where devices get approved: the import, and the form of a device. Upper layers, whose settings decide, register.
"""

from collections.abc import Callable
from datetime import datetime

from devices.vocabulary import EXCLUDED_PLATFORMS

# Each is given the time of the approval, and returns when it ends; None: never. The earliest end counts.
ENDS: list[Callable[[datetime], datetime | None]] = []
# Each returns platforms that pre-approval can't match. Without any, they are the default ones.
EXCLUSIONS: list[Callable[[], frozenset[str]]] = []


def end_of_approval(now: datetime) -> datetime | None:
    """Return when an approval that is given at `now` ends; None: it is good until it is used."""
    return min((end for ask in ENDS if (end := ask(now)) is not None), default=None)


def excluded_platforms() -> frozenset[str]:
    """Return the platforms whose devices can't be pre-approved (MISSION.md, section 2)."""
    if not EXCLUSIONS:
        return EXCLUDED_PLATFORMS
    return frozenset().union(*(ask() for ask in EXCLUSIONS))

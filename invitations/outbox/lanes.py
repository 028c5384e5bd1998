"""Who may send by a channel right now? As many workers as its provider may be asked at once, each in a lane of its own.

A worker takes a lane, renews its lease from a thread as long as it lives, and gives it back. A lane whose process is
gone, or whose lease is over, is free again. Who lost its lane without noticing (a machine that stood still) finds out
before its next message, and stops.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from invitations.channels.outcome import ProviderDownError
from invitations.models import Lane

from .process import is_dead, this_process
from .retry import wait_for_provider

logger = logging.getLogger(__name__)

# Longer than a write may wait on SQLite (20 s) and than a message may take; a worker that is killed on this machine is
# noticed at once, by its process.
LEASE = timedelta(seconds=90)
RENEWED_EVERY = 10.0


@dataclass(frozen=True)
class Trouble:
    """Why a channel's provider can't be used, in words, and when it is tried again."""

    channel: str
    text: str
    until: datetime


def concurrency(channel: str) -> int:
    """Return how many workers may send by a channel at once."""
    return int({"email": settings.HEXENROLL_EMAIL_CONCURRENCY, "sms": settings.HEXENROLL_SMS_CONCURRENCY}[channel])


def rate(channel: str) -> float:
    """Return how many messages a second one lane may send; 0: as many as the provider takes."""
    whole = {"email": settings.HEXENROLL_EMAIL_RATE, "sms": settings.HEXENROLL_SMS_RATE}[channel]
    return float(whole) / concurrency(channel)


def free_lanes(channel: str) -> QuerySet[Lane]:
    """Return the lanes in which a worker could begin now."""
    _make_lanes(channel)
    now = timezone.now()
    usable = Lane.objects.filter(channel=channel, number__lte=concurrency(channel))
    return usable.filter(Q(paused_until=None) | Q(paused_until__lte=now)).filter(
        Q(holder=None) | Q(lease_until__lte=now)
    )


def troubles(channel: str = "") -> list[Trouble]:
    """Return which providers can't be used now, and why."""
    paused = Lane.objects.filter(paused_until__gt=timezone.now()).order_by("channel", "number")
    found: dict[str, Trouble] = {}
    for lane in paused.filter(channel=channel) if channel else paused:
        if lane.paused_until is not None:
            found.setdefault(lane.channel, Trouble(lane.channel, lane.trouble, lane.paused_until))
    return list(found.values())


def free_dead_lanes() -> int:
    """Take lanes away from workers of this machine that are gone, and from those whose lease is over."""
    now = timezone.now()
    held = Lane.objects.exclude(holder=None)
    dead = [lane.holder for lane in held if is_dead(lane.process) or (lane.lease_until and lane.lease_until <= now)]
    return held.filter(holder__in=dead).update(holder=None, lease_until=None, process="")


class HeldLane:
    """A lane in the hand of this worker."""

    def __init__(self, lane: Lane, holder: UUID) -> None:
        self.channel = lane.channel
        self.holder = holder
        self._pk = lane.pk
        self._rate = rate(lane.channel)
        self._next = lane.next_send_at.timestamp() if self._rate and lane.next_send_at else 0.0
        self._troubles = lane.troubles
        self._held_until = _seconds() + LEASE.total_seconds()

    @property
    def is_held(self) -> bool:
        """Tell whether the lease is certain to run for a while yet."""
        return _seconds() < self._held_until - 2 * RENEWED_EVERY

    @property
    def bundle(self) -> int:
        """How many messages to claim at once: what goes out in three seconds, so that a pause is obeyed soon."""
        return max(1, min(100, round(self._rate * 3))) if self._rate else 100

    def wait_for_turn(self) -> None:
        """Wait until the rate limit lets the next message out."""
        if not self._rate:
            return
        now = time.time()
        if self._next > now:
            time.sleep(min(self._next - now, 60.0))
        self._next = max(self._next, now) + 1 / self._rate

    def renew(self) -> None:
        """Hold the lane for another lease."""
        began = _seconds()
        mine = Lane.objects.filter(pk=self._pk, holder=self.holder)
        if mine.update(lease_until=timezone.now() + LEASE):
            self._held_until = began + LEASE.total_seconds()
        else:
            self._held_until = 0.0

    def works(self) -> None:
        """Write down that the provider takes messages again."""
        if self._troubles:
            Lane.objects.filter(channel=self.channel).update(troubles=0, trouble="", paused_until=None)
            self._troubles = 0

    def pause(self, error: ProviderDownError) -> None:
        """Leave the provider alone for a while, in all lanes; the wait grows with each trouble in a row."""
        # What all lanes meet at once is one trouble, however many of them there are.
        count = max(self._troubles + 1, Lane.objects.values_list("troubles", flat=True).get(pk=self._pk))
        until = timezone.now() + wait_for_provider(count, error.retry_after)
        lanes = Lane.objects.filter(channel=self.channel)
        lanes.update(paused_until=until, troubles=count, trouble=error.message)
        logger.warning("%s can't be sent until %s: %s", self.channel, until.isoformat(), error.message)

    def give_back(self) -> None:
        """Let another worker have the lane."""
        mine = Lane.objects.filter(pk=self._pk, holder=self.holder)
        next_send = timezone.now() + timedelta(seconds=max(0.0, self._next - time.time())) if self._rate else None
        mine.update(holder=None, lease_until=None, process="", next_send_at=next_send)


@contextmanager
def take_lane(channel: str) -> Iterator[HeldLane | None]:
    """Hold a free lane of `channel` for the time of the block; None when there is none."""
    held = _take(channel)
    if held is None:
        yield None
        return
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(held, stop), name=f"lane of {channel}", daemon=True)
    renewal.start()
    try:
        yield held
    finally:
        stop.set()
        renewal.join()
        held.give_back()


def _seconds() -> float:
    """Return the time of a clock that nobody sets, and that goes on while the machine sleeps, as the lease does.

    Python's time.monotonic() stands still meanwhile on Linux; macOS has no CLOCK_BOOTTIME, and its own goes on.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _take(channel: str) -> HeldLane | None:
    now = timezone.now()
    for lane in free_lanes(channel).order_by("number"):
        holder = uuid4()
        free = Lane.objects.filter(pk=lane.pk, holder=lane.holder)
        if free.update(holder=holder, process=this_process(), lease_until=now + LEASE):
            return HeldLane(lane, holder)
    return None


def _renew(held: HeldLane, stop: threading.Event) -> None:
    """Renew the lease until the lane is given back; a renewal that fails is tried again, until the lease is over."""
    try:
        while not stop.wait(RENEWED_EVERY):
            try:
                held.renew()
            except DatabaseError as error:
                logger.warning("the lease of a lane could not be renewed: %s", error)
    finally:
        connection.close()


def _make_lanes(channel: str) -> None:
    wanted = concurrency(channel)
    there = set(Lane.objects.filter(channel=channel).values_list("number", flat=True))
    missing = [Lane(channel=channel, number=number) for number in range(1, wanted + 1) if number not in there]
    if missing:
        Lane.objects.bulk_create(missing, ignore_conflicts=True)

"""What stands still, because a worker or the broker died, or because its time has come? Asked by the clock, often."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from invitations.delivery_status import settle
from invitations.models import Invitation, InvitationEvent, Lane, Sending

from .claim import due
from .dispatch import call_workers, tell
from .lanes import free_dead_lanes
from .record import release

logger = logging.getLogger(__name__)

State = Invitation.State
# A task that was just sent may still wait for a free worker; queueing holds its lock from a moment after it began.
WAITING = timedelta(seconds=10)
BEGUN = timedelta(seconds=2)


def tend() -> None:
    """Put back what dead workers left, end finished sendings, and tell workers about everything that waits.

    Safe whatever goes on: what is in somebody's hand is left alone.
    """
    put_back()
    finish()
    for sending in _waiting_sendings():
        tell("prepare_sending", sending)
    for channel in Invitation.Channel:
        if due(channel).exists():
            call_workers(channel)


def put_back() -> int:
    """Put what dead workers had in hand back into the queue, by the rule of this package's docstring.

    Returns:
        The number of invitations.
    """
    free_dead_lanes()
    lanes = Lane.objects.filter(holder=OuterRef("holder"))
    left = Invitation.objects.exclude(holder=None).exclude(Exists(lanes))
    count = 0
    for holder in left.order_by().values_list("holder", flat=True).distinct():
        if holder is not None:
            count += _put_back(holder)
    return count


def finish() -> int:
    """End the sendings of which nothing waits any more; return how many."""
    open_ones = Invitation.objects.filter(sending=OuterRef("pk"), state__in=(State.QUEUED, State.SENDING))
    running = Sending.objects.filter(state=Sending.State.RUNNING)
    done = running.exclude(Exists(open_ones))
    return done.update(state=Sending.State.DONE, state_changed_at=timezone.now())


def _put_back(holder: UUID) -> int:
    with transaction.atomic():
        left = list(Invitation.objects.select_for_update().filter(holder=holder).order_by("next_attempt_at", "pk"))
        if not left:
            return 0
        mine = Invitation.objects.filter(holder=holder)
        # One that kills its worker each time is tried no more often than any other.
        uncertain = left[0]
        mine.filter(pk=uncertain.pk).update(attempts=F("attempts") + 1)
        uncertain.note(InvitationEvent.Kind.UNCERTAIN)
        release(left)
    settle([uncertain.pk])  # what is known to have arrived need not go out twice
    logger.warning("a worker died with %s messages in hand; invitation %s may go out twice", len(left), uncertain.pk)
    return len(left)


def _waiting_sendings() -> list[int]:
    """Return the sendings that a worker should have in hand, and has not."""
    now = timezone.now()
    waiting = Q(heartbeat_at=None, state_changed_at__lt=now - WAITING)
    still = Sending.objects.in_work().filter(waiting | Q(heartbeat_at__lt=now - BEGUN))
    if not still.exists():
        return []
    try:
        with transaction.atomic():
            return list(still.select_for_update(skip_locked=True).values_list("pk", flat=True))
    except OperationalError as error:  # on SQLite a long transaction locks out everybody: somebody is at work
        logger.info("no sending can be looked at now: %s", error)
        return []

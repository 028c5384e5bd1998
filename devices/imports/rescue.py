"""Which batches stand still because a worker or the broker died? Asked by the clock, every few seconds."""

import logging
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from devices.models import ImportBatch

from .check import STALE_AFTER
from .dispatch import publish

logger = logging.getLogger(__name__)

State = ImportBatch.State
# A task that was just sent may still wait for a free worker.
WAITING = timedelta(seconds=10)
# A commit or an undo is one transaction that locks its batch all the while, a moment after its worker took it.
LOCKS_WITHIN = timedelta(seconds=2)


def rescue() -> int:
    """Send the tasks of batches in work that gave no sign of life for a while, again.

    Safe whatever goes on: a worker that finds its batch locked, alive or done returns quietly.

    Returns:
        The number of tasks sent.
    """
    now = timezone.now()
    waiting = Q(heartbeat_at=None, state_changed_at__lt=now - WAITING)
    silent = Q(state=State.CHECKING, heartbeat_at__lt=now - STALE_AFTER)
    begun = Q(state__in=(State.COMMITTING, State.UNDOING), heartbeat_at__lt=now - LOCKS_WITHIN)
    still = ImportBatch.objects.in_work().filter(waiting | silent | begun)
    if not still.exists():
        return 0
    try:
        with transaction.atomic():
            found = list(still.select_for_update(skip_locked=True).values_list("pk", "state"))
    except OperationalError as error:  # on SQLite a long commit locks out everybody: it is alive
        logger.info("no import can be rescued now: %s", error)
        return 0
    return sum(publish(pk, state) for pk, state in found)

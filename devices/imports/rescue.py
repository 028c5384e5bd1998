"""Which batches stand still because a worker or the broker died? Asked by the clock, every few seconds."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from devices.models import ImportBatch

from .check import STALE_AFTER
from .dispatch import publish

# A task that was just sent may still wait for a free worker.
WAITING = timedelta(seconds=10)


def rescue() -> int:
    """Send the tasks of batches in work that gave no sign of life for a while, again.

    Safe whatever goes on: a worker that finds its batch locked, alive or done returns quietly.

    Returns:
        The number of tasks sent.
    """
    now = timezone.now()
    waiting = Q(heartbeat_at=None, state_changed_at__lt=now - WAITING)
    still = ImportBatch.objects.in_work().filter(waiting | Q(heartbeat_at__lt=now - STALE_AFTER))
    return sum(publish(pk, state) for pk, state in still.values_list("pk", "state"))

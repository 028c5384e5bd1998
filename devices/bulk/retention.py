"""How long does a failed bulk action ask for attention, and how long is any kept? For the dashboard and the clock."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from devices.changes import kept_elsewhere
from devices.models import BulkAction

LATELY: Final = timedelta(days=7)
CHUNK: Final = 100  # each may hold the numbers of a million devices


def failed_lately(actions: QuerySet[BulkAction]) -> QuerySet[BulkAction]:
    """Return those of some bulk actions that failed in the past 7 days."""
    return actions.filter(state=BulkAction.State.FAILED, finished_at__gte=timezone.now() - LATELY)


def forget() -> int:
    """Remove bulk actions that were over more than HEXENROLL_BULK_ACTIONS_KEEP_DAYS days ago; return how many.

    The audit log keeps what they changed.
    """
    over = timezone.now() - timedelta(days=settings.HEXENROLL_BULK_ACTIONS_KEEP_DAYS)
    old = BulkAction.objects.filter(finished_at__lt=over).exclude(state__in=BulkAction.OPEN).order_by("pk")
    count = 0
    with kept_elsewhere():
        while numbers := list(old.values_list("pk", flat=True)[:CHUNK]):
            count += BulkAction.objects.filter(pk__in=numbers).delete()[0]
    return count

"""From when are the dashboard's numbers? Counted for each visitor while that is quick; else by a worker, and kept.

Asked by page.py; hexenroll/tasks.py lets the worker count.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final

from celery import current_app
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from hexenroll.models import DashboardSummary

from .counting import count_all

logger = logging.getLogger(__name__)

QUICK: Final = 0.1  # seconds: counted for each visitor
# What is kept is new enough for twenty times as long as counting takes, so that counting takes a twentieth of a core;
# and at least for as long as nobody minds.
SHARE: Final = 20
NEW_ENOUGH: Final = timedelta(seconds=30)
TOO_OLD: Final = timedelta(minutes=15)  # no clock or no worker is there: better slow than wrong
# A worker that was asked so long ago is asked again.
PATIENCE: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class Summary:
    """The numbers of all domains (counting.py), and when they were counted."""

    numbers: dict[str, Any]
    made_at: datetime


def current() -> Summary:
    """Return numbers that are new enough, or the last ones, while a worker counts anew."""
    kept = DashboardSummary.objects.filter(pk=DashboardSummary.ONLY).first()
    if kept is None or timezone.now() - kept.made_at > TOO_OLD:
        return recount()
    if timezone.now() - kept.made_at > max(NEW_ENOUGH, SHARE * timedelta(seconds=kept.seconds)):
        _call_worker()
    return Summary(kept.numbers, kept.made_at)


def recount() -> Summary:
    """Count; keep the numbers only if that took long."""
    made_at, begin = timezone.now(), perf_counter()
    numbers = count_all(made_at)
    seconds = perf_counter() - begin
    if seconds < QUICK:
        DashboardSummary.objects.all().delete()
    else:
        values = {"numbers": numbers, "made_at": made_at, "seconds": seconds, "claimed_at": None}
        DashboardSummary.objects.update_or_create(pk=DashboardSummary.ONLY, defaults=values)
    return Summary(numbers, made_at)


def recount_kept() -> bool:
    """Count anew if numbers are kept, so that who comes seldom doesn't find old ones; return whether they are."""
    if not DashboardSummary.objects.exists():
        return False
    recount()
    return True


def _call_worker() -> None:
    """Have a worker count, unless one was asked already."""
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - PATIENCE)
    if not DashboardSummary.objects.filter(free, pk=DashboardSummary.ONLY).update(claimed_at=now):
        return
    try:
        current_app.send_task("hexenroll.tasks.recount_dashboard", retry=False)
    except OperationalError as error:
        logger.warning("the dashboard keeps its old numbers: the broker can't be reached: %s", error)

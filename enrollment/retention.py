"""How long are attempts, conflicts, lockouts and answers remembered? Asked by the clock, once an hour."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from .models import AnsweredRequest, Conflict, EnrollmentAttempt, Lockout

CHUNK = 5_000
CONFLICTS_OF_A_DEVICE = 20
MAX_LOCKOUTS = 10_000


def forget() -> int:
    """Remove attempts older than HEXENROLL_ATTEMPTS_KEEP_DAYS days, and what is more than HEXENROLL_ATTEMPTS_MAX_ROWS.

    Conflicts and lockouts go as _forget_conflicts and _forget_lockouts say, and answers that are not repeated any more.

    Returns:
        The number of attempts.
    """
    now = timezone.now()
    AnsweredRequest.objects.filter(until__lte=now).delete()
    _forget_conflicts(now)
    _forget_lockouts(now)
    attempts = EnrollmentAttempt.objects.order_by("pk")
    count = _remove(attempts.filter(at__lt=now - timedelta(days=settings.HEXENROLL_ATTEMPTS_KEEP_DAYS)))
    # Whoever wants to fill the disk asks a thousand times a second.
    newest = EnrollmentAttempt.objects.order_by("-pk").values_list("pk", flat=True)
    first_too_many = newest[settings.HEXENROLL_ATTEMPTS_MAX_ROWS : settings.HEXENROLL_ATTEMPTS_MAX_ROWS + 1]
    for number in first_too_many:
        count += _remove(attempts.filter(pk__lte=number))
    return count


def _forget_conflicts(now: datetime) -> None:
    """Remove conflicts that were decided as long ago as attempts are kept, and were not seen since; and too many.

    Of one device the last 20 that were seen stay, of all HEXENROLL_CONFLICTS_MAX_ROWS, those to be decided before
    others: whoever makes up hardware pushes nobody else's out. A real one asks again, and is there again.
    """
    over = now - timedelta(days=settings.HEXENROLL_ATTEMPTS_KEEP_DAYS)
    Conflict.objects.filter(decided_at__lt=over, last_seen_at__lt=over).delete()
    newest = Window(RowNumber(), partition_by=F("device"), order_by=(F("last_seen_at").desc(), F("pk").desc()))
    numbered = Conflict.objects.order_by().annotate(place=newest)
    _remove_conflicts(numbered.filter(place__gt=CONFLICTS_OF_A_DEVICE))
    by_worth = Conflict.objects.order_by(F("decided_at").desc(nulls_first=True), "-last_seen_at", "-pk")
    _remove_conflicts(by_worth[settings.HEXENROLL_CONFLICTS_MAX_ROWS :])


def _remove_conflicts(conflicts: QuerySet[Conflict]) -> None:
    numbers = list(conflicts.values_list("pk", flat=True))
    for start in range(0, len(numbers), CHUNK):
        Conflict.objects.filter(pk__in=numbers[start : start + CHUNK]).delete()


def _forget_lockouts(now: datetime) -> None:
    """Remove lockouts as old as attempts get, and all but the newest MAX_LOCKOUTS: strangers make them."""
    Lockout.objects.filter(began_at__lt=now - timedelta(days=settings.HEXENROLL_ATTEMPTS_KEEP_DAYS)).delete()
    newest = Lockout.objects.order_by("-pk").values_list("pk", flat=True)
    for first_too_many in newest[MAX_LOCKOUTS : MAX_LOCKOUTS + 1]:
        Lockout.objects.filter(pk__lte=first_too_many).delete()


def _remove(attempts: QuerySet[EnrollmentAttempt]) -> int:
    """Remove attempts in chunks, so that the gate never waits long for the database."""
    count = 0
    while numbers := list(attempts.values_list("pk", flat=True)[:CHUNK]):
        count += EnrollmentAttempt.objects.filter(pk__in=numbers).delete()[0]
    return count

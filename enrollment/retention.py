"""How long are attempts and answers remembered? Asked by the clock, once an hour."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from .models import AnsweredRequest, EnrollmentAttempt

CHUNK = 5_000


def forget() -> int:
    """Remove attempts older than HEXENROLL_ATTEMPTS_KEEP_DAYS days, and what is more than HEXENROLL_ATTEMPTS_MAX_ROWS.

    Answers that are not repeated any more go, too.

    Returns:
        The number of attempts.
    """
    now = timezone.now()
    AnsweredRequest.objects.filter(until__lte=now).delete()
    attempts = EnrollmentAttempt.objects.order_by("pk")
    count = _remove(attempts.filter(at__lt=now - timedelta(days=settings.HEXENROLL_ATTEMPTS_KEEP_DAYS)))
    # Whoever wants to fill the disk asks a thousand times a second.
    newest = EnrollmentAttempt.objects.order_by("-pk").values_list("pk", flat=True)
    first_too_many = newest[settings.HEXENROLL_ATTEMPTS_MAX_ROWS : settings.HEXENROLL_ATTEMPTS_MAX_ROWS + 1]
    for number in first_too_many:
        count += _remove(attempts.filter(pk__lte=number))
    return count


def _remove(attempts: QuerySet[EnrollmentAttempt]) -> int:
    """Remove attempts in chunks, so that the gate never waits long for the database."""
    count = 0
    while numbers := list(attempts.values_list("pk", flat=True)[:CHUNK]):
        count += EnrollmentAttempt.objects.filter(pk__in=numbers).delete()[0]
    return count

"""Are attempts forgotten when they are old or too many, so that nobody can fill the disk with them?"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from enrollment import retention
from enrollment.models import AnsweredRequest, EnrollmentAttempt
from enrollment.tasks import forget_old_attempts
from hexenroll.celery import app
from tests.enrollment.attempts import attempt_of
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


def test_old_attempts_are_forgotten_and_young_ones_kept(settings: Any) -> None:
    settings.HEXENROLL_ATTEMPTS_KEEP_DAYS = 30
    attempt_of(at=timezone.now() - timedelta(days=31))
    young = attempt_of(at=timezone.now() - timedelta(days=29))
    assert forget_old_attempts() == 1
    assert list(EnrollmentAttempt.objects.all()) == [young]


def test_of_too_many_attempts_the_newest_are_kept(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HEXENROLL_ATTEMPTS_MAX_ROWS = 5
    monkeypatch.setattr(retention, "CHUNK", 3)
    attempts = [attempt_of() for _number in range(12)]
    assert retention.forget() == 7
    assert set(EnrollmentAttempt.objects.all()) == set(attempts[7:])
    assert retention.forget() == 0


def test_answers_that_are_not_repeated_any_more_are_forgotten() -> None:
    now = timezone.now()
    for number, until in enumerate((now - timedelta(minutes=1), now + timedelta(minutes=1))):
        AnsweredRequest.objects.create(device=DeviceFactory.create(), digest=str(number), until=until)
    retention.forget()
    assert AnsweredRequest.objects.get().digest == "1"


def test_the_clock_asks_for_it_each_hour() -> None:
    assert "enrollment.tasks.forget_old_attempts" in {entry["task"] for entry in app.conf.beat_schedule.values()}

"""Does a scheduled report reach its readers once each time, with what its owner may see, and say when it can't?"""

from datetime import timedelta
from email import message_from_string
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from hexenroll.models import Preferences, ScheduledReport
from hexenroll.reports import sending
from hexenroll.tasks import send_due_reports
from invitations.models import MailboxMessage
from tests.conftest import make_person

from .fleet import RIGHTS, enrolled, other_domain, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return make_person("owner", RIGHTS)


def due(owner: User, **values: Any) -> ScheduledReport:
    given = {
        "report": "enrolled",
        "query": "period=all",
        "format": "csv",
        "recipients": ["one@example.com", "two@example.com"],
        "next_at": timezone.now() - timedelta(minutes=1),
    }
    return ScheduledReport.objects.create(owner=owner, **(given | values))


def now_as(scheduled: ScheduledReport) -> ScheduledReport:
    scheduled.refresh_from_db()
    return scheduled


def attached() -> str:
    (message,) = mail.outbox
    (_name, content, _kind) = message.attachments[0]
    return content if isinstance(content, str) else content.decode("utf-8-sig")


def test_due_report_goes_out_once_with_its_file_and_is_due_again_at_its_next_time(owner: User) -> None:
    enrolled(serial_number="SN-1")
    scheduled = due(owner, every="day", hour=7)
    assert send_due_reports() == 1
    (message,) = mail.outbox
    assert message.subject == "Report: Enrolled devices"
    assert message.to == ["one@example.com", "two@example.com"]
    assert "The report has 1 row." in message.body
    assert "/reports/enrolled/?period=all" in message.body
    assert "SN-1" in attached()
    sent = now_as(scheduled)
    assert sent.last_sent_at is not None
    assert sent.claimed_at is None
    assert sent.next_at is not None and sent.next_at > timezone.now() and sent.next_at.hour == 7
    assert send_due_reports() == 0


def test_workbook_is_attached_as_one(owner: User) -> None:
    enrolled()
    due(owner, format="xlsx")
    send_due_reports()
    name, content, kind = mail.outbox[0].attachments[0]
    assert name.startswith("enrolled-") and name.endswith(".xlsx")
    assert kind == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert content[:2] == b"PK"


def test_of_two_workers_one_sends(owner: User) -> None:
    scheduled = due(owner)
    now = timezone.now()
    assert sending._claimed(scheduled.pk, now) is not None
    assert sending._claimed(scheduled.pk, now) is None
    assert send_due_reports() == 0
    assert mail.outbox == []


def test_what_is_not_due_stays(owner: User) -> None:
    due(owner, next_at=timezone.now() + timedelta(hours=1))
    due(owner, next_at=None, is_active=False)
    assert send_due_reports() == 0


def test_report_shows_what_its_owner_may_see_when_it_is_sent() -> None:
    other = other_domain()
    owner = make_person("of one", RIGHTS, domains=[other])
    enrolled(serial_number="THEIRS")
    enrolled(serial_number="OURS", domain=other)
    due(owner)
    send_due_reports()
    assert "OURS" in attached()
    assert "THEIRS" not in attached()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_active": False}, "Paused: the account of its owner, owner, is not active any more."),
        ({"is_staff": False}, "Paused: the account of its owner, owner, is not active any more."),
    ],
)
def test_report_of_somebody_who_left_is_paused_and_says_why(owner: User, change: Any, reason: str) -> None:
    scheduled = due(owner)
    User.objects.filter(pk=owner.pk).update(**change)
    assert send_due_reports() == 0
    paused = now_as(scheduled)
    assert (paused.is_active, paused.next_at, paused.last_error) == (False, None, reason)
    assert mail.outbox == []


def test_report_that_its_owner_may_not_take_any_more_is_paused(owner: User) -> None:
    scheduled = due(owner)
    owner.user_permissions.remove(owner.user_permissions.get(codename="export_device"))
    send_due_reports()
    assert now_as(scheduled).last_error == "Paused: its owner, owner, may not take this report away any more."


def test_report_about_a_domain_that_its_owner_lost_is_paused(owner: User) -> None:
    scheduled = due(owner, query="period=all&domain=99999")
    send_due_reports()
    assert now_as(scheduled).last_error.startswith("Paused: its filters find nothing any more.")


def test_report_that_is_gone_is_paused(owner: User) -> None:
    scheduled = due(owner, report="gone")
    send_due_reports()
    assert now_as(scheduled).last_error == "Paused: there is no such report any more."


def test_mail_that_can_not_be_sent_is_tried_again_and_said(
    owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 9 of this machine: nobody listens there.
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    scheduled = due(owner)
    assert send_due_reports() == 0
    failed = now_as(scheduled)
    assert failed.last_error.startswith("The mail could not be sent: ")
    assert failed.attempts == 1
    assert failed.next_at is not None
    assert timedelta(minutes=4) < failed.next_at - timezone.now() <= timedelta(minutes=5)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    ScheduledReport.objects.update(next_at=timezone.now())
    assert send_due_reports() == 1
    again = now_as(scheduled)
    assert (again.last_error, again.attempts) == ("", 0)


def test_file_that_is_too_large_becomes_a_link(owner: User, settings: Any) -> None:
    settings.HEXENROLL_REPORT_MAIL_MAX_BYTES = 1_024
    for format in ("csv", "xlsx"):
        mail.outbox.clear()
        for _number in range(20):
            enrolled()
        due(owner, format=format)
        assert send_due_reports() == 1
        (message,) = mail.outbox
        assert message.attachments == []
        assert "It is too large for a mail. Take it from here, where you sign in:" in message.body


def test_killed_worker_s_report_is_not_sent_twice_and_says_so(owner: User) -> None:
    following = timezone.now() + timedelta(days=1)
    scheduled = due(owner, claimed_at=timezone.now() - timedelta(hours=2), next_at=following)
    assert send_due_reports() == 0
    freed = now_as(scheduled)
    assert freed.claimed_at is None
    assert freed.next_at == following
    assert freed.last_error == "A worker was stopped while it sent this report: it may have arrived, or not."


def test_times_in_the_mail_are_the_owner_s(owner: User) -> None:
    Preferences.objects.create(person=owner, time_zone="Asia/Tokyo")
    scheduled = due(owner, every="day", hour=7)
    enrolled()
    send_due_reports()
    assert "Enrolled (Asia/Tokyo)" in attached()
    next_at = now_as(scheduled).next_at
    assert next_at is not None
    assert next_at.astimezone(sending.zone_of(owner)).hour == 7
    assert next_at.hour == 22


def test_paused_report_that_is_sent_now_stays_paused(owner: User) -> None:
    scheduled = due(owner, is_active=False, next_at=None)
    sending.send_soon(scheduled)
    assert send_due_reports() == 1
    assert now_as(scheduled).next_at is None


def test_report_reaches_the_development_mailbox(owner: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "invitations.channels.mailbox.EmailBackend"
    waiting(40, serial_number="STALE")
    due(owner, report="stale-approvals", query="days=30")
    assert send_due_reports() == 1
    kept = MailboxMessage.objects.get()
    assert kept.recipient == "one@example.com, two@example.com"
    source = message_from_string(kept.content)
    names = [part.get_filename() for part in source.walk() if part.get_filename()]
    assert names == [f"stale-approvals-{timezone.localdate():%Y-%m-%d}.csv"]

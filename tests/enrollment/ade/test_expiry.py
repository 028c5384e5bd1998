"""Who is told that a token is about to expire, when, and how often? By e-mail, and on the dashboard."""

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from devices.models import Domain
from enrollment.ade import expiry
from enrollment.models import AdeAccount
from enrollment.tasks import warn_of_ade_tokens
from hexenroll.celery import app
from tests.conftest import make_person, sign_in
from tests.factories import DomainFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/enrollment/adeaccount/"


def account_with(days: float, **facts: object) -> AdeAccount:
    """Return an account whose token expires in so many days."""
    expires = timezone.now() + timedelta(days=days, minutes=1)
    values: dict[str, object] = {"name": "School", "private_key": "key", "state": AdeAccount.State.OK}
    values |= {"domain": Domain.objects.local(), "token_expires_at": expires, "certificate": "PEM"}
    return AdeAccount.objects.create(**values | facts)


def later(account: AdeAccount, days: float) -> None:
    """Let time pass until the token of an account has so many days left."""
    AdeAccount.objects.filter(pk=account.pk).update(token_expires_at=timezone.now() + timedelta(days=days, minutes=1))


@pytest.fixture
def chief(administrator: User) -> User:
    administrator.email = "chief@example.com"
    administrator.save()
    return administrator


def test_administrators_are_told_once_at_30_14_and_3_days(chief: User, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://portal.example.com"
    account = account_with(40)
    subjects = []
    for days in (40, 31, 29, 29, 15, 13, 4, 2, 1):
        later(account, days)
        expiry.warn()
        subjects.append(mail.outbox[-1].subject if mail.outbox else "")
        assert expiry.warn() == 0
    assert [message.subject for message in mail.outbox] == [
        "The Apple ADE token of “School” expires in 29 days",
        "The Apple ADE token of “School” expires in 13 days",
        "The Apple ADE token of “School” expires in 2 days",
    ]
    assert subjects[:3] == ["", "", mail.outbox[0].subject]
    assert mail.outbox[0].to == ["chief@example.com"]
    text = str(mail.outbox[0].body)
    assert "Download a new token at Apple" in text
    assert f"https://portal.example.com{LIST}{account.pk}/change/" in text


def test_a_portal_that_was_off_for_a_month_tells_it_once(chief: User) -> None:
    account_with(-3)
    assert (expiry.warn(), expiry.warn()) == (1, 0)
    assert [message.subject for message in mail.outbox] == ["The Apple ADE token of “School” has expired"]


def test_with_a_new_token_the_count_begins_anew(chief: User) -> None:
    account = account_with(2, warned_at_days=3)
    assert expiry.warn() == 0
    # What accounts.py does with a new token.
    AdeAccount.objects.update(warned_at_days=None)
    later(account, 365)
    assert expiry.warn() == 0
    later(account, 20)
    assert expiry.warn() == 1


def test_an_account_without_a_token_is_no_matter(chief: User) -> None:
    account_with(1, state=AdeAccount.State.NEW, token_expires_at=None)
    assert expiry.warn() == 0


def test_told_is_who_may_renew_the_token_and_works_in_the_domain_of_the_account(chief: User) -> None:
    other = DomainFactory.create()
    rights = ("view_adeaccount", "change_adeaccount")
    make_person("here", rights, domains=[Domain.objects.local()])
    make_person("there", rights, domains=[other])
    make_person("reader", rights[:1])
    make_person("gone", rights)
    for name in ("here", "there", "reader", "gone"):
        User.objects.filter(username=name).update(email=f"{name}@example.com", is_active=name != "gone")
    account_with(2)
    assert expiry.warn() == 1
    assert mail.outbox[0].to == ["chief@example.com", "here@example.com"]


def test_without_an_address_nobody_is_told_and_it_is_tried_again(
    administrator: User, caplog: pytest.LogCaptureFixture
) -> None:
    User.objects.update(email="")
    account_with(2)
    assert expiry.warn() == 0
    assert "nobody is told that the token of ADE account School expires" in caplog.text
    User.objects.update(email="chief@example.com")
    assert expiry.warn() == 1


def test_a_mail_server_that_is_away_is_asked_again_the_next_time(chief: User, monkeypatch: pytest.MonkeyPatch) -> None:
    account = account_with(12, warned_at_days=30)

    def away(*_arguments: object, **_options: object) -> int:
        raise SMTPException("421 try later")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", away)
        assert expiry.warn() == 0
    account.refresh_from_db()
    assert account.warned_at_days == 30
    assert expiry.warn() == 1


def test_the_clock_asks_every_hour(chief: User) -> None:
    entry = app.conf.beat_schedule["warn-of-ade-tokens"]
    assert entry["task"] == warn_of_ade_tokens.name
    account_with(2)
    assert warn_of_ade_tokens() == 1


@pytest.mark.parametrize(
    ("days", "tone", "standing", "text"),
    [
        (-400, "error", "expired", "1 ADE token has expired"),
        (-0.5, "error", "expired", "1 ADE token has expired"),
        (0.5, "error", "urgent", "1 ADE token expires within 14 days"),
        (13, "error", "urgent", "1 ADE token expires within 14 days"),
        (15, "warning", "expiring", "1 ADE token expires in 14 to 30 days"),
        (29, "warning", "expiring", "1 ADE token expires in 14 to 30 days"),
        (31, "", "", ""),
    ],
)
def test_the_dashboard_leads_to_tokens_that_expire(
    administrator_client: Client, days: float, tone: str, standing: str, text: str
) -> None:
    account_with(days, name="Ending")
    account_with(200, name="Fine")
    account_with(200, name="New", state=AdeAccount.State.NEW, token_expires_at=None)
    found = administrator_client.get(reverse("admin:index")).context["matters"]
    shown = [(matter.tone, matter.text, matter.url) for matter in found if "ADE" in matter.text]
    assert shown == ([(tone, text, f"{LIST}?standing={standing}")] if text else [])
    if text:
        assert listed(administrator_client, standing) == ["Ending"]


def test_the_dashboard_leads_to_accounts_that_need_somebody_and_not_to_those_that_mend_themselves(
    administrator_client: Client,
) -> None:
    for state in AdeAccount.State:
        account_with(200, name=state, state=state)
    long_ago = timezone.now() - timedelta(hours=7)
    for state in (AdeAccount.State.UNREACHABLE, AdeAccount.State.THROTTLED):
        account_with(200, name=f"{state} for hours", state=state, state_changed_at=long_ago)
    page = administrator_client.get(reverse("admin:index"))
    (matter,) = (found for found in page.context["matters"] if "ADE" in found.text)
    said = (matter.tone, matter.text, matter.url)
    assert said == ("error", "5 ADE accounts need somebody", f"{LIST}?standing=trouble")
    needing = ["access_denied", "expired", "terms_not_signed", "token_refused", "unreachable for hours"]
    assert listed(administrator_client, "trouble") == needing


def listed(client: Client, standing: str) -> list[str]:
    """Return the accounts that the filter of the list leaves."""
    found = client.get(LIST, {"standing": standing}).context["cl"].queryset
    return sorted(account.name for account in found)


def test_somebody_of_another_domain_learns_nothing_on_the_dashboard() -> None:
    account_with(2, state=AdeAccount.State.ACCESS_DENIED)
    person = make_person("there", ("view_adeaccount",), domains=[DomainFactory.create()])
    person.user_permissions.add(Permission.objects.get(codename="view_device"))
    assert sign_in(person).get(reverse("admin:index")).context["matters"] == []

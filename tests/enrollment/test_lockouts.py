"""Who learns that somebody was locked out, and how does it end? In the console, and by e-mail."""

from datetime import timedelta

import pytest
from django.conf import settings as portal
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from redis import Redis

from enrollment import gate, lockouts, retention
from enrollment.models import Lockout
from enrollment.tasks import notify_of_lockout
from invitations.models import Invitation
from tests.conftest import sign_in
from tests.enrollment.attempts import HOSTILE
from tests.enrollment.knocking import PASSWORD, choose, invited, knock, with_password, with_token
from tests.factories import DeviceUserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]

LIST = "/admin/enrollment/lockout/"


def lock_out(invitation: Invitation, **headers: str) -> Lockout:
    """Guess five times at the account of an invitation's user."""
    for _guess in range(5):
        assert knock(with_password(invitation, password="wrong-horse-9"), **headers)[0] == 403
    return Lockout.objects.get()


def lockout_of(**changes: object) -> Lockout:
    now = timezone.now()
    values = {"key": "wrong:x", "account": "ada@example.com", "until": now + timedelta(minutes=15)} | changes
    return Lockout.objects.create(**values)


def give(person: User, *names: str) -> User:
    person.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return person


def told() -> list[str]:
    return [address for message in mail.outbox for address in message.to]


@pytest.fixture
def chief(administrator: User) -> User:
    administrator.email = "chief@example.com"
    administrator.save()
    return administrator


# --- at the endpoint --------------------------------------------------------------------------------------
def test_five_wrong_passwords_lock_the_account_and_the_right_one_with_it() -> None:
    invitation = invited()
    lockout = lock_out(invitation, REMOTE_ADDR="192.0.2.7")
    answer = Client().post("/api/v1/enroll", with_password(invitation), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert 890 <= int(answer["Retry-After"]) <= 900
    assert invitation.device.user is not None
    assert (lockout.account, lockout.address) == (invitation.device.user.email, "192.0.2.7")
    assert lockout.until - lockout.began_at == timedelta(minutes=15)
    assert lockout.is_on


def test_the_link_of_a_locked_account_works_on() -> None:
    invitation = invited()
    lock_out(invitation)
    assert knock(with_token(invitation))[0] == 200


def test_an_account_that_nobody_has_is_locked_alike() -> None:
    statuses = [knock(with_password(invited(), email="nobody@example.com"))[0] for _guess in range(6)]
    assert statuses == [403] * 5 + [429]
    assert Lockout.objects.get().account == "nobody@example.com"


def test_wrong_links_lock_the_address_and_of_ipv6_the_subnet(settings: Settings) -> None:
    settings.HEXENROLL_ENROLL_WRONG_BY_ADDRESS = 3
    invitation = invited()
    for number in range(3):
        assert knock(with_token(invitation, token="A" * 43), REMOTE_ADDR=f"2001:db8::{number}:7")[0] == 403
    assert knock(with_token(invitation), REMOTE_ADDR="2001:db8::9")[0] == 429
    assert (Lockout.objects.get().account, Lockout.objects.get().address) == ("", "2001:db8::")
    assert knock(with_token(invitation), REMOTE_ADDR="2001:db8:0:1::9")[0] == 200


def test_behind_a_proxy_one_who_guesses_locks_out_nobody_else(settings: Settings) -> None:
    settings.HEXENROLL_ENROLL_WRONG_BY_ADDRESS = 3
    invitation = invited()
    for _guess in range(4):
        status, _answer = knock(with_token(invitation, token="A" * 43), HTTP_X_FORWARDED_FOR="192.0.2.7")
    assert status == 429
    assert knock(with_token(invitation), HTTP_X_FORWARDED_FOR="192.0.2.8")[0] == 200


def test_a_guess_that_the_database_could_not_compare_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    invitation = invited()
    enroll = gate.enroll

    def away(*_arguments: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(gate, "enroll", away)
    assert [knock(with_password(invitation))[0] for _guess in range(6)] == [503] * 6
    monkeypatch.setattr(gate, "enroll", enroll)
    assert knock(with_password(invitation))[0] == 200


def test_while_valkey_is_away_credentials_are_refused_and_what_needs_none_comes_in(settings: Settings) -> None:
    invitation = invited()
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    for body in (with_password(invitation), with_token(invitation)):
        answer = Client().post("/api/v1/enroll", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "30")
    choose(require_credentials=False)
    assert knock({"platform": "ios", "method": "self", "serial_number": "C02XG2JGJG5H"})[0] == 200


# --- by e-mail ----------------------------------------------------------------------------------------------
def test_a_worker_is_called_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    valkey = Redis.from_url(portal.REDIS_URL)
    with django_capture_on_commit_callbacks(execute=True):
        lock_out(invited())
        assert not valkey.exists("hexenroll-queue:celery")
    assert b"enrollment.tasks.notify_of_lockout" in valkey.lpop("hexenroll-queue:celery")  # type: ignore[operator]


def test_the_mail_says_what_is_locked_and_where_to_unlock_it_and_no_password(chief: User) -> None:
    lockout = lock_out(invited(), REMOTE_ADDR="192.0.2.7")
    notify_of_lockout(lockout.pk)
    (message,) = mail.outbox
    assert message.subject == f"Enrollment is locked for {lockout.account}"
    assert f"/admin/enrollment/lockout/{lockout.pk}/change/" in message.body
    for text in (lockout.account, "192.0.2.7", f"{lockout.until:%H:%M:%S}"):
        assert text in message.body
    assert PASSWORD not in message.body
    assert "wrong-horse-9" not in message.body
    lockout.refresh_from_db()
    assert lockout.notified_at is not None


def test_those_who_may_unlock_are_told_and_nobody_else(chief: User, operator: User, stranger: User) -> None:
    for person in (give(operator, "change_lockout"), give(stranger, "view_lockout")):
        person.email = f"{person.username}@example.com"
        person.save()
    for name, changes in {"gone": {"is_active": False}, "user": {"is_staff": False}, "silent": {}}.items():
        address = "" if name == "silent" else f"{name}@example.com"
        give(User.objects.create(username=name, email=address, **({"is_staff": True} | changes)), "change_lockout")
    notify_of_lockout(lockout_of().pk)
    assert told() == ["chief@example.com", "operator@example.com"]


def test_an_account_is_mailed_about_once_an_hour(chief: User) -> None:
    first, again, other = lockout_of(), lockout_of(), lockout_of(key="wrong:y")
    for lockout in (first, first, again, other):
        notify_of_lockout(lockout.pk)
    assert len(mail.outbox) == 2
    Lockout.objects.update(notified_at=timezone.now() - timedelta(minutes=61))
    notify_of_lockout(lockout_of().pk)
    assert len(mail.outbox) == 3


def test_who_guesses_at_many_accounts_fills_no_mailbox(chief: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockouts, "MAILS_AN_HOUR", 2)
    for number in range(4):
        notify_of_lockout(lockout_of(key=str(number)).pk)
    assert len(mail.outbox) == 2


def test_a_name_that_would_harm_a_mail_is_one_line_of_text(chief: User) -> None:
    notify_of_lockout(lockout_of(account=HOSTILE).pk)
    (message,) = mail.outbox
    assert "\u202e" not in f"{message.subject}{message.body}"
    assert message.subject.startswith("Enrollment is locked for <script>alert(1)</script>")


def test_a_mail_that_can_not_be_sent_is_logged_and_the_lockout_shows_it(
    chief: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    lockout = lockout_of()
    notify_of_lockout(lockout.pk)
    assert f"administrators can't be told of lockout {lockout.pk}" in caplog.text
    lockout.refresh_from_db()
    assert lockout.notified_at is None


def test_where_nobody_has_an_address_the_log_says_so(administrator: User, caplog: pytest.LogCaptureFixture) -> None:
    notify_of_lockout(lockout_of().pk)
    assert "who may unlock it has no address" in caplog.text
    assert Lockout.objects.get().notified_at is None


# --- in the console -----------------------------------------------------------------------------------------
def test_each_page_counts_what_is_locked_now(administrator_client: Client) -> None:
    lockout_of(until=timezone.now() - timedelta(seconds=1))
    lockout_of(unlocked_at=timezone.now())
    page = administrator_client.get("/admin/").context
    assert [item.get("badge") for item in lockouts_of(page)] == [None]
    lockout_of()
    lockout_of()
    assert [item.get("badge") for item in lockouts_of(administrator_client.get("/admin/").context)] == [2]


def lockouts_of(context: object) -> list[dict[str, object]]:
    groups = context["sidebar_navigation"]  # type: ignore[index]
    return [item for group in groups for item in group["items"] if str(item["title"]) == "Lockouts"]


def test_an_administrator_unlocks_and_the_right_password_comes_in(administrator_client: Client) -> None:
    invitation = invited()
    lockout = lock_out(invitation)
    page = administrator_client.get(f"{LIST}{lockout.pk}/change/").content.decode()
    assert "Unlock now" in page
    assert invitation.device.user is not None
    assert invitation.device.user.name in page
    answer = administrator_client.post(f"{LIST}{lockout.pk}/unlock/", follow=True).content.decode()
    assert "It is unlocked" in answer
    assert "Unlock now" not in answer
    assert knock(with_password(invitation))[0] == 200
    answer = administrator_client.post(f"{LIST}{lockout.pk}/unlock/", follow=True).content.decode()
    assert "The lockout was over already." in answer


def test_chosen_ones_are_unlocked_from_the_list(administrator_client: Client) -> None:
    invitation = invited()
    lockout = lock_out(invitation)
    chosen = {"action": "unlock_chosen", "_selected_action": [lockout.pk]}
    answer = administrator_client.post(LIST, chosen, follow=True).content.decode()
    assert "1 lockout is ended." in answer
    assert knock(with_password(invitation))[0] == 200


def test_who_may_only_look_sees_no_button_and_unlocks_nothing(operator: User) -> None:
    client = sign_in(give(operator, "view_lockout"))
    lockout = lockout_of()
    assert "Unlock now" not in client.get(f"{LIST}{lockout.pk}/change/").content.decode()
    assert client.post(f"{LIST}{lockout.pk}/unlock/").status_code == 403
    client.post(LIST, {"action": "unlock_chosen", "_selected_action": [lockout.pk]})
    lockout.refresh_from_db()
    assert lockout.is_on


def test_a_stranger_sees_none_of_it(stranger_client: Client) -> None:
    lockout = lockout_of()
    for path in (LIST, f"{LIST}{lockout.pk}/change/"):
        assert stranger_client.get(path).status_code == 403
    assert stranger_client.post(f"{LIST}{lockout.pk}/unlock/").status_code == 403


def test_while_valkey_is_away_nothing_is_unlocked_and_the_page_says_so(
    administrator_client: Client, settings: Settings
) -> None:
    lockout = lockout_of()
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    chosen = {"action": "unlock_chosen", "_selected_action": [lockout.pk]}
    for path, body in ((f"{LIST}{lockout.pk}/unlock/", {}), (LIST, chosen)):
        answer = administrator_client.post(path, body, follow=True).content.decode()
        assert "It can&#x27;t be unlocked now" in answer
    lockout.refresh_from_db()
    assert lockout.is_on


def test_pages_show_what_strangers_typed_as_text(administrator_client: Client) -> None:
    lockout = lockout_of(account=HOSTILE, address="2001:db8::")
    for path in (LIST, f"{LIST}{lockout.pk}/change/", f"{LIST}?q=%00"):
        answer = administrator_client.get(path)
        assert answer.status_code in (200, 302)
        assert "<script>alert(1)" not in answer.content.decode()
    assert "2001:db8::/64" in administrator_client.get(f"{LIST}{lockout.pk}/change/").content.decode()


def test_nothing_is_there_and_an_address_that_is_none_are_pages(administrator_client: Client) -> None:
    assert administrator_client.get(LIST).status_code == 200
    assert administrator_client.get(f"{LIST}999999/change/").status_code == 404
    assert administrator_client.get(f"{LIST}x/change/").status_code == 404


def test_a_list_of_twenty_costs_as_much_as_a_list_of_two(
    administrator_client: Client, django_assert_max_num_queries: object
) -> None:
    lockout_of()
    lockout_of()
    with django_assert_max_num_queries(100) as few:  # type: ignore[operator]
        administrator_client.get(LIST)
    for number in range(18):
        lockout_of(key=str(number), account="", address="192.0.2.7")
    with django_assert_max_num_queries(len(few)):  # type: ignore[operator]
        administrator_client.get(LIST)


# --- how long ----------------------------------------------------------------------------------------------
def test_old_lockouts_are_forgotten_and_of_too_many_the_newest_are_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEXENROLL_ATTEMPTS_KEEP_DAYS = 30
    lockout_of(began_at=timezone.now() - timedelta(days=31))
    kept = [lockout_of(key=str(number)) for number in range(4)]
    retention.forget()
    assert set(Lockout.objects.all()) == set(kept)
    monkeypatch.setattr(retention, "MAX_LOCKOUTS", 3)
    retention.forget()
    assert set(Lockout.objects.all()) == set(kept[1:])


def test_a_user_with_the_address_in_other_case_is_named(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(email="ada@example.com", name="Ada Lovelace")
    lockout = lockout_of(account="ADA@example.com")
    page = administrator_client.get(f"{LIST}{lockout.pk}/change/").content.decode()
    assert user.name in page

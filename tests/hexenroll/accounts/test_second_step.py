"""What is asked for after the password, and who gets in without it? Nobody."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from hexenroll.accounts.second_step import remove_second_step
from tests.conftest import make_person, sign_in
from tests.hexenroll.accounts.signing_in import (
    LOGIN,
    PASSWORD,
    SECRET,
    add_app,
    add_codes,
    code,
    is_signed_in,
    make_account,
)

pytestmark = pytest.mark.django_db
SECOND = "/accounts/2fa/authenticate/"
INDEX = "/accounts/2fa/"


@pytest.fixture
def person() -> Any:
    account = make_account()
    add_app(account)
    return account


def by_password(client: Client) -> str:
    return client.post(LOGIN, {"login": "admin", "password": PASSWORD}).headers["Location"]


def test_the_password_alone_opens_nothing_and_the_apps_code_does(client: Client, person: Any) -> None:
    assert by_password(client) == SECOND
    assert not is_signed_in(client)
    assert client.get("/admin/").status_code == 302
    assert client.post(SECOND, {"code": "000000"}).status_code == 200
    assert not is_signed_in(client)
    assert client.post(SECOND, {"code": code()}).headers["Location"] == "/admin/"
    assert is_signed_in(client)


def test_a_code_of_the_app_is_good_once(person: Any) -> None:
    used = code()
    for expected in (True, False):
        client = Client()
        by_password(client)
        client.post(SECOND, {"code": used})
        assert is_signed_in(client) is expected


def test_a_recovery_code_is_good_once(person: Any) -> None:
    spare = add_codes(person)[0]
    for expected in (True, False):
        client = Client()
        by_password(client)
        client.post(SECOND, {"code": spare})
        assert is_signed_in(client) is expected


def test_ten_wrong_codes_lock_as_ten_wrong_passwords_do(client: Client, person: Any) -> None:
    by_password(client)
    answers = [client.post(SECOND, {"code": f"{number:06}"}).status_code for number in range(10)]
    assert answers == [200] * 9 + [429]
    answer = client.post(SECOND, {"code": code()})
    assert answer.status_code == 429
    assert "Sign-in is locked" in answer.content.decode()
    assert not is_signed_in(client)
    assert "code" not in AccessAttempt.objects.get().post_data or "000009" not in AccessAttempt.objects.get().post_data
    assert Client().post(LOGIN, {"login": "ADMIN", "password": PASSWORD}).status_code == 429


def test_secrets_are_encrypted_in_the_database(person: Any) -> None:
    add_codes(person)
    for kept in Authenticator.objects.all():
        assert SECRET not in str(kept.data)
        assert str(kept.data.get("secret") or kept.data.get("seed")).startswith("gAAAA")


def test_an_app_is_set_up_by_its_qr_code_and_the_recovery_codes_are_shown_once(client: Client) -> None:
    make_account()
    by_password(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = client.session["mfa.totp.secret"]
    assert secret in page
    done = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert done.headers["Location"] == "/accounts/2fa/recovery-codes/"
    first = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "shown this once" in first
    assert "shown this once" not in client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403


def test_where_it_must_be_the_console_opens_only_with_a_second_step(client: Client, settings: Settings) -> None:
    settings.HEXENROLL_REQUIRE_MFA = "passwords"
    person = make_account()
    by_password(client)
    for path in ("/admin/", "/enroll/settings/", "/admin/devices/device/"):
        assert client.get(path).headers["Location"] == INDEX
    assert "Set up a second step to go on" in client.get(INDEX).content.decode()
    add_app(person)
    assert client.get("/enroll/settings/").status_code == 200


def test_who_loses_it_sets_up_a_new_one_in_a_session_that_was_open(client: Client, settings: Settings) -> None:
    settings.HEXENROLL_REQUIRE_MFA = "passwords"
    person = make_account()
    by_password(client)
    add_app(person)
    assert client.get("/enroll/settings/").status_code == 200
    remove_second_step(person)
    assert client.get("/enroll/settings/").headers["Location"] == INDEX


def test_where_it_must_be_the_last_one_stays(client: Client, settings: Settings) -> None:
    settings.HEXENROLL_REQUIRE_MFA = "passwords"
    person = make_account()
    by_password(client)
    add_app(person)
    client.post("/accounts/2fa/totp/deactivate/", {})
    assert Authenticator.objects.filter(user=person).count() == 1
    settings.HEXENROLL_REQUIRE_MFA = ""
    client.post("/accounts/2fa/totp/deactivate/", {})
    assert not Authenticator.objects.filter(user=person).exists()


def test_who_is_not_asked_pays_no_query_for_it(django_assert_num_queries: Any, settings: Settings) -> None:
    client = sign_in(make_person("plain", superuser=True))
    with django_assert_num_queries(2):  # the session, and the account with its preferences
        client.get("/admin/jsi18n/")


def test_who_has_the_command_line_gets_in_by_a_link_once(client: Client, person: Any, capsys: Any) -> None:
    call_command("sign_in_link", "admin", "--remove-second-step")
    path = "/" + capsys.readouterr().out.strip().split("/", 3)[3]
    assert "signs you in as admin" in client.get(path).content.decode()
    assert client.post(path).headers["Location"] == "/admin/"
    assert is_signed_in(client)
    assert Client().post(path).status_code == 403


def test_the_link_leaves_the_second_step_as_it_is(client: Client, person: Any, capsys: Any) -> None:
    call_command("sign_in_link", "admin")
    path = "/" + capsys.readouterr().out.strip().split("/", 3)[3]
    assert client.post(path).headers["Location"] == SECOND
    assert not is_signed_in(client)


def test_a_link_for_nobody_names_who_there_is(person: Any) -> None:
    with pytest.raises(CommandError, match=r"Nobody who may sign in is called x\. There are: admin\."):
        call_command("sign_in_link", "x")


def test_a_passkey_is_renamed_and_removed(client: Client) -> None:
    person = make_account()
    by_password(client)
    key = Authenticator.objects.create(user=person, type="webauthn", data={"name": "Laptop", "credential": {}})
    page = f"/accounts/2fa/webauthn/keys/{key.pk}"
    assert 'value="Laptop"' in client.get(f"{page}/edit/").content.decode()
    client.post(f"{page}/edit/", {"name": "Phone"})
    assert "“Phone” no longer signs you in" in client.get(f"{page}/remove/").content.decode()
    client.post(f"{page}/remove/")
    assert not Authenticator.objects.exists()

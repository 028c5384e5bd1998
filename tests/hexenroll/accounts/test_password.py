"""Who comes in by a password, and what does somebody learn who doesn't?"""

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings
from redis.exceptions import RedisError

from hexenroll.accounts import mails
from tests.conftest import sign_in
from tests.hexenroll.accounts.signing_in import LOGIN, PASSWORD, add_app, code, is_signed_in, make_account

pytestmark = pytest.mark.django_db


def log_in(client: Client, name: str, password: str = PASSWORD, query: str = "") -> str:
    """Send the sign-in's form; return where it leads, "" if nowhere."""
    answer = client.post(f"{LOGIN}{query}", {"login": name, "password": password})
    return answer.headers.get("Location", "")


@pytest.mark.parametrize("typed", ["admin", "Admin", "ada@example.com", "ADA@example.com", " admin "])
def test_name_or_email_and_password_sign_in(client: Client, typed: str) -> None:
    make_account(email="ada@example.com")
    assert log_in(client, typed) == "/admin/"
    assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_name_look_alike(client: Client) -> None:
    make_account()
    pages = []
    for name, password in (("admin", "wrong"), ("nobody", PASSWORD)):
        page = client.post(LOGIN, {"login": name, "password": password}).content.decode()
        pages.append(re.sub(r'value="[^"]*"', "", page))
    assert "The username and/or password you specified are not correct." in pages[0]
    assert pages[0] == pages[1]
    assert not is_signed_in(client)


def test_the_page_that_was_asked_for_opens_after_the_sign_in(client: Client) -> None:
    make_account()
    page = client.get("/enroll/settings/?a=1", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/login/?next=/enroll/settings/%3Fa%3D1"
    assert 'name="next" value="/enroll/settings/?a=1"' in page.content.decode()
    assert log_in(client, "admin", query="?next=/enroll/settings/%3Fa%3D1") == "/enroll/settings/?a=1"


@pytest.fixture
def valkey_is_away(settings: Settings) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/valkey.sock"}}


@pytest.mark.usefixtures("valkey_is_away")
def test_a_link_can_be_asked_for_and_used_while_valkey_is_away(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    person = make_account(email="ada@example.com")
    answer = client.post("/accounts/password/reset/", {"email": "ada@example.com"})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"
    assert caplog.text.count("the sign-in goes on without the cache") == 1

    form = client.get(urlsplit(mails.password_link(person)).path)
    answer = client.post(form.headers["Location"], {"password1": "correct-horse-2", "password2": "correct-horse-2"})
    assert answer.headers["Location"] == "/accounts/password/reset/key/done/"
    assert log_in(client, "admin", "correct-horse-2") == "/admin/"


@pytest.mark.usefixtures("valkey_is_away")
def test_the_apps_code_is_looked_at_while_valkey_is_away(client: Client) -> None:
    add_app(make_account())
    assert log_in(client, "admin") == "/accounts/2fa/authenticate/"
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.post("/accounts/2fa/authenticate/", {"code": code()}).headers["Location"] == "/admin/"


@pytest.mark.usefixtures("valkey_is_away")
def test_who_else_asks_the_cache_learns_that_it_is_away() -> None:
    with pytest.raises(RedisError):
        cache.get("import-commit-1")


def test_no_link_leads_to_another_site_after_the_sign_in(client: Client) -> None:
    make_account()
    assert log_in(client, "admin", query="?next=https://evil.example/") == "/admin/"


def test_the_admins_own_sign_in_leads_here(client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/accounts/login/?next=/admin/"


def test_who_is_signed_in_without_the_console_is_told_so_and_not_sent_round() -> None:
    answer = sign_in(User.objects.create_user("guest")).get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "You may not open this" in answer.content.decode()


def test_a_script_of_a_page_is_led_to_the_sign_in_too(client: Client) -> None:
    answer = client.post("/enroll/pre-approve/new/", headers={"Accept": "application/json"}, follow=True)
    assert answer.redirect_chain[-1][0].startswith(LOGIN)
    assert answer.headers["Content-Type"].startswith("text/html")


def test_nobody_signs_up(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404
    assert "sign up" not in client.get(LOGIN).content.decode().lower()


def test_a_closed_account_says_so_only_to_who_knows_its_password(client: Client) -> None:
    make_account(is_active=False)
    assert log_in(client, "admin") == "/accounts/inactive/"
    assert log_in(client, "admin", "wrong") == ""
    assert not is_signed_in(client)


def test_a_link_by_mail_sets_a_new_password_once(client: Client) -> None:
    person = make_account(email="ada@example.com")
    assert mails.send_password_links("ADA@example.com ", "en") == 1
    (sent,) = mail.outbox
    assert sent.to == ["ada@example.com"]
    link = re.search(r"http://\S+", sent.body.split("within a day:")[1])
    assert link
    path = link[0].split(":8000", 1)[-1] if ":8000" in link[0] else re.sub(r"^http://[^/]+", "", link[0])
    form = client.get(path).headers["Location"]
    new = "a-new-password-of-mine"
    done = client.post(form, {"password1": new, "password2": new})
    assert done.headers["Location"] == "/accounts/password/reset/key/done/"
    person.refresh_from_db()
    assert person.check_password(new)
    assert "no longer good" in Client().get(path).content.decode()


def test_asking_for_a_link_says_the_same_whoever_has_the_address(client: Client) -> None:
    make_account(email="ada@example.com")
    places = {
        client.post("/accounts/password/reset/", {"email": email}).headers["Location"]
        for email in ("ada@example.com", "nobody@example.com")
    }
    assert places == {"/accounts/password/reset/done/"}


def test_a_link_goes_to_no_closed_account(client: Client) -> None:
    make_account(email="ada@example.com", is_active=False)
    assert mails.send_password_links("ada@example.com", "en") == 0


def test_passwords_have_ten_characters_at_least() -> None:
    client = sign_in(make_account())
    short = {"oldpassword": PASSWORD, "password1": "Sh0rt-One", "password2": "Sh0rt-One"}
    page = client.post("/accounts/password/change/", short).content.decode()
    assert "It must contain at least 10 characters." in page


def test_switched_off_no_password_signs_in_and_none_is_asked_for(client: Client, settings: Settings) -> None:
    settings.HEXENROLL_PASSWORD_SIGN_IN = False
    make_account(email="ada@example.com")
    assert log_in(client, "admin") == ""
    assert not is_signed_in(client)
    page = client.get(LOGIN).content.decode()
    assert 'type="password"' not in page
    assert mails.send_password_links("ada@example.com", "en") == 0

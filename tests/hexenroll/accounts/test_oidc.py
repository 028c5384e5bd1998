"""Single sign-on by OpenID Connect, against a real provider (oidc-provider-mock) on loopback."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from oidc_provider_mock import run_server_in_thread
from pytest_django import Settings

from devices.models import Domain
from devices.scope import scope_of
from hexenroll.accounts.sso_settings import role_rules
from hexenroll.api_keys import keys
from hexenroll.models import AuditEntry
from tests.hexenroll.accounts.signing_in import is_signed_in, make_account

pytestmark = pytest.mark.django_db
BUTTON = "/accounts/oidc/oidc/login/"
RULES = "it-admins=Administrator;helpdesk=Help desk@contoso.com;helpdesk-b=Help desk@fabrikam.com"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(require_client_registration=False) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def sso(settings: Settings, provider: str) -> str:
    """Set up the provider and two roles; return the provider's address."""
    options = {"server_url": provider, "oauth_pkce_enabled": True, "groups": "groups"}
    app = {"provider_id": "oidc", "name": "Contoso", "client_id": "portal", "secret": "s", "settings": options}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app], "SCOPE": ["openid", "profile", "email"]}}
    settings.HEXENROLL_SSO_ROLES = role_rules(RULES)
    for name in ("Administrator", "Help desk"):
        Group.objects.get_or_create(name=name)
    return provider


@pytest.fixture
def claims(sso: str) -> Callable[..., None]:
    """Return a function that says what the provider tells of a person."""

    def tell(subject: str, groups: Any = (), **others: Any) -> None:
        said = {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "groups": groups, **others}
        answer = requests.put(f"{sso}/users/{subject}", json=said, timeout=5)
        assert answer.status_code == 204, answer.text

    return tell


def come_back(client: Client, subject: str) -> Any:
    """Sign in at the provider as a browser would; return what the portal answers then."""
    asked = client.get(BUTTON)
    assert asked.status_code == 302, asked.content
    there = requests.post(asked.headers["Location"], {"sub": subject}, allow_redirects=False, timeout=5)
    assert there.status_code == 302, there.text
    back = urlsplit(there.headers["Location"])
    assert back.path == f"{BUTTON}callback/"
    return client.get(back.path, {name: values[0] for name, values in parse_qs(back.query).items()})


def test_a_member_of_a_mapped_group_gets_an_account_and_comes_in(client: Client, claims: Callable[..., None]) -> None:
    claims("1", ["it-admins"], preferred_username="ada", email="ada@example.com")
    assert "Sign in with Contoso" in client.get("/accounts/login/").content.decode()
    assert come_back(client, "1").headers["Location"] == "/admin/"
    assert is_signed_in(client)
    person = User.objects.get()
    assert (person.username, person.get_full_name(), person.email) == ("ada", "Ada Lovelace", "ada@example.com")
    assert person.is_staff
    assert not person.is_superuser
    assert not person.has_usable_password()
    assert [role.name for role in person.groups.all()] == ["Administrator"]
    assert scope_of(person).is_everything
    come_back(Client(), "1")
    assert User.objects.count() == 1


def test_a_role_can_be_for_domains(client: Client, claims: Callable[..., None]) -> None:
    ours, theirs = Domain.objects.create(name="contoso.com"), Domain.objects.create(name="other.com")
    claims("1", ["helpdesk"])
    come_back(client, "1")
    scope = scope_of(User.objects.get())
    assert scope.has(ours.pk)
    assert not scope.has(theirs.pk)


@pytest.mark.parametrize("groups", [[], ["somebody"], "it-adminsx", None, {"it-admins": True}, [["it-admins"]]])
def test_who_is_in_no_mapped_group_is_told_so_and_gets_no_account(
    client: Client, claims: Callable[..., None], groups: Any
) -> None:
    claims("2", groups)
    answer = come_back(client, "2")
    assert answer.status_code == 403
    assert "none of your groups may use this console" in answer.content.decode()
    assert not is_signed_in(client)
    assert not User.objects.exists()


def test_roles_and_domains_are_what_the_provider_says_at_each_sign_in(claims: Callable[..., None]) -> None:
    domain = Domain.objects.create(name="contoso.com")
    claims("3", ["it-admins"])
    come_back(Client(), "3")
    person = User.objects.get()
    person.user_permissions.add(Permission.objects.get(codename="delete_device"))
    User.objects.update(is_superuser=True)
    claims("3", ["helpdesk"], email="new@example.com")
    come_back(Client(), "3")
    person = User.objects.get()
    assert [role.name for role in person.groups.all()] == ["Help desk"]
    assert scope_of(person).domains == frozenset({domain.pk})
    assert not person.is_superuser
    assert not person.has_perm("devices.delete_device")
    assert person.email == "new@example.com"
    entry = AuditEntry.objects.filter(object_id=person.pk, changes__has_key="email").latest("pk")
    assert entry.changes["email"][1] == "new@example.com" and entry.changes["is_superuser"] == ["True", "False"]


def test_who_left_all_groups_loses_roles_and_sessions_at_the_next_sign_in(claims: Callable[..., None]) -> None:
    claims("4", ["it-admins"])
    before = Client()
    come_back(before, "4")
    User.objects.update(is_superuser=True)
    claims("4", [])
    assert come_back(Client(), "4").status_code == 403
    assert not User.objects.get().groups.exists()
    assert not User.objects.get().is_superuser  # nor have its API keys what it had
    assert before.get("/accounts/sessions/").status_code == 302


def test_each_sign_in_vouches_for_the_api_keys_of_the_account(client: Client, claims: Callable[..., None]) -> None:
    claims("11", ["it-admins"])
    come_back(Client(), "11")
    _key, text = keys.make(User.objects.get(), "Sync", made_by=None)
    assert keys.find(text)
    SocialAccount.objects.update(last_login=timezone.now() - timedelta(days=400))
    assert keys.find(text) is None
    come_back(client, "11")
    assert keys.find(text)


def test_an_email_address_links_nothing(client: Client, claims: Callable[..., None]) -> None:
    mine = make_account(email="ada@example.com")
    claims("5", ["it-admins"], preferred_username="admin", email="ada@example.com", email_verified=True)
    come_back(client, "5")
    person = User.objects.exclude(pk=mine.pk).get()
    assert person.username == "admin-2"
    assert client.session["_auth_user_id"] == str(person.pk)


def test_another_provider_is_other_people(client: Client, claims: Callable[..., None], settings: Settings) -> None:
    claims("6", ["it-admins"])
    come_back(Client(), "6")
    options = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]
    options["server_url"] = options["server_url"].replace("localhost", "127.0.0.1")
    come_back(client, "6")
    assert User.objects.count() == 2
    assert SocialAccount.objects.count() == 2


def test_what_comes_back_is_good_once_and_in_the_browser_that_asked(
    client: Client, claims: Callable[..., None]
) -> None:
    claims("7", ["it-admins"])
    answer = come_back(client, "7")
    again = Client().get(answer.wsgi_request.get_full_path())
    assert "nobody was signed in" in again.content.decode()
    other = Client()
    other.get(BUTTON)
    assert "nobody was signed in" in other.get(f"{BUTTON}callback/?code=x&state=y").content.decode()
    assert not is_signed_in(other)


def test_a_provider_that_is_down_is_said_so(client: Client, sso: str, settings: Settings) -> None:
    options = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]
    options["server_url"] = "http://localhost:9"
    answer = client.get(BUTTON)
    assert answer.status_code == 502
    assert "can’t be reached" in answer.content.decode()


def test_nobody_connects_an_account_of_the_provider_to_one_of_theirs(claims: Callable[..., None]) -> None:
    client = Client()
    make_account()
    client.post("/accounts/login/", {"login": "admin", "password": "correct-horse-battery"})
    claims("8", ["it-admins"])
    asked = client.get(f"{BUTTON}?process=connect")
    there = requests.post(asked.headers["Location"], {"sub": "8"}, allow_redirects=False, timeout=5)
    back = urlsplit(there.headers["Location"])
    assert client.get(f"{back.path}?{back.query}").status_code == 403
    assert not SocialAccount.objects.exists()


def test_without_single_sign_on_there_is_no_button_and_no_address(client: Client) -> None:
    assert not re.search(r"Sign in with (?!a passkey)", client.get("/accounts/login/").content.decode())
    assert client.get(BUTTON).status_code == 404
    assert client.get("/accounts/saml/console/login/").status_code == 404
    assert client.post("/accounts/saml/console/acs/").status_code == 404


def test_who_came_from_the_provider_has_their_second_step_there(
    client: Client, claims: Callable[..., None], settings: Settings
) -> None:
    claims("9", ["it-admins"])
    come_back(client, "9")
    settings.HEXENROLL_REQUIRE_MFA = "passwords"
    assert client.get("/admin/").status_code == 200
    settings.HEXENROLL_REQUIRE_MFA = "everybody"
    assert client.get("/admin/").headers["Location"] == "/accounts/2fa/"


def test_a_missing_domain_gives_nothing(client: Client, claims: Callable[..., None]) -> None:
    claims("10", ["helpdesk"])
    come_back(client, "10")
    assert not Domain.objects.filter(name="contoso.com").exists()
    assert scope_of(User.objects.get()).domains == frozenset()

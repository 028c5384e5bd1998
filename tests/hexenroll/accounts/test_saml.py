"""Single sign-on by SAML: a response is good when the provider signed it, for us, now, for this browser, once."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from hexenroll.accounts.sso_settings import SAML_ATTRIBUTES, SAML_RULES, role_rules, saml_metadata
from tests.hexenroll.accounts.saml_provider import PORTAL, Provider, request_id
from tests.hexenroll.accounts.signing_in import is_signed_in

pytestmark = pytest.mark.django_db
BUTTON = "/accounts/saml/console/login/"
ACS = "/accounts/saml/console/acs/"


@pytest.fixture(scope="module")
def idp() -> Provider:
    return Provider()


@pytest.fixture(autouse=True)
def sso(settings: Settings, idp: Provider) -> None:
    options = {
        "idp": saml_metadata(idp.metadata),
        "sp": {"entity_id": f"{PORTAL}/metadata/"},
        "attribute_mapping": SAML_ATTRIBUTES,
        "groups": "groups",
        "advanced": SAML_RULES,
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "saml": {"APPS": [{"name": "Contoso", "client_id": "console", "settings": options}]}
    }
    settings.HEXENROLL_SSO_ROLES = role_rules("it-admins=Administrator")
    Group.objects.get_or_create(name="Administrator")


@pytest.fixture
def client() -> Client:
    return browser()


def browser() -> Client:
    """Return a client that says which host it asks for, as browsers do."""
    return Client(HTTP_HOST="testserver")


def begin(client: Client) -> str:
    """Press the button; return the ID of the request that goes to the provider."""
    location = client.get(BUTTON).headers["Location"]
    assert location.startswith("https://idp.example.com/sso?")
    return request_id(location)


def come_back(client: Client, response: str) -> Any:
    """Send the provider's response as its page does; follow to where it is looked at."""
    answer = client.post(ACS, {"SAMLResponse": response, "RelayState": ""})
    assert answer.headers["Location"] == f"{ACS}finish/"
    return client.get(f"{ACS}finish/")


def test_a_signed_response_for_a_member_of_a_mapped_group_signs_in(client: Client, idp: Provider) -> None:
    assert "Sign in with Contoso" in client.get("/accounts/login/").content.decode()
    answer = come_back(client, idp.response(begin(client)))
    assert answer.headers["Location"] == "/admin/"
    assert is_signed_in(client)
    person = User.objects.get()
    assert (person.get_full_name(), person.email, person.is_staff) == ("Ada Lovelace", "ada@example.com", True)
    assert [role.name for role in person.groups.all()] == ["Administrator"]


def test_without_a_mapped_group_there_is_no_account(client: Client, idp: Provider) -> None:
    for groups in ([], ["somebody"]):
        answer = come_back(client, idp.response(begin(client), groups))
        assert answer.status_code == 403
        assert "none of your groups" in answer.content.decode()
    assert not User.objects.exists()


def changed(response: str) -> str:
    return base64.b64encode(base64.b64decode(response).replace(b">1</saml:NameID>", b">2</saml:NameID>")).decode()


WRONG: dict[str, Callable[[Provider, str], str]] = {
    "unsigned": lambda idp, asked: idp.response(asked, signed=False),
    "signed by another key": lambda idp, asked: Provider().response(asked),
    "changed after it was signed": lambda idp, asked: changed(idp.response(asked)),
    "for another audience": lambda idp, asked: idp.response(asked, audience="https://other.example.com"),
    "of another provider": lambda idp, asked: idp.response(asked, issuer="https://evil.example.com"),
    "expired": lambda idp, asked: idp.response(asked, age=timedelta(minutes=20)),
    "from the future": lambda idp, asked: idp.response(asked, age=timedelta(minutes=-20)),
    "not XML": lambda idp, asked: base64.b64encode(b"<nothing").decode(),
    "not base64": lambda idp, asked: "%%%",
    "empty": lambda idp, asked: "",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_response_is_refused_that_is(client: Client, idp: Provider, wrong: str) -> None:
    answer = come_back(client, WRONG[wrong](idp, begin(client)))
    assert answer.status_code in (401, 502)
    assert "Sign-in failed" in answer.content.decode() or "can’t be reached" in answer.content.decode()
    assert not is_signed_in(client)
    assert not User.objects.exists()


def test_a_response_is_good_once(client: Client, idp: Provider) -> None:
    response = idp.response(begin(client))
    come_back(client, response)
    client.post("/accounts/logout/")
    answer = come_back(client, response)
    assert answer.status_code == 403
    assert "This sign-in is out of date" in answer.content.decode()
    assert not is_signed_in(client)


def test_a_response_is_good_in_the_browser_that_asked(client: Client, idp: Provider) -> None:
    asked = begin(client)
    other = browser()
    assert come_back(other, idp.response(asked)).status_code == 403
    assert not is_signed_in(other)


def test_nobody_is_signed_in_who_did_not_ask(client: Client, idp: Provider) -> None:
    response = base64.b64encode(
        base64.b64decode(idp.response("x", signed=False)).replace(b' InResponseTo="x"', b"")
    ).decode()
    come_back(client, response)
    assert not is_signed_in(client)


def test_the_metadata_tell_the_provider_where_to_send_people(client: Client) -> None:
    page = client.get("/accounts/saml/console/metadata/")
    assert page.headers["Content-Type"] == "application/samlmetadata+xml"
    text = page.content.decode()
    assert f'entityID="{PORTAL}/metadata/"' in text
    assert f'Location="{PORTAL}/acs/"' in text
    assert "SingleLogoutService" not in text

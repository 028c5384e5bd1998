"""Are SMS settings that can't work said before the first message, with what to do, and without a secret?"""

from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from hexenroll.sms_checks import check_sms
from invitations.channels.sms import PROVIDERS
from tests.invitations.twilio_account import ACCOUNT_SID, SETTINGS

pytestmark = pytest.mark.once

TWILIO = {**SETTINGS, "TWILIO_BASE_URL": "https://api.twilio.com"}
KEY = {"TWILIO_API_KEY_SID": "SK" + "1" * 32, "TWILIO_API_KEY_SECRET": "sesame-key"}
APPRISE = {"SMS_PROVIDER": "apprise", "APPRISE_URL": "json://localhost/{to}"}


def check(**settings: Any) -> list[CheckMessage]:
    """Return what the check finds; nobody's secret is part of it."""
    with override_settings(**settings):
        found = check_sms(None)
    assert all(message.hint for message in found)
    assert "sesame" not in str([(message.msg, message.hint) for message in found])
    assert "token-of-the-account" not in str([(message.msg, message.hint) for message in found])
    return found


def test_the_defaults_are_fine() -> None:
    assert check() == []


@pytest.mark.parametrize(
    "settings",
    [
        TWILIO,
        {**TWILIO, **KEY},
        {**TWILIO, "TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG" + "a" * 32},
        {**TWILIO, "TWILIO_FROM": "12345"},
        {**TWILIO, "TWILIO_FROM": "Example IT"},
        # A simulator may have other numbers, and may be on this machine.
        {
            **TWILIO,
            "TWILIO_ACCOUNT_SID": "ACtest",
            "TWILIO_BASE_URL": "http://127.0.0.1:9",
            "PUBLIC_URL": "http://localhost",
        },
        APPRISE,
        {"SMS_PROVIDER": "file"},
        {"SMS_PROVIDER": "console"},
    ],
)
def test_settings_that_work_are_fine(settings: dict[str, Any]) -> None:
    assert check(**settings) == []


def test_an_unknown_provider_is_answered_with_the_known_ones() -> None:
    [error] = check(SMS_PROVIDER="twillio")
    assert (error.id, error.msg) == ("hexenroll.E020", "SMS_PROVIDER is 'twillio', which is no provider.")
    assert all(name in str(error.hint) for name in PROVIDERS)


@pytest.mark.parametrize(
    ("changed", "code", "text"),
    [
        ({"TWILIO_ACCOUNT_SID": ""}, "E021", "TWILIO_ACCOUNT_SID is not set"),
        ({"TWILIO_AUTH_TOKEN": ""}, "E021", "neither TWILIO_AUTH_TOKEN nor an API key is set"),
        ({"TWILIO_API_KEY_SID": KEY["TWILIO_API_KEY_SID"]}, "E025", "only one is set"),
        ({"TWILIO_API_KEY_SECRET": "sesame-key"}, "E025", "only one is set"),
        ({"TWILIO_FROM": ""}, "E022", "neither TWILIO_FROM nor TWILIO_MESSAGING_SERVICE_SID is set"),
        ({"TWILIO_MESSAGING_SERVICE_SID": "MG" + "a" * 32}, "E022", "Both TWILIO_FROM and"),
        ({"TWILIO_ACCOUNT_SID": "SK" + "1" * 32}, "E023", "TWILIO_ACCOUNT_SID is not one that Twilio gives out"),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT_SID + "0"}, "E023", "TWILIO_ACCOUNT_SID is not one that Twilio gives out"),
        ({**KEY, "TWILIO_API_KEY_SID": ACCOUNT_SID}, "E023", "TWILIO_API_KEY_SID is not one"),
        ({"TWILIO_FROM": "0171 123456"}, "E023", "TWILIO_FROM is '0171 123456', which can't send"),
        ({"TWILIO_FROM": "A name too long"}, "E023", "which can't send"),
    ],
)
def test_twilio_settings_that_can_not_work_are_errors(changed: dict[str, str], code: str, text: str) -> None:
    found = [message for message in check(**{**TWILIO, **changed}) if message.is_serious()]
    assert [message.id for message in found] == [f"hexenroll.{code}"]
    assert text in found[0].msg


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("", "APPRISE_URL is not set"),
        ("json://sesame@localhost/", "has no {to}"),
        ("nonsense://sesame@localhost/{to}", "apprise can't use APPRISE_URL"),
    ],
)
def test_an_apprise_url_that_can_not_work_is_an_error(url: str, text: str) -> None:
    [error] = check(SMS_PROVIDER="apprise", APPRISE_URL=url)
    assert error.id == "hexenroll.E024"
    assert text in error.msg


@pytest.mark.parametrize(
    ("settings", "code", "text"),
    [
        ({**TWILIO, **KEY, "TWILIO_AUTH_TOKEN": ""}, "W026", "TWILIO_AUTH_TOKEN is not set"),
        ({**TWILIO, "PUBLIC_URL": "http://127.0.0.1:8000"}, "W026", "PUBLIC_URL is this machine alone"),
        ({**TWILIO, "TWILIO_BASE_URL": "http://proxy.example.com"}, "W027", "is not encrypted"),
        ({**TWILIO, "SMS_PROVIDER": ""}, "W028", "TWILIO_ACCOUNT_SID is set, but SMS_PROVIDER is ''"),
        ({**APPRISE, "SMS_PROVIDER": "file"}, "W028", "APPRISE_URL is set, but SMS_PROVIDER is 'file'"),
    ],
)
def test_settings_that_are_doubtful_are_warnings(settings: dict[str, Any], code: str, text: str) -> None:
    [warning] = check(**settings)
    assert warning.id == f"hexenroll.{code}"
    assert not warning.is_serious()
    assert text in warning.msg

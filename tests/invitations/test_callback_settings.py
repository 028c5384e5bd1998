"""Is it said that a mail service can't report, and what to do about it?"""

from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from hexenroll.callback_checks import check_reports_of_mails

pytestmark = pytest.mark.once


def check(provider: str, **anymail: Any) -> list[CheckMessage]:
    given = {"EMAIL_PROVIDER": provider, "ANYMAIL": anymail, "PUBLIC_URL": "https://portal.example.com"}
    with override_settings(**given):
        found = check_reports_of_mails(None)
    assert "sesame" not in str([(message.msg, message.hint) for message in found])
    return found


@pytest.mark.parametrize(
    ("provider", "anymail"),
    [
        ("", {}),
        ("scaleway", {}),  # has no reports
        ("postmark", {"WEBHOOK_SECRET": "name:sesame"}),
        ("postmark", {"WEBHOOK_SECRET": ["old:sesame", "new:sesame"]}),
        ("mailgun", {"MAILGUN_WEBHOOK_SIGNING_KEY": "sesame"}),
    ],
)
def test_settings_that_work_are_fine(provider: str, anymail: dict[str, Any]) -> None:
    assert check(provider, **anymail) == []


def test_without_a_secret_the_warning_names_the_settings_and_the_address() -> None:
    [warning] = check("mailgun", MAILGUN_API_KEY="sesame")
    assert warning.id == "hexenroll.W029"
    assert "Set ANYMAIL_WEBHOOK_SECRET or ANYMAIL_MAILGUN_WEBHOOK_SIGNING_KEY" in str(warning.hint)
    assert "https://portal.example.com/webhooks/mail/" in str(warning.hint)
    [other] = check("postmark")
    assert "Set ANYMAIL_WEBHOOK_SECRET, and" in str(other.hint)


@pytest.mark.parametrize("secret", ["sesame", ":sesame", "sesame:", ["a:sesame", "sesame"], {"a": "sesame"}, [7], True])
def test_a_secret_that_is_no_name_and_password_is_an_error(secret: Any) -> None:
    [error] = check("postmark", WEBHOOK_SECRET=secret)
    assert error.id == "hexenroll.E026"
    assert "name:password" in error.msg

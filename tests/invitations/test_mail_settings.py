"""Is each way to send mail one setting, and is a wrong one said with what to do and without its secret?"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from hexenroll.environment import Environment, Problem
from hexenroll.mail_checks import CHECKS
from hexenroll.mail_settings import (
    PROVIDERS,
    MailServer,
    anymail_settings,
    mail_domain,
    mail_provider,
    mail_server,
)
from tests.portal import ROOT

pytestmark = pytest.mark.once
SMTP = "django.core.mail.backends.smtp.EmailBackend"
PUBLIC = {"PUBLIC_URL": "https://portal.example.com"}


def run(tmp_path: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with the settings on a data folder of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EMAIL_", "ANYMAIL_"))}
    given = {**inherited, "HEXENROLL_DATA": str(tmp_path / "data"), **environment}
    python = [sys.executable, "-W", "ignore", "manage.py"]
    return subprocess.run([*python, *command], cwd=ROOT, env=given, capture_output=True, text=True)


def settings_of(tmp_path: Path, names: list[str], **environment: str) -> dict[str, Any]:
    script = f"import json; from django.conf import settings as s; print(json.dumps([getattr(s, n) for n in {names}]))"
    answer = run(tmp_path, "shell", "--no-imports", "-c", script, **environment)
    assert answer.returncode == 0, answer.stderr
    return dict(zip(names, json.loads(answer.stdout), strict=True))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict[str, Any], list[Problem]]]:
    """Return a function that reads the settings of anymail from an environment, and what is wrong there."""

    def reading(**environment: str) -> tuple[dict[str, Any], list[Problem]]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        env = Environment()
        mail_provider(env)
        return anymail_settings(env), env.problems

    return reading


def found_by_checks() -> list[str]:
    """Return what the checks of mail find wrong with the settings of this process."""
    found = [message for check in CHECKS for message in check(None)]
    return [f"{message.id} {message.msg} {message.hint}" for message in found]


@pytest.fixture
def mail_settings(settings: Settings) -> Callable[..., None]:
    """Return a function that sets what a URL, a provider and other settings come to."""

    def put(
        url: str = "mailbox://", provider: str = "", public: str = "https://portal.example.com", **more: Any
    ) -> None:
        server = mail_server(url)
        settings.PUBLIC_URL, settings.EMAIL_PROVIDER, settings.EMAIL_URL_BACKEND = public, provider, server.backend
        settings.EMAIL_BACKEND = f"anymail.backends.{provider}.EmailBackend" if provider else server.backend
        settings.EMAIL_HOST, settings.EMAIL_HOST_PASSWORD = server.host, server.password
        settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = server.starts_tls, server.is_tls
        settings.EMAIL_FILE_PATH = server.folder
        for name, value in more.items():
            setattr(settings, name, value)

    return put


# --- EMAIL_URL -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", MailServer(SMTP, "localhost", 25)),
        ("smtp://mail.example.com:2525/", MailServer(SMTP, "mail.example.com", 2525)),
        ("smtp+tls://mail.example.com", MailServer(SMTP, "mail.example.com", 587, starts_tls=True)),
        ("smtp+ssl://mail.example.com", MailServer(SMTP, "mail.example.com", 465, is_tls=True)),
        ("smtps://mail.example.com", MailServer(SMTP, "mail.example.com", 465, is_tls=True)),
        ("smtps://mail.example.com:465", MailServer(SMTP, "mail.example.com", 465, is_tls=True)),
        ("smtps://mail.example.com:587", MailServer(SMTP, "mail.example.com", 587, starts_tls=True)),
        (
            "smtp+tls://me%40example.com:p%2Fa%23s%3Fs+%25@[::1]:587",
            MailServer(SMTP, "::1", 587, "me@example.com", "p/a#s?s+%", starts_tls=True),
        ),
        ("mailbox://", MailServer("invitations.channels.mailbox.EmailBackend")),
        ("consolemail://-", MailServer("django.core.mail.backends.console.EmailBackend")),
        ("dummymail://", MailServer("django.core.mail.backends.dummy.EmailBackend")),
        (
            "filemail:///var/my%20mails",
            MailServer("invitations.channels.mail_files.EmailBackend", folder="/var/my mails"),
        ),
    ],
)
def test_each_way_is_one_url(url: str, server: MailServer) -> None:
    assert mail_server(url) == server


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mail.example.com", "must start with one of: smtp://, smtp+ssl://, smtp+tls://, smtps://, consolemail://"),
        ("http://me:sesame@mail.example.com", "must start with one of"),
        ("smtp://", "names no host: write it like smtp+tls://user:password@mail.example.com:587"),
        ("smtp://:25", "names no host"),
        ("smtp://mail.example.com:mail", "is not a URL"),
        ("smtp://mail.example.com:99999", "is not a URL"),
        ("smtp://me:se/sesame@mail.example.com", "is not a URL (in a password, write / as %2F"),
        ("smtp://me:sesame@mail.example.com/x", "has something behind the port"),
        ("smtp://me:sesame@mail.example.com?tls=1", "has something behind the port"),
        ("smtp://me:sesame@mail.example.com#x", "has something behind the port"),
        ("smtp://me@mail.example.com", "has a user name without a password"),
        ("smtp://:sesame@mail.example.com", "has a user name without a password, or a password without a user name"),
        ("smtp://me:sesäme@mail.example.com", "characters outside ASCII"),
        ("filemail://mails", "names no folder: write filemail:///var/mails, with three slashes"),
        ("filemail://", "names no folder"),
    ],
)
def test_an_impossible_url_is_said_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ValueError, match="") as raised:
        mail_server(url)
    assert message in str(raised.value)
    assert "ses" not in str(raised.value)


def test_without_any_mail_setting_mails_stay_in_the_development_mailbox(tmp_path: Path) -> None:
    found = settings_of(tmp_path, ["EMAIL_BACKEND", "EMAIL_TIMEOUT", "ANYMAIL", "DEFAULT_FROM_EMAIL"])
    assert found["EMAIL_BACKEND"] == "invitations.channels.mailbox.EmailBackend"
    assert found["EMAIL_TIMEOUT"] == found["ANYMAIL"]["REQUESTS_TIMEOUT"] == 20
    assert found["DEFAULT_FROM_EMAIL"] == "hexenroll@localhost"


def test_a_url_and_a_timeout_reach_django(tmp_path: Path) -> None:
    expected = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "mail.example.com", "EMAIL_PORT": 587, "EMAIL_HOST_USER": "me"}
    expected |= {"EMAIL_HOST_PASSWORD": "sesame", "EMAIL_USE_TLS": True, "EMAIL_USE_SSL": False, "EMAIL_TIMEOUT": 7}
    given = {"EMAIL_URL": "smtp+tls://me:sesame@mail.example.com", "HEXENROLL_EMAIL_TIMEOUT": "7"}
    assert settings_of(tmp_path, [*expected], **given) == expected


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("portal.example.com", "portal.example.com"),
        ("127.0.0.1", "localhost"),
        ("::1", "localhost"),
        (None, "localhost"),
    ],
)
def test_the_portals_own_address_is_at_its_host(host: str | None, domain: str) -> None:
    assert mail_domain(host) == domain


# --- EMAIL_PROVIDER --------------------------------------------------------------------------------------
def test_the_providers_are_those_of_anymail() -> None:
    wanted = [
        "amazon_ses",
        "brevo",
        "mailersend",
        "mailgun",
        "mailjet",
        "mandrill",
        "postmark",
        "resend",
        "scaleway",
        "sendgrid",
        "sparkpost",
    ]
    assert {*wanted, "unisender_go"} <= set(PROVIDERS)
    assert not {"base", "base_requests", "console", "test", "sendinblue"} & set(PROVIDERS)


def test_the_settings_of_a_provider_reach_anymail(
    tmp_path: Path, read: Callable[..., tuple[dict[str, Any], list[Problem]]]
) -> None:
    (tmp_path / "key").write_text("the-key\n")
    found, problems = read(
        EMAIL_PROVIDER="Mailgun",
        ANYMAIL_MAILGUN_API_KEY_FILE=str(tmp_path / "key"),
        ANYMAIL_MAILGUN_SENDER_DOMAIN="mg.example.com",
        ANYMAIL_WEBHOOK_SECRET="12345",
        ANYMAIL_SEND_DEFAULTS='{"tags": ["portal"]}',
        ANYMAIL_IGNORE_UNSUPPORTED_FEATURES="no",
        ANYMAIL_REQUESTS_TIMEOUT="9",
        ANYMAIL_POSTMARK_SERVER_TOKEN="",
    )
    assert problems == []
    assert found == {
        "MAILGUN_API_KEY": "the-key",
        "MAILGUN_SENDER_DOMAIN": "mg.example.com",
        "WEBHOOK_SECRET": "12345",
        "SEND_DEFAULTS": {"tags": ["portal"]},
        "IGNORE_UNSUPPORTED_FEATURES": False,
        "REQUESTS_TIMEOUT": 9,
    }


@pytest.mark.parametrize("name", ["mailgun", "Mailgun", "unisender-go", "Amazon SES"])
def test_a_provider_may_be_written_as_people_write_it(
    read: Callable[..., tuple[dict[str, Any], list[Problem]]], name: str
) -> None:
    assert read(EMAIL_PROVIDER=name)[1] == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("EMAIL_PROVIDER", "mailgunn", "hexenroll.E010 EMAIL_PROVIDER is 'mailgunn', which is no provider"),
        ("EMAIL_PROVIDER", "mailgunn", "Did you mean mailgun? The known ones are: amazon_ses, brevo,"),
        ("EMAIL_PROVIDER", "test", "hexenroll.E010"),
        ("ANYMAIL_SEND_DEFAULTS", "{sesame", "hexenroll.E002 ANYMAIL_SEND_DEFAULTS looks like JSON and is none"),
        ("ANYMAIL_REQUESTS_TIMEOUT", "0", "ANYMAIL_REQUESTS_TIMEOUT must be a whole number of seconds from 1 to 120"),
        ("ANYMAIL_DEBUG_API_REQUESTS", "perhaps", "ANYMAIL_DEBUG_API_REQUESTS must be true or false"),
        ("ANYMAIL_BREVO_API_KEY_FILE", "/nowhere", "hexenroll.E003 ANYMAIL_BREVO_API_KEY_FILE names a file"),
    ],
)
def test_what_can_not_be_read_is_an_error_with_a_way_out(
    read: Callable[..., tuple[dict[str, Any], list[Problem]]], name: str, value: str, expected: str
) -> None:
    (problem,) = read(**{name: value})[1]
    assert expected in f"{problem.id} {problem.message} {problem.hint}"
    assert "sesame" not in f"{problem}"


# --- the checks ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"provider": "mailgun"},
            "hexenroll.E011 EMAIL_PROVIDER is 'mailgun' and can't be used: ANYMAIL_MAILGUN_API_KEY is not set. "
            "Set ANYMAIL_MAILGUN_API_KEY (or ANYMAIL_MAILGUN_API_KEY_FILE), or unset EMAIL_PROVIDER",
        ),
        ({"provider": "postmark"}, "Set ANYMAIL_POSTMARK_SERVER_TOKEN (or ANYMAIL_POSTMARK_SERVER_TOKEN_FILE)"),
        (
            {"provider": "amazon_ses"},
            "hexenroll.E011 EMAIL_PROVIDER is 'amazon_ses' and can't be used: The boto3 package",
        ),
        ({"DEFAULT_FROM_EMAIL": "IT department"}, "hexenroll.E012 DEFAULT_FROM_EMAIL is 'IT department'"),
        ({"DEFAULT_FROM_EMAIL": "IT\r\nBcc: <a@example.com>"}, "that is no e-mail address. Write it like"),
        ({"url": "filemail:///dev/null/mails"}, "hexenroll.E013 EMAIL_URL can't be used: Could not create directory"),
        ({"url": "smtp://localhost", "public": "http://127.0.0.1:8000"}, "hexenroll.W010 Mails go out, and the links"),
        ({"url": "smtp://localhost", "public": "http://localhost"}, "Set PUBLIC_URL to the address under which"),
        (
            {"url": "smtp://me:sesame@mail.example.com"},
            "hexenroll.W011 The password of the mail server mail.example.com crosses the network in clear.",
        ),
        (
            {"url": "smtp://localhost", "provider": "mailgun", "ANYMAIL": {"MAILGUN_API_KEY": "sesame"}},
            "hexenroll.W012 EMAIL_URL has no effect: mails go through EMAIL_PROVIDER.",
        ),
        ({"ANYMAIL": {"MAILGUN_API_KEY": "sesame"}}, "hexenroll.W013 The ANYMAIL_ settings have no effect"),
    ],
)
def test_what_can_not_work_or_is_hardly_meant_is_said_with_a_way_out(
    mail_settings: Callable[..., None], changed: dict[str, Any], expected: str
) -> None:
    mail_settings(**changed)
    (found,) = found_by_checks()
    assert expected in found
    assert "sesame" not in found


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"public": "http://127.0.0.1:8000"},
        {"url": "smtp+tls://me:sesame@mail.example.com"},
        {"url": "smtp://me:sesame@localhost"},
        {"provider": "mailgun", "ANYMAIL": {"MAILGUN_API_KEY": "sesame"}},
        {"DEFAULT_FROM_EMAIL": "IT department <it@example.com>"},
    ],
)
def test_what_can_work_is_met_with_silence(mail_settings: Callable[..., None], changed: dict[str, Any]) -> None:
    mail_settings(**changed)
    assert found_by_checks() == []


def test_manage_py_says_it_all_at_once_and_no_secret(tmp_path: Path) -> None:
    given = {"EMAIL_URL": "smtp://me:sesame@", "EMAIL_PROVIDER": "mailgunn", "HEXENROLL_EMAIL_TIMEOUT": "121"}
    given |= {"DEFAULT_FROM_EMAIL": "IT", "ANYMAIL_MAILGUN_API_KEY": "sesame"}
    answer = run(tmp_path, "check", **given)
    assert answer.returncode == 1
    assert "(hexenroll.E002) EMAIL_URL names no host" in answer.stderr
    assert "Correct EMAIL_URL, or unset it to use the default." in answer.stderr
    assert (
        "(hexenroll.E002) HEXENROLL_EMAIL_TIMEOUT is '121': it must be a whole number from 1 to 120." in answer.stderr
    )
    assert "(hexenroll.E010) EMAIL_PROVIDER is 'mailgunn'" in answer.stderr
    assert "(hexenroll.E012) DEFAULT_FROM_EMAIL is 'IT'" in answer.stderr
    assert "(hexenroll.W013)" in answer.stderr
    assert "sesame" not in answer.stderr + answer.stdout


def test_manage_py_has_nothing_to_say_about_mail_by_default(tmp_path: Path) -> None:
    answer = run(tmp_path, "check", "--deploy", **PUBLIC)
    assert "hexenroll.E01" not in answer.stderr
    assert "hexenroll.W01" not in answer.stderr

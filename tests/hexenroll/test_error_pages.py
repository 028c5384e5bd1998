"""What people read when a request can't be answered."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.utils.module_loading import import_string

from hexenroll.masked_log import MaskedFormatter
from tests.conftest import sign_in

pytestmark = pytest.mark.django_db


def test_an_unknown_address_is_a_page_in_the_console_for_staff(stranger_client: Client) -> None:
    response = stranger_client.get("/no/such/page/")
    page = response.content.decode()
    assert response.status_code == 404
    assert "Nothing has this address (any more)." in page
    assert 'id="nav-sidebar"' in page


def test_an_unknown_address_tells_nothing_of_the_console_to_others(client: Client) -> None:
    response = client.get("/no/such/page/")
    page = response.content.decode()
    assert response.status_code == 404
    assert "Nothing has this address (any more)." in page
    assert 'id="nav-sidebar"' not in page
    assert "Sign in" in page


def test_a_missing_permission_says_whom_to_ask(stranger_client: Client) -> None:
    response = stranger_client.get("/enroll/pre-approve/")
    assert response.status_code == 403
    assert "Ask an administrator to add it to your account" in response.content.decode()


def test_a_form_of_another_session_says_what_to_do() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()
    assert "send the form once more" in response.content.decode()


def test_what_is_no_request_of_ours_is_a_page_with_400(administrator_client: Client) -> None:
    many = {f"field-{number}": "" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    response = administrator_client.post("/enroll/pre-approve/new/", many, "application/x-www-form-urlencoded")
    assert response.status_code in (400, 403, 422)
    response = administrator_client.post(
        "/enroll/pre-approve/new/", "&".join(many), content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 400
    assert "load the page again" in response.content.decode()


def test_a_failure_of_the_program_is_a_page_that_needs_nothing_else() -> None:
    page = render_to_string("500.html")
    assert "Something went wrong on the server" in page
    assert "{%" not in page
    assert "<script" not in page
    assert "<link" not in page


def test_no_error_page_shows_how_the_program_is_made(administrator: object, db: None) -> None:
    for path in ("/no/such/page/", "/enroll/pre-approve/999999/"):
        page = sign_in(administrator).get(path).content.decode()  # type: ignore[arg-type]
        assert "Traceback" not in page
        assert str(Path(settings.BASE_DIR)) not in page


# --- requests that any stranger can send -----------------------------------------------------------------
def logged(capsys: pytest.CaptureFixture[str], ask: Callable[[], object]) -> list[str]:
    """Return the lines that the portal's own handler writes while something is asked."""
    handler = logging.StreamHandler(sys.stderr)
    logging_settings: Any = settings.LOGGING
    configured = logging_settings["handlers"]["stderr"]["filters"]
    for name in configured:
        handler.addFilter(import_string(logging_settings["filters"][name]["()"])())
    handler.setFormatter(MaskedFormatter(logging_settings["formatters"]["line"]["format"]))
    logging.getLogger().addHandler(handler)
    try:
        capsys.readouterr()
        ask()
        return capsys.readouterr().err.splitlines()
    finally:
        logging.getLogger().removeHandler(handler)


def test_a_wrong_host_is_one_short_line_in_the_log(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    host = "evil.example.com" + "x" * 5000
    (line,) = logged(capsys, lambda: client.get("/healthz/no", headers={"Host": host}))
    assert " WARNING django.security.DisallowedHost: Invalid HTTP_HOST header: 'evil.example.com" in line
    assert len(line) < 400


def test_too_many_fields_at_a_callback_are_one_line_here_and_one_there(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    many = "&".join(f"f{number}=" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    answers: list[Any] = []

    def ask() -> None:
        answers.append(client.post("/webhooks/twilio/", many, content_type="application/x-www-form-urlencoded"))

    with override_settings(SMS_PROVIDER="twilio", TWILIO_ACCOUNT_SID="AC" + "0" * 32, TWILIO_AUTH_TOKEN="t" * 32):
        lines = logged(capsys, ask)
    (answer,) = answers
    assert answer.status_code == 400
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().startswith("This request can't be read\n")
    assert "<" not in answer.content.decode()
    assert [" WARNING django.security.TooManyFieldsSent: " in line for line in lines] == [True]

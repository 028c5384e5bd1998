"""What people read when a request can't be answered."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

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
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x", "password": "y"})
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

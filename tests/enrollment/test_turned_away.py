"""Is a request to enroll recorded that never came to the gate, with what it said and what was wrong with it?"""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.test.client import FakePayload
from pytest_django.fixtures import Settings

from enrollment import limits
from enrollment.models import EnrollmentAttempt
from tests.enrollment.attempts import LIST
from tests.enrollment.knocking import invited, knock, with_password, with_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]

URL = "/api/v1/enroll"


def send(body: Any, content_type: str = "application/json", **headers: Any) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().generic("POST", URL, data, content_type, **headers).status_code


def problems() -> list[tuple[str, str]]:
    return list(EnrollmentAttempt.objects.order_by("pk").values_list("reason", "problem"))


def test_a_request_that_can_not_be_understood_is_recorded_with_what_it_said_and_what_was_wrong() -> None:
    body = {
        "serial_number": "C02xG2JHJG5J",
        "platform": "iOS",
        "method": "self",
        "os_version": "17.1",
        "hardware_uuid": "4A3E",
        "hardware": {"manufacturer": "Apple", "model": "iPhone15,4"},
    }
    assert send(body, HTTP_USER_AGENT="curl/8", REMOTE_ADDR="192.0.2.7") == 400
    attempt = EnrollmentAttempt.objects.get()
    assert {name: getattr(attempt, name) for name in body if name != "hardware"} == {
        name: text for name, text in body.items() if name != "hardware"
    }
    assert (attempt.manufacturer, attempt.model) == ("Apple", "iPhone15,4")
    assert (attempt.reason, attempt.is_let_in) == ("invalid", False)
    assert (attempt.address, attempt.user_agent) == ("192.0.2.7", "curl/8")
    assert attempt.problem == "platform: This must be one of: android, ios, macos, linux, tvos, windows."


def test_its_page_names_the_wrong_field_and_the_list_finds_it(administrator_client: Client) -> None:
    send({"serial_number": "C02XG2JHJG5J", "platform": "<b>ios", "method": "self"})
    attempt = EnrollmentAttempt.objects.get()
    page = administrator_client.get(f"{LIST}{attempt.pk}/change/").content.decode()
    assert "platform: This must be one of: android, ios" in page
    assert "It told no platform that is known here." in page
    assert "<b>ios" not in page
    found = administrator_client.get(f"{LIST}?reason__exact=invalid").context["cl"].result_list
    assert [row.pk for row in found] == [attempt.pk]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "problem"),
    [
        (b"\xff\xfe", "application/json", 400, "The body is not JSON"),
        (b"[]", "application/json", 400, "The body must be a JSON object."),
        (b"{}", "application/json", 400, "platform: This field is required. method: This field is required."),
        (b'{"x": "' + b"x" * 70_000 + b'"}', "application/json", 413, "The body may have 65536 bytes."),
        (b"a=b", "application/x-www-form-urlencoded", 415, "Send JSON"),
    ],
)
def test_whatever_can_not_be_understood_is_recorded(body: bytes, content_type: str, status: int, problem: str) -> None:
    assert send(body, content_type) == status
    ((reason, found),) = problems()
    assert reason == "invalid"
    assert found.startswith(problem)


def test_a_body_of_unknown_length_and_one_that_was_cut_off_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert send({}, **headers) == 411

    def cut_off(*_args: Any) -> bytes:
        raise ConnectionResetError("the request's body ended 5 bytes too early")

    monkeypatch.setattr(FakePayload, "read", cut_off)
    assert send({}) == 400
    assert problems() == [
        ("invalid", "Say the length of the body: Content-Length."),
        ("invalid", "The body was cut off."),
    ]


@pytest.mark.parametrize("wrong", ["a\x00b", "\ud800", "x" * 101, 7, ["C02"]])
def test_of_a_serial_number_that_can_not_be_nothing_is_left_that_could_be_approved(wrong: object) -> None:
    assert send({"serial_number": wrong, "platform": "ios", "method": "self"}) == 400
    attempt = EnrollmentAttempt.objects.get()
    assert (attempt.serial_number, attempt.platform) == ("", "ios")
    assert attempt.problem.startswith("serial_number: ")


def test_no_credentials_are_recorded() -> None:
    secrets = {"token": "t0ken", "email": "ada@example.com", "password": "quiet-otter"}
    assert send({"platform": "ios", "method": "self", **secrets}) == 400
    assert send({"platform": "ios", "method": "self", "password": "quiet-otter"}) == 400
    for attempt in EnrollmentAttempt.objects.values():
        assert not [secret for secret in secrets.values() if secret in str(attempt)]


def test_another_method_is_no_attempt() -> None:
    assert Client().get(URL).status_code == 405
    assert problems() == []


def test_one_request_too_many_is_recorded_with_what_it_said(settings: Settings) -> None:
    settings.HEXENROLL_ENROLL_RATE_BY_SERIAL = 1
    body = with_token(invited(), token=None, serial_number="C02XG2JHJG5J")
    assert [knock(body)[0] for _number in range(2)] == [403, 429]
    last = EnrollmentAttempt.objects.earliest("-pk")
    assert (last.reason, last.serial_number, last.model) == ("too_many", "C02XG2JHJG5J", "MacBookPro18,1")


def test_who_asks_for_a_locked_account_is_recorded() -> None:
    body = with_password(invited(), password="wrong-horse-9")
    assert [knock(body)[0] for _guess in range(6)] == [403] * 5 + [429]
    assert [reason for reason, _problem in problems()] == ["bad_credentials"] * 5 + ["too_many"]


def test_while_nobody_can_count_guesses_those_who_are_asked_to_wait_are_recorded(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    assert knock(with_token(invited()))[0] == 503
    assert send(b"{}") == 400
    assert [reason for reason, _problem in problems()] == ["unavailable", "invalid"]


def test_of_a_flood_some_is_recorded_and_all_of_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NOTED_BY_ADDRESS", 2)
    monkeypatch.setattr(limits, "NOTED", 5)
    here, there = {"REMOTE_ADDR": "2001:db8::1"}, {"REMOTE_ADDR": "192.0.2.8"}
    assert [send(b"{}", **here) for _number in range(3)] == [400] * 3
    assert send(b"{}", REMOTE_ADDR="2001:db8::2") == 400  # of the same subnet
    assert len(problems()) == 2
    assert [send(b"{}", **there) for _number in range(3)] == [400] * 3
    assert len(problems()) == 4
    for number in range(3):
        assert send(b"{}", REMOTE_ADDR=f"198.51.100.{number}") == 400
    assert len(problems()) == 5


def test_a_database_that_can_not_record_it_changes_nothing_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(**_values: object) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(EnrollmentAttempt.objects, "create", full)
    assert send(b"{}") == 400
    assert "a request that was turned away can't be recorded" in caplog.text

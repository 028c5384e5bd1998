"""What does the endpoint answer to what is no request, and to anything else that somebody may send?"""

import json
from typing import Any

import pytest
from django.db import DataError, InterfaceError, OperationalError
from django.test import Client
from django.test.client import FakePayload
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.models import Device
from enrollment import gate
from enrollment.reasons import LETS_IN, Reason
from tests.enrollment.knocking import choose, invited, knock, with_password, with_token
from tests.factories import DeviceUserFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/enroll"
CODES = {reason.value for reason in Reason} - {reason.value for reason in LETS_IN}


@pytest.fixture(autouse=True)
def _nobody_has_knocked(clear_counters: None) -> None:
    """Begin without anybody's wrong passwords."""


def send(body: bytes, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
    answer = Client().post(URL, body, content_type=content_type)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"\xff\xfe", "", "The body is not JSON"),
        (b"[]", "", "The body must be a JSON object."),
        (b'"x"', "", "The body must be a JSON object."),
        (b'{"x": NaN}', "", "The body is not JSON"),
        (b"[" * 60_000, "", "The body is not JSON"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "", "The body is not JSON"),
        (b"{}", "platform", "This field is required."),
        (b"{}", "method", "This field is required."),
        (b'{"platform": "beos"}', "platform", "This must be one of: android, ios, macos, linux, tvos, windows."),
        (b'{"platform": 7}', "platform", "This must be a text."),
        (b'{"method": "magic"}', "method", "This must be one of: email, sms"),
        (b'{"management_mode": "owner"}', "management_mode", "This must be one of: profile_owner, device_owner."),
        (b'{"serial_number": "a\\u0000b"}', "serial_number", "A character can't be stored"),
        (b'{"serial_number": "\\ud800"}', "serial_number", "A character can't be stored"),
        (b'{"serial_number": "' + b"x" * 101 + b'"}', "serial_number", "This may have 100 characters."),
        (b'{"hardware": []}', "hardware", "This must be a JSON object."),
        (b'{"hardware": {"a": {"b": {"c": {"d": {"e": {}}}}}}}', "hardware", "too large or too deep"),
        (b'{"hardware": {"a": "\\u0000"}}', "hardware", "A character can't be stored"),
        (b'{"email": "ada@example.com"}', "password", "belong together"),
        (b'{"token": "x", "email": "a@b.c", "password": "y"}', "token", "not both"),
    ],
)
def test_what_is_no_request_is_said_field_by_field(body: bytes, field: str, message: str) -> None:
    status, answer = send(body)
    assert (status, answer["code"]) == (400, "invalid")
    assert message in answer["errors"][field][0]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_read(content_type: str) -> None:
    status, answer = send(b"{}", content_type)
    assert (status, answer["code"]) == (415, "invalid")


def test_a_body_that_is_too_large_is_not_read() -> None:
    assert send(b'{"x": "' + b"x" * 70_000 + b'"}')[0] == 413


@pytest.mark.parametrize("length", ["-1", "1" * 5_000, "²", "x"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    answer = Client().post(URL, {}, content_type="application/json", CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()["code"]) == (413, "invalid")


def test_a_body_that_was_cut_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_args: Any) -> bytes:
        raise ConnectionResetError("the request's body ended 5 bytes too early")

    monkeypatch.setattr(FakePayload, "read", cut_off)
    status, answer = send(b"{}")
    assert (status, answer["errors"]) == (400, {"": ["The body was cut off."]})


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_answered(method: str) -> None:
    assert getattr(Client(), method)(URL).status_code == 405


def test_fields_that_nobody_knows_are_ignored() -> None:
    assert knock(with_token(invited(), new_field={"of": "a newer agent"}))[0] == 200


def test_an_answer_is_kept_by_nobody() -> None:
    answer = Client().post(URL, with_token(invited()), content_type="application/json")
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed"), DataError("impossible")])
def test_a_database_that_is_away_or_refuses_is_said(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def away(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(gate, "enroll", away)
    answer = Client().post(URL, with_token(invited()), content_type="application/json")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "30")


def test_a_bug_is_said_in_json_and_stands_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(gate, "enroll", wrong)
    client = Client(raise_request_exception=False)
    answer = client.post(URL, with_token(invited()), content_type="application/json")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "60")
    assert "ZeroDivisionError: a bug" in caplog.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("serial_number", "platform", "os_version", "method", "management_mode"),
    *("token", "email", "password", "hardware_uuid", "hardware"),
)
words = st.sampled_from(["android", "ios", "macos", "windows", "email", "agent", "qr", "profile_owner", "10", "", "x"])
bodies = st.dictionaries(st.sampled_from(FIELDS), words | json_values, max_size=10)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, st.booleans())
def test_whatever_is_sent_is_answered_by_a_known_code(body: dict[str, Any], demands_credentials: bool) -> None:
    choose(require_credentials=demands_credentials)
    status, answer = send(json.dumps(body).encode())
    assert status in (200, 400, 403, 429)
    assert status == 200 or answer["code"] in CODES


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FIELDS), words, max_size=10))
def test_with_the_restriction_nothing_that_is_not_on_the_list_comes_in(body: dict[str, Any]) -> None:
    choose(require_credentials=False, pre_approved_devices_only=True)
    assert send(json.dumps(body).encode())[0] != 200
    assert not Device.objects.exists()


def test_other_spellings_of_an_address_are_no_more_guesses() -> None:
    invitation = invited(user=DeviceUserFactory.create(email="pini@example.com"))
    for address in (
        "pini@example.com",
        "PINI@EXAMPLE.COM",
        "pIni@example.com",
        "p\u0130ni@example.com",
        "pin\u0130@example.com",
    ):
        assert knock(with_password(invitation, email=address, password="wrong-horse-9"))[0] == 403
    assert knock(with_password(invitation))[0] == 429


def test_the_right_password_forgets_the_wrong_ones() -> None:
    for _round in range(2):
        invitation = invited()
        user = invitation.device.user
        for _guess in range(4):
            knock(with_password(invitation, password="wrong-horse-9"))
        assert knock(with_password(invitation))[0] == 200, user


def test_one_serial_number_may_not_knock_all_the_time(settings: Any) -> None:
    settings.HEXENROLL_ENROLL_RATE_BY_SERIAL = 3
    invitation = invited()
    statuses = [knock(with_token(invitation, token="A" * 43))[0] for _request in range(4)]
    assert statuses == [403, 403, 403, 429]

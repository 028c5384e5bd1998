"""What does the portal keep of a check-in, and what does it say to one that can't be understood?"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from devices.models import Device, DeviceInventory, DevicePolicy
from enrollment.api.bounds import LARGEST
from enrollment.checkin_request import STATES
from tests.enrollment.enrolled import CHECKIN, ENROLLED_AT, ask, bearer, check_in, enrolled_device
from tests.factories import PolicyFactory

pytestmark = pytest.mark.django_db

WHOLE = {
    "os_version": "14.5",
    "battery": 0.83,
    "hardware": {"manufacturer": "Apple Inc.", "model": "Mac14,2", "memory": 17_179_869_184},
    "location": {"latitude": 52.52, "longitude": 13.405, "accuracy": 30, "at": "2026-11-02T10:30:00+01:00"},
}


def inventory(device: Device) -> DeviceInventory:
    return DeviceInventory.objects.get(device=device)


# --- what it keeps ---------------------------------------------------------------------------------------
def test_a_check_in_keeps_what_the_device_says_of_itself() -> None:
    device, token = enrolled_device()
    before = timezone.now()
    status, answer = check_in(token, WHOLE)
    assert status == 200
    assert answer == {"device_id": device.pk, "status": "enrolled", "etag": ask(token)["ETag"]}
    found = inventory(device)
    assert (found.os_version, found.battery) == ("14.5", 0.83)
    assert (found.manufacturer, found.model) == ("Apple Inc.", "Mac14,2")
    assert found.hardware == WHOLE["hardware"]
    assert (found.latitude, found.longitude, found.accuracy) == (52.52, 13.405, 30)
    assert found.located_at == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    assert found.ip_address == "127.0.0.1"
    assert found.last_seen_at >= before
    assert (found.enrolled_at, found.hardware_uuid) == (ENROLLED_AT, "7A1C")


def test_what_a_check_in_does_not_say_stays_as_it_was() -> None:
    device, token = enrolled_device()
    check_in(token, WHOLE)
    assert check_in(token, {})[0] == 200
    assert check_in(token, {"os_version": None, "hardware": None, "location": None, "policies": None})[0] == 200
    found = inventory(device)
    assert (found.os_version, found.battery, found.model, found.latitude) == ("14.5", 0.83, "Mac14,2", 52.52)


def test_a_location_without_a_time_is_of_now_and_none_is_of_tomorrow() -> None:
    device, token = enrolled_device()
    for at in (None, (timezone.now() + timedelta(hours=20)).isoformat()):
        check_in(token, {"location": {"latitude": -90, "longitude": 180, "at": at}})
        located_at = inventory(device).located_at
        assert located_at is not None
        assert timedelta() <= timezone.now() - located_at < timedelta(minutes=1)
    assert inventory(device).accuracy is None


def test_a_device_that_has_no_inventory_yet_gets_one() -> None:
    device, token = enrolled_device()
    DeviceInventory.objects.all().delete()
    assert check_in(token, WHOLE)[0] == 200
    assert inventory(device).os_version == "14.5"


def test_one_device_changes_nothing_of_another() -> None:
    other, _token = enrolled_device()
    check_in(enrolled_device()[1], WHOLE)
    assert inventory(other).os_version == "14.4"


# --- what became of policies -----------------------------------------------------------------------------
def with_policies(*names: str) -> tuple[Device, str, list[Any]]:
    policies = [PolicyFactory.create(name=name) for name in names]
    device, token = enrolled_device(policies=policies)
    ask(token)
    return device, token, policies


def states(device: Device) -> list[tuple[int, str, str]]:
    rows = DevicePolicy.objects.filter(device=device).order_by("policy")
    return list(rows.values_list("version", "state", "message"))


def report(policy: Any, state: str = "applied", version: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": policy.pk, "version": version, "state": state, **more}


def test_a_device_can_report_every_state_but_delivered() -> None:
    assert set(STATES) == set(DevicePolicy.State.values) - {DevicePolicy.State.DELIVERED}


def test_policies_are_applied_or_have_failed_as_the_device_reports() -> None:
    device, token, (first, second, _third) = with_policies("A", "B", "C")
    failed = report(second, "failed", message="No consent:\n\tthe user\r\nsaid no")
    assert check_in(token, {"policies": [report(first), failed]})[0] == 200
    assert states(device) == [
        (1, "applied", ""),
        (1, "failed", "No consent: the user said no"),
        (1, "delivered", ""),
    ]
    assert check_in(token, {"policies": [report(second)]})[0] == 200
    assert states(device)[1] == (1, "applied", "")


def test_the_same_report_again_is_no_change() -> None:
    _device, token, (policy,) = with_policies("A")
    check_in(token, {"policies": [report(policy)]})
    since = DevicePolicy.objects.get().changed_at
    check_in(token, {"policies": [report(policy)] * 3})
    assert DevicePolicy.objects.get().changed_at == since


def test_a_report_about_an_older_version_than_was_handed_out_is_ignored() -> None:
    device, token, (policy,) = with_policies("A")
    type(policy).objects.update(version=3)
    ask(token)
    for version in (1, 2, 4, 2**31 - 1):
        assert check_in(token, {"policies": [report(policy, version=version)]})[0] == 200
        assert states(device) == [(3, "delivered", "")]
    check_in(token, {"policies": [report(policy, version=3)]})
    assert states(device) == [(3, "applied", "")]


def test_a_report_about_a_policy_that_the_device_did_not_get_is_ignored() -> None:
    device, token, _policies = with_policies("A")
    other = PolicyFactory.create(name="Of others")
    reports = [report(other), {"id": 2**63 - 1, "version": 1, "state": "applied"}]
    assert check_in(token, {"policies": reports})[0] == 200
    assert states(device) == [(1, "delivered", "")]


def test_of_two_reports_about_one_policy_the_last_about_the_newest_version_stays() -> None:
    device, token, (policy,) = with_policies("A")
    type(policy).objects.update(version=2)
    ask(token)
    newest = [report(policy, version=2), report(policy, "failed", version=2, message="The disk is full.")]
    check_in(token, {"policies": [*newest, report(policy, version=1)]})
    assert states(device) == [(2, "failed", "The disk is full.")]


def test_a_report_says_nothing_of_the_policies_of_another_device() -> None:
    _device, token, (policy,) = with_policies("A")
    other, others_token = enrolled_device(policies=[policy])
    ask(others_token)
    check_in(token, {"policies": [report(policy)]})
    assert states(other) == [(1, "delivered", "")]


def test_a_thousand_reports_cost_the_statements_of_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # Who it is, what it says, and what it should have; SQLite writes the reports and the inventory one by one.
    statements = 3 if connection.vendor == "postgresql" else 4
    device, token = enrolled_device()
    first, *_others = policies = PolicyFactory.create_batch(1_000)
    device.policies.set(policies)
    ask(token)
    for reports in ([report(first, "failed")], [report(policy) for policy in policies]):
        with django_assert_num_queries(statements):
            assert check_in(token, {"policies": reports})[0] == 200
    assert set(states(device)) == {(1, "applied", "")}


# --- what can't be understood ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"", "", "The body is not JSON"),
        (b"\xff\xfe\x00", "", "The body is not JSON"),
        (b"[]", "", "The body must be a JSON object."),
        (b'{"battery": NaN}', "", "NaN is no number"),
        (b'{"battery": 1e400}', "", "1e400 is no number"),
        (b'{"hardware": {"a": -1e999}}', "", "-1e999 is no number"),
        (b'{"battery": ' + b"9" * 5_000 + b"}", "", "The body is not JSON"),
        (b'{"x": ' + b"[" * 100_000, "", "The body is not JSON"),
        ({"battery": 1.5}, "battery", "This must be a number from 0 to 1."),
        ({"battery": True}, "battery", "This must be a number from 0 to 1."),
        ({"battery": 10**4_000}, "battery", "This must be a number from 0 to 1."),
        ({"os_version": 14}, "os_version", "This must be a text."),
        ({"os_version": "x" * 65}, "os_version", "This may have 64 characters."),
        ({"os_version": "14\x00"}, "os_version", "A character can't be stored"),
        ({"os_version": "\ud800"}, "os_version", "A character can't be stored"),
        ({"hardware": []}, "hardware", "This must be a JSON object."),
        ({"hardware": {"a": "\x00"}}, "hardware", "A character can't be stored"),
        ({"hardware": {"a\x00": 1}}, "hardware", "A character can't be stored"),
        ({"hardware": {"a": "x" * 20_000}}, "hardware", "This is too large or too deep."),
        (b'{"hardware": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}", "hardware", "This is too large or too deep."),
        ({"location": "Berlin"}, "location", "This must be a JSON object."),
        ({"location": {}}, "location.latitude", "This field is required."),
        ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude", "from -90 to 90"),
        ({"location": {"latitude": 0, "longitude": "13"}}, "location.longitude", "from -180 to 180"),
        ({"location": {"latitude": 0, "longitude": 0, "accuracy": -1}}, "location.accuracy", "from 0 to 5e+07"),
        *(
            ({"location": {"latitude": 0, "longitude": 0, "at": at}}, "location.at", "This must be a time such as")
            for at in (
                "now",
                5,
                "2026-11-22",
                "2026-11-22T09:30:00",
                "9999-12-31T23:59:59+00:00",
                "0001-01-01T00:00+23:59",
            )
        ),
        ({"policies": {}}, "policies", "This must be a list of at most 1000 objects."),
        ({"policies": [{}] * 1_001}, "policies", "This must be a list of at most 1000 objects."),
        ({"policies": ["x"]}, "policies.0", "This must be a JSON object."),
        ({"policies": [{"version": 1, "state": "applied"}]}, "policies.0.id", "This must be a whole number from 1 to"),
        ({"policies": [{"id": 1, "version": 2**31, "state": "applied"}]}, "policies.0.version", "to 2147483647."),
        ({"policies": [{"id": 2**63, "version": 1, "state": "applied"}]}, "policies.0.id", "a whole number"),
        ({"policies": [{"id": 1, "version": 1}]}, "policies.0.state", "This field is required."),
        ({"policies": [{"id": 1, "version": 1, "state": "delivered"}]}, "policies.0.state", "one of: applied, failed."),
        ({"policies": [{"id": 1, "version": 1, "state": ["applied"]}]}, "policies.0.state", "This must be a text."),
        ({"policies": [{"id": 1, "version": 1, "state": "failed", "message": "x" * 501}]}, "policies.0.message", "500"),
    ],
)
def test_what_is_no_check_in_is_said_field_by_field(body: Any, field: str, message: str) -> None:
    device, token = enrolled_device()
    status, answer = check_in(token, body)
    assert (status, answer["code"]) == (400, "invalid")
    assert message in answer["errors"][field][0]
    assert inventory(device).last_seen_at == ENROLLED_AT


def test_a_wrong_field_is_said_together_with_the_others() -> None:
    answer = check_in(enrolled_device()[1], {"battery": 2, "os_version": 1, "location": {}})[1]
    assert set(answer["errors"]) == {"battery", "os_version", "location.latitude", "location.longitude"}


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/jsonp", ""])
def test_a_check_in_that_is_not_json_by_its_type_is_refused(content_type: str) -> None:
    _device, token = enrolled_device()
    answer = Client().generic("POST", CHECKIN, "{}", content_type, headers=bearer(token))
    assert answer.status_code == 415
    assert answer.json()["errors"] == {"": ["Send JSON, with Content-Type: application/json."]}


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("size", [LARGEST + 1, 3_000_000])
def test_a_check_in_that_is_too_large_is_not_read(content_type: str, size: int) -> None:
    _device, token = enrolled_device()
    answer = Client().generic("POST", CHECKIN, b" " * size, content_type, headers=bearer(token))
    assert answer.status_code == 413
    assert answer.json()["code"] == "invalid"


@pytest.mark.parametrize(("length", "status"), [("-1", 413), ("1" * 5_000, 413), ("²", 413), ("000", 400)])
def test_a_length_that_is_none_is_refused(length: str, status: int) -> None:
    _device, token = enrolled_device()
    answer = Client().post(CHECKIN, {}, content_type="application/json", headers=bearer(token), CONTENT_LENGTH=length)
    assert answer.status_code == status


def test_a_body_without_a_length_is_refused() -> None:
    headers = bearer(enrolled_device()[1]) | {"Transfer-Encoding": "chunked"}
    answer = Client().post(CHECKIN, {}, content_type="application/json", headers=headers, CONTENT_LENGTH="")
    assert answer.status_code == 411
    assert answer.json()["errors"] == {"": ["Say the length of the body: Content-Length."]}


# --- whatever is sent ------------------------------------------------------------------------------------
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("applied")
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)
PLACES = st.fixed_dictionaries(
    {},
    optional={name: ANYTHING | st.floats(-90, 90) for name in ("latitude", "longitude", "accuracy", "at")},
)
REPORTS = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "version", "state", "message"), SCALARS)), max_size=3
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "os_version": ANYTHING,
        "battery": ANYTHING,
        "hardware": ANYTHING | st.dictionaries(st.text() | st.just("model"), ANYTHING),
        "location": ANYTHING | PLACES,
        "policies": ANYTHING | REPORTS,
        "unknown": ANYTHING,
    },
)


@pytest.fixture
def token() -> str:
    """Return the token of a device that all examples share."""
    return enrolled_device()[1]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES | ANYTHING)
def test_whatever_json_is_sent_it_is_kept_or_refused(token: str, body: Any) -> None:
    status, answer = check_in(token, json.dumps(body).encode())
    assert status in (200, 400)
    assert status == 200 or (answer["code"] == "invalid" and answer["errors"])
    assert ask(token).status_code == 200


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary())
def test_whatever_bytes_are_sent_they_are_refused_or_json(token: str, body: bytes) -> None:
    status, answer = check_in(token, body)
    assert status in (200, 400), answer

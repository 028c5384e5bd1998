"""Does whatever is sent to enroll get an answer, and leave only what every page and file can show?"""

import csv
import io
import json
import zipfile
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from devices.models import Device
from enrollment.models import EnrollmentAttempt
from enrollment.sent_json import is_storable
from invitations.models import Invitation
from tests.enrollment import hostile
from tests.enrollment.attempts import LIST
from tests.enrollment.enrolled import CHECKIN, enrolled_device
from tests.enrollment.hostile import assert_is_an_answer, changed, encoded, kept_connection, send
from tests.enrollment.knocking import PASSWORD, choose, invited, with_password, with_token

pytestmark = pytest.mark.django_db

ENROLL = "/api/v1/enroll"
DEVICES = "/admin/devices/device/"
# Three requests each by three rules, and some check-ins: with test_api_fuzz_schema.py more than
# 10,000, on the stricter database.
EXAMPLES = {True: 860, False: 60}
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "phases": [Phase.generate, Phase.shrink],
    "suppress_health_check": list(HealthCheck),
}
# What each rule must have answered in the end: else nothing was tried but the reading of the fields.
RULES: list[tuple[dict[str, bool], set[str]]] = [
    ({"require_credentials": True}, {"enrolled", "bad_credentials", "invalid"}),
    ({"require_credentials": False}, {"enrolled", "invalid"}),
    (
        {"require_credentials": False, "pre_approved_devices_only": True},
        {"enrolled", "not_pre_approved", "platform_not_supported", "invalid"},
    ),
]


@pytest.fixture(autouse=True)
def _nobody_counts(settings: Settings) -> None:
    """Let one address and one device ask as often as they like; wrong passwords are forgotten by each request."""
    for name in ("RATE_BY_ADDRESS", "RATE_BY_SERIAL", "WRONG_BY_ADDRESS"):
        setattr(settings, f"HEXENROLL_ENROLL_{name}", 1_000_000)


def read_back(attempt: EnrollmentAttempt, body: bytes) -> None:
    """Fail unless the attempt says what the body said."""
    said = json.loads(body)
    for name in ("serial_number", "platform", "os_version", "method", "management_mode", "hardware_uuid"):
        assert getattr(attempt, name) == (said.get(name) or ""), name


def reopen(invitation: Invitation) -> None:
    """Take the device off the enrolled ones, as if it had never asked."""
    again = {"status": Device.Status.PRE_APPROVED, "one_time_password": PASSWORD, "user": invitation.device.user}
    Device.objects.filter(pk=invitation.device_id).update(**again)
    Invitation.objects.filter(pk=invitation.pk).update(state=Invitation.State.SENT)


@pytest.mark.parametrize(("rules", "expected"), RULES)
def test_whatever_asks_to_enroll_is_answered_and_its_attempt_can_be_shown(
    rules: dict[str, bool], expected: set[str], is_postgresql: bool, administrator_client: Client
) -> None:
    choose(**rules)
    invitation = invited()
    honest = [with_token(invitation), with_password(invitation), with_token(invitation, token=None)]
    seen: Counter[str] = Counter()
    newest = 0

    def ask(data: bytes, content_type: str, user_agent: str) -> None:
        nonlocal newest
        answer = send(ENROLL, data, CONTENT_TYPE=content_type, HTTP_USER_AGENT=user_agent)
        assert_is_an_answer(answer, data)
        seen[answer.code or "enrolled"] += 1
        attempts = list(EnrollmentAttempt.objects.filter(pk__gt=newest))
        came_to_the_gate = answer.status in (200, 403)
        # Of others a part is recorded: what could be read of them.
        assert came_to_the_gate <= len(attempts) <= 1, (answer, data)
        for attempt in attempts:
            newest = attempt.pk
            if came_to_the_gate:
                read_back(attempt, data)
        if answer.status == 200:
            reopen(invitation)

    @settings(max_examples=EXAMPLES[is_postgresql], **SETTINGS)
    @given(hostile.changes, st.booleans(), hostile.around, hostile.content_types, hostile.user_agents)
    def run(different: Any, as_ascii: bool, around: Any, content_type: str, user_agent: str) -> None:
        cache.clear()
        for body in honest:
            ask(around(encoded(changed(body, different), as_ascii=as_ascii)), content_type, user_agent)

    with kept_connection():
        run()
    assert (expected if is_postgresql else {"enrolled", "invalid"}) <= set(seen), seen
    assert sum(seen.values()) >= 3 * EXAMPLES[is_postgresql]
    assert_attempts_are_shown(administrator_client)
    assert_devices_are_shown(administrator_client)


def test_whatever_a_device_says_at_a_check_in_is_answered_and_shown(
    is_postgresql: bool, administrator_client: Client
) -> None:
    device, token = enrolled_device()
    honest = {"os_version": "14.5", "battery": 0.5, "hardware": {}, "location": {"latitude": 1, "longitude": 2}}
    seen: Counter[int] = Counter()
    odd_times = st.sampled_from(
        [
            "2026-11-22T09:30:00+00:00:00.000001",
            "2026-11-22T09:30:00+23:59:59.999999",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "2026-W47-7T09:30Z",
            "20261122T093000,5Z",
        ]
    )
    places = st.fixed_dictionaries(
        {"latitude": hostile.numbers | st.floats(-90, 90), "longitude": hostile.numbers | st.floats(-180, 180)},
        optional={"accuracy": hostile.numbers, "at": odd_times | hostile.values},
    )
    reports = st.lists(
        st.fixed_dictionaries(
            {
                "id": hostile.numbers | st.integers(1, 3),
                "version": hostile.numbers | st.integers(1, 3),
                "state": st.sampled_from(["applied", "failed"]) | hostile.values,
            },
            optional={"message": hostile.values},
        ),
        max_size=3,
    )
    different = st.fixed_dictionaries(
        {},
        optional={
            "os_version": hostile.texts,
            "battery": hostile.numbers,
            "hardware": hostile.plausible["hardware"],
            "location": places | hostile.values,
            "policies": reports | hostile.values,
        },
    )

    @settings(max_examples=2 * EXAMPLES[is_postgresql], **SETTINGS)
    @given(different, st.booleans(), hostile.around)
    def run(different: dict[str, Any], as_ascii: bool, around: Any) -> None:
        data = around(encoded(honest | different, as_ascii=as_ascii))
        answer = send(CHECKIN, data, HTTP_AUTHORIZATION=f"Bearer {token}")
        assert_is_an_answer(answer)
        seen[answer.status] += 1

    with kept_connection():
        run()
    assert {200, 400} <= set(seen) <= {200, 400, 413}, seen
    assert administrator_client.get(f"{DEVICES}{device.pk}/change/").status_code == 200


# --- the pages -------------------------------------------------------------------------------------------
def assert_is_harmless(client: Client, address: str) -> None:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200, (address, answer.status_code)
    page = answer.content.decode()
    for mark in ("<script>alert", "<img src=x"):
        assert mark not in page, (address, mark)


def assert_attempts_are_shown(client: Client) -> None:
    last = -(-EnrollmentAttempt.objects.count() // 100)  # page
    for page in {1, 2, last}:
        assert_is_harmless(client, f"{LIST}?p={min(page, last)}")
    for text in filter(is_storable, hostile.NASTY):
        assert client.get(LIST, {"q": text}).status_code == 200, text
    strange = EnrollmentAttempt.objects.filter(hardware_uuid__contains="<")[:5]
    for attempt in (*strange, *EnrollmentAttempt.objects.filter(serial_number__contains="<")[:5]):
        assert_is_harmless(client, f"{LIST}{attempt.pk}/change/")
        assert_is_harmless(client, f"{LIST}{attempt.pk}/approve/")


def assert_devices_are_shown(client: Client) -> None:
    assert_is_harmless(client, DEVICES)
    for device in Device.objects.filter(status=Device.Status.ENROLLED).order_by("-pk")[:10]:
        assert_is_harmless(client, f"{DEVICES}{device.pk}/change/")
    sheet = client.post(f"{DEVICES}export/?status=all", {"format": "0"})
    assert sheet.status_code == 200
    rows = list(csv.reader(io.StringIO(sheet.getvalue().decode("utf-8-sig"))))
    assert len(rows) > Device.objects.count()
    formulas = [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert not formulas
    workbook = client.post(f"{DEVICES}export/?status=all", {"format": "1"})
    book = zipfile.ZipFile(io.BytesIO(workbook.getvalue()))
    for name in book.namelist():
        if name.endswith(".xml"):
            ElementTree.fromstring(book.read(name))  # noqa: S314 - our own file

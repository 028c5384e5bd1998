"""Do the pages of attempts show who asked and why it was refused, harmlessly, to those alone who may see it?"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from enrollment.models import BlockedHardware, EnrollmentAttempt
from enrollment.reasons import LETS_IN, Reason
from tests.conftest import sign_in
from tests.enrollment.attempts import HOSTILE, LIST, attempt_of
from tests.enrollment.enrolled import ask, enrolled_device
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db


def page_of(attempt: EnrollmentAttempt) -> str:
    return f"{LIST}{attempt.pk}/change/"


def shown(client: Client, query: str = "") -> set[int]:
    answer = client.get(LIST + query)
    assert answer.status_code == 200, answer.status_code
    return {found.pk for found in answer.context["cl"].result_list}


def may(person: User, *rights: str) -> Client:
    """Return a client of the person, who has these rights of enrollment or devices too."""
    person.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    return sign_in(User.objects.get(pk=person.pk))


# --- the list ---------------------------------------------------------------------------------------------
def test_the_list_loads_empty_and_with_an_attempt_of_every_reason(administrator_client: Client) -> None:
    assert administrator_client.get(LIST).status_code == 200
    for reason in Reason:
        attempt_of(reason=reason, is_let_in=reason in LETS_IN)
    page = administrator_client.get(LIST).content.decode()
    for reason in (Reason.APPROVED, Reason.NOT_PRE_APPROVED, Reason.ANDROID_PROFILE_OWNER):
        assert escape(str(reason.label)) in page


def test_the_list_is_filtered_by_outcome_reason_platform_method_and_time(administrator_client: Client) -> None:
    attempt_of()
    other = attempt_of(reason=Reason.APPROVED, platform="linux", method="email", at=timezone.now() - timedelta(days=3))
    for query in ("is_let_in__exact=1", "reason__exact=approved", "platform=linux", "method=email"):
        assert shown(administrator_client, f"?{query}") == {other.pk}, query
    assert len(shown(administrator_client, "?period=week")) == 2
    assert other.pk not in shown(administrator_client, "?period=day")


def test_a_device_links_to_its_own_attempts(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    own = attempt_of(device=device)
    attempt_of()
    assert shown(administrator_client, f"?device__id__exact={device.pk}") == {own.pk}


@pytest.mark.parametrize("text", ["c02xg2", "4A3E", "192.0.2.7", "ADA@example.com"])
def test_attempts_are_found_by_serial_number_whatever_its_case_hardware_address_or_user(
    administrator_client: Client, text: str
) -> None:
    found = attempt_of(user=DeviceUserFactory.create(email="ada@example.com"))
    attempt_of(serial_number="OTHER123", hardware_uuid="other", address="2001:db8::1", user=DeviceUserFactory.create())
    assert shown(administrator_client, f"?q={text}") == {found.pk}


@pytest.mark.parametrize("query", ["q=%00", "q=%27%22%25", "platform=%00", "device__id__exact=x", "reason__exact=%00"])
def test_impossible_filters_are_no_failure(administrator_client: Client, query: str) -> None:
    assert administrator_client.get(f"{LIST}?{query}").status_code in (200, 302)


def test_the_list_costs_the_same_queries_for_two_and_for_twenty(administrator_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            administrator_client.get(LIST)
        return len(captured)

    for _number in range(2):
        attempt_of(user=DeviceUserFactory.create(), device=DeviceFactory.create())
    administrator_client.get(LIST)
    few = queries()
    for _number in range(18):
        attempt_of(user=DeviceUserFactory.create(), device=DeviceFactory.create())
    assert queries() == few


# --- one attempt ------------------------------------------------------------------------------------------
def test_the_page_says_what_the_device_said_and_what_it_was_told(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="Rosa Weber")
    page = administrator_client.get(page_of(attempt_of(user=user))).content.decode()
    for text in ("C02XG2JHJG5J", "14.5", "Agent", "4A3E", "MacBookPro18,1", "192.0.2.7", "hexenroll-agent/1"):
        assert text in page
    assert "Rosa Weber" in page
    assert str(Reason.NOT_PRE_APPROVED.label) in page
    assert "not_pre_approved" in page


def test_hostile_texts_are_shown_as_texts(administrator_client: Client) -> None:
    hostile = attempt_of(
        serial_number=HOSTILE,
        platform=HOSTILE[:20],
        method=HOSTILE[:20],
        management_mode=HOSTILE[:20],
        os_version=HOSTILE,
        hardware_uuid=HOSTILE,
        manufacturer=HOSTILE,
        model=HOSTILE,
        user_agent=HOSTILE,
        reason=Reason.INVALID,
    )
    for address in (LIST, page_of(hostile)):
        page = administrator_client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in administrator_client.get(page_of(hostile)).content.decode()


def test_other_attempts_with_the_same_serial_number_are_listed_the_newest_first(administrator_client: Client) -> None:
    attempts = [attempt_of(at=timezone.now() - timedelta(hours=hours)) for hours in range(8)]
    answer = administrator_client.get(page_of(attempts[0]))
    assert answer.context["others"] == attempts[1:6]
    assert "All of them" in answer.content.decode()


def test_an_attempt_whose_device_is_gone_is_still_shown(administrator_client: Client) -> None:
    attempt = attempt_of(device_id=999_999, user_id=999_999)
    assert administrator_client.get(page_of(attempt)).status_code == 200
    assert shown(administrator_client) == {attempt.pk}
    EnrollmentAttempt.objects.all().delete()


def test_nobody_changes_or_deletes_an_attempt(administrator_client: Client) -> None:
    attempt = attempt_of()
    assert administrator_client.post(page_of(attempt), {"serial_number": "X"}).status_code == 405
    assert administrator_client.post(f"{LIST}{attempt.pk}/delete/", {"post": "yes"}).status_code == 403
    assert administrator_client.get(f"{LIST}add/").status_code == 403


@pytest.mark.parametrize("key", ["0", "999999", "99999999999999999999", "x", "1%00"])
def test_an_attempt_that_is_not_there_is_not_found(administrator_client: Client, key: str) -> None:
    assert administrator_client.get(f"{LIST}{key}/change/").status_code == 404


# --- block ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "value"), [("serial_number", "C02XG2JHJG5J"), ("hardware_uuid", "4A3E"), ("manufacturer", "Apple")]
)
def test_a_device_is_blocked_by_what_it_told(administrator_client: Client, kind: str, value: str) -> None:
    attempt = attempt_of()
    answer = administrator_client.post(f"{LIST}{attempt.pk}/block/", {"kind": kind, "note": "stolen"}, follow=True)
    assert f"“{value}” is blocked." in answer.content.decode()
    entry = BlockedHardware.objects.get()
    assert (entry.kind, entry.value, entry.note) == (kind, value, "stolen")


def test_what_is_blocked_already_is_said_and_not_doubled(administrator_client: Client) -> None:
    attempt = attempt_of()
    for _time in range(2):
        answer = administrator_client.post(f"{LIST}{attempt.pk}/block/", {"kind": "serial_number"}, follow=True)
    assert "was blocked already" in answer.content.decode()
    assert BlockedHardware.objects.count() == 1


def test_the_enrolled_devices_that_are_blocked_are_shown_before(administrator_client: Client) -> None:
    device, token = enrolled_device(name="Front desk")
    attempt = attempt_of(hardware_uuid="7A1C")
    address = f"{LIST}{attempt.pk}/block/"
    page = administrator_client.post(address, {"kind": "hardware_uuid", "note": "stolen"}).content.decode()
    assert "This blocks 1 enrolled device" in page
    assert "Front desk" in page
    assert ask(token).status_code == 200
    confirmed = {"kind": "hardware_uuid", "note": "stolen", "blocks_devices": "1"}
    answer = administrator_client.post(address, confirmed, follow=True)
    assert "1 enrolled device is blocked." in answer.content.decode()
    assert ask(token).status_code == 401
    device.refresh_from_db()
    assert device.status == "blocked"


@pytest.mark.parametrize("data", [{}, {"kind": "colour"}, {"kind": "manufacturer"}])
def test_only_what_the_device_told_can_be_blocked(administrator_client: Client, data: dict[str, str]) -> None:
    attempt = attempt_of(manufacturer="")
    answer = administrator_client.post(f"{LIST}{attempt.pk}/block/", data)
    assert answer.status_code == 422
    assert "Choose what is blocked" in answer.content.decode()
    assert not BlockedHardware.objects.exists()


# --- who may do what --------------------------------------------------------------------------------------
def test_a_stranger_sees_and_does_nothing(stranger_client: Client) -> None:
    attempt = attempt_of()
    for address in (LIST, page_of(attempt), f"{LIST}{attempt.pk}/approve/"):
        assert stranger_client.get(address).status_code == 403, address
    for name in ("approve", "block"):
        assert stranger_client.post(f"{LIST}{attempt.pk}/{name}/", {"kind": "serial_number"}).status_code == 403
    assert not BlockedHardware.objects.exists()


def test_whoever_may_only_look_is_offered_nothing_and_can_do_nothing(stranger: User) -> None:
    client, attempt = may(stranger, "view_enrollmentattempt"), attempt_of()
    page = client.get(page_of(attempt)).content.decode()
    assert "Approve this device" not in page
    assert "Never let it in" not in page
    assert client.get(f"{LIST}{attempt.pk}/approve/").status_code == 403
    assert client.post(f"{LIST}{attempt.pk}/block/", {"kind": "serial_number"}).status_code == 403


def test_each_action_needs_its_own_permission(stranger: User) -> None:
    client, attempt = may(stranger, "view_enrollmentattempt", "add_device", "add_blockedhardware"), attempt_of()
    page = client.get(page_of(attempt)).content.decode()
    assert "Approve this device" in page
    assert client.get(f"{LIST}{attempt.pk}/approve/").status_code == 200
    assert client.post(f"{LIST}{attempt.pk}/block/", {"kind": "serial_number"}).status_code == 302


def test_the_sidebar_leads_there_whoever_may_look(stranger: User) -> None:
    assert LIST in may(stranger, "view_enrollmentattempt").get("/admin/").content.decode()
    assert LIST not in sign_in(User.objects.create(username="other", is_staff=True)).get("/admin/").content.decode()

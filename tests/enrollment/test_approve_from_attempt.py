"""Does the next try of a refused device succeed, once its attempt was approved?"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from devices.models import Device, DeviceInventory
from enrollment.models import BlockedHardware, EnrollmentAttempt
from enrollment.reasons import Reason
from invitations.models import Invitation, Sending
from tests.conftest import sign_in
from tests.enrollment.attempts import LIST, attempt_of
from tests.enrollment.knocking import choose, code_of, invited, knock, with_token
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]

SERIAL = "C02XG2JHJG5J"
BODY: dict[str, Any] = {
    "serial_number": SERIAL,
    "platform": "macos",
    "os_version": "14.5",
    "method": "agent",
    "hardware_uuid": "4A3E",
}


def approve_url(attempt: EnrollmentAttempt) -> str:
    return f"{LIST}{attempt.pk}/approve/"


def approve(client: Client, attempt: EnrollmentAttempt, query: str = "", **changes: Any) -> Any:
    """Send the form as the page shows it, with some changes; return the last answer."""
    form = client.get(approve_url(attempt) + query).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if name != "approval_expires_at"}
    data = {name: value for name, value in data.items() if value is not None} | {"access": "none"} | changes
    return client.post(approve_url(attempt) + query, data, follow=True)


def newest() -> EnrollmentAttempt:
    attempt = EnrollmentAttempt.objects.first()
    assert attempt is not None
    return attempt


# --- the form ---------------------------------------------------------------------------------------------
def test_the_form_is_filled_from_the_attempt(administrator_client: Client) -> None:
    choose(ordinary_ownership="corporate", approval_days=30)
    attempt = attempt_of(user=DeviceUserFactory.create(), serial_number="C02xG2JHJG5j")
    answer = administrator_client.get(approve_url(attempt))
    form = answer.context["adminform"].form
    assert "C02xG2JHJG5j" in answer.content.decode()
    assert (form["user"].value(), form["ownership"].value()) == (attempt.user_id, "corporate")
    assert form["name"].value() == "MacBookPro18,1"
    assert form["access"].value() == "email"
    assert form["approval_expires_at"].value() > timezone.now() + timedelta(days=29)


def test_without_demanded_credentials_nothing_needs_to_be_sent(administrator_client: Client) -> None:
    choose(require_credentials=False)
    form = administrator_client.get(approve_url(attempt_of())).context["adminform"].form
    assert form["access"].value() == "none"


def test_the_device_is_pre_approved_with_what_was_chosen(administrator_client: Client) -> None:
    user, group, policy = DeviceUserFactory.create(), DeviceGroupFactory.create(), PolicyFactory.create()
    attempt = attempt_of()
    page = approve(
        administrator_client,
        attempt,
        user=user.pk,
        ownership="corporate",
        name="Rosa's Mac",
        groups=[group.pk],
        policies=[policy.pk],
    ).content.decode()
    assert "Rosa&#x27;s Mac is pre-approved." in page
    device = Device.objects.get()
    assert (device.serial_number, device.platform, device.status) == (SERIAL, "macos", "pre_approved")
    assert (device.user, device.domain, device.ownership) == (user, user.domain, "corporate")
    assert list(device.groups.all()) == [group]
    assert list(device.policies.all()) == [policy]
    assert device.source == Device.Source.MANUAL
    assert LogEntry.objects.filter(object_id=str(device.pk)).exists()


def test_the_serial_number_is_the_device_s_own_to_the_letter(administrator_client: Client) -> None:
    attempt = attempt_of(serial_number="c02xg2jhjg5j")
    DeviceFactory.create(serial_number=SERIAL)
    approve(administrator_client, attempt, user=DeviceUserFactory.create().pk, serial_number="ANOTHER")
    assert set(Device.objects.values_list("serial_number", flat=True)) == {SERIAL, "c02xg2jhjg5j"}


def test_a_device_has_a_user(administrator_client: Client) -> None:
    page = approve(administrator_client, attempt_of(), user="").content.decode()
    assert "This field is required." in page
    assert not Device.objects.exists()


def test_an_approval_can_not_end_before_it_begins(administrator_client: Client) -> None:
    past = {"approval_expires_at_0": "2020-01-01", "approval_expires_at_1": "10:00:00"}
    page = approve(administrator_client, attempt_of(), user=DeviceUserFactory.create().pk, **past).content.decode()
    assert "This is over already." in page


# --- the next try -----------------------------------------------------------------------------------------
def test_a_refused_device_comes_in_with_the_one_time_password_that_is_shown_once(administrator_client: Client) -> None:
    choose(pre_approved_devices_only=True)
    stranger = {"email": "rosa@example.com", "password": "guessed-it"}
    assert code_of(BODY | stranger) == "bad_credentials"
    user = DeviceUserFactory.create(email="rosa@example.com")
    answer = approve(administrator_client, newest(), user=user.pk, access="password")
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert Device.objects.get().one_time_password == password
    status, told = knock(BODY | {"email": "rosa@example.com", "password": password})
    assert (status, told["device_id"]) == (200, Device.objects.get().pk)


def test_without_demanded_credentials_the_next_try_succeeds_as_it_is(administrator_client: Client) -> None:
    choose(pre_approved_devices_only=True, require_credentials=False)
    assert code_of(BODY) == "not_pre_approved"
    approve(administrator_client, newest(), user=DeviceUserFactory.create().pk)
    assert code_of(BODY) == "enrolled"


def test_an_expected_device_with_a_mistyped_serial_number_comes_in_with_the_link_that_it_has(
    administrator_client: Client,
) -> None:
    choose(pre_approved_devices_only=True)
    invitation = invited(serial_number="C02XG2JHJG51")
    request = with_token(invitation, serial_number=SERIAL)
    assert code_of(request) == "not_pre_approved"
    attempt = newest()
    page = administrator_client.get(f"{LIST}{attempt.pk}/change/").content.decode()
    assert "C02XG2JHJG51" in page
    approve(administrator_client, attempt, f"?device={invitation.device.pk}")
    assert code_of(request) == "enrolled"
    device = Device.objects.get()
    assert (device.pk, device.serial_number) == (invitation.device.pk, SERIAL)


def test_an_approval_past_its_time_is_renewed(administrator_client: Client) -> None:
    invitation = invited(approval_expires_at=timezone.now() - timedelta(days=1))
    assert code_of(with_token(invitation)) == "approval_expired"
    approve(administrator_client, newest())
    assert code_of(with_token(invitation)) == "enrolled"


def test_somebody_else_s_approval_becomes_the_new_user_s_and_the_old_link_is_dead(
    administrator_client: Client,
) -> None:
    invitation, newcomer = invited(), DeviceUserFactory.create()
    attempt = attempt_of(serial_number=invitation.device.serial_number, user=newcomer)
    answer = approve(administrator_client, attempt, user=newcomer.pk, access="password")
    device = Device.objects.get(pk=invitation.device.pk)
    assert (device.user, device.one_time_password) == (newcomer, answer.context["password"])
    assert code_of(with_token(invitation)) == "bad_credentials"


def test_a_device_that_has_left_enrolls_anew(administrator_client: Client) -> None:
    choose(pre_approved_devices_only=True, require_credentials=False)
    device = DeviceFactory.create(serial_number=SERIAL, status=Device.Status.DISENROLLED)
    DeviceInventory.objects.create(
        device=device, hardware_uuid="OLD", enrolled_at=timezone.now(), last_seen_at=timezone.now()
    )
    assert code_of(BODY) == "not_pre_approved"
    approve(administrator_client, newest())
    assert not DeviceInventory.objects.exists()
    assert code_of(BODY) == "enrolled"
    assert Device.objects.get().pk == device.pk


def test_an_invitation_is_sent_where_that_is_chosen(administrator_client: Client) -> None:
    page = approve(administrator_client, attempt_of(), user=DeviceUserFactory.create().pk, access="email")
    assert "The invitation is being prepared." in page.content.decode()
    sending = Sending.objects.get()
    assert (sending.channel, sending.devices) == ("email", [Device.objects.get().pk])


def test_nobody_is_invited_by_sms_without_a_number(administrator_client: Client) -> None:
    page = approve(administrator_client, attempt_of(), user=DeviceUserFactory.create().pk, access="sms")
    assert "This device user has no mobile number." in page.content.decode()
    assert not Device.objects.exists()


# --- when it can't be done --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"serial_number": ""}, "It told no serial number"),
        ({"serial_number": "To be filled by O.E.M."}, "This is no serial number of its own"),
        ({"serial_number": "X1" * 40}, "A serial number has 64 characters at most."),
        ({"platform": "amiga"}, "It told no platform that is known here."),
        ({"platform": "android", "os_version": "13", "method": "email"}, "hide the serial number"),
        ({"platform": "windows"}, "Devices of this platform"),
        ({"reason": Reason.APPROVED}, "It was let in."),
    ],
)
def test_where_approving_would_change_nothing_the_page_says_why(
    administrator_client: Client, changes: dict[str, Any], said: str
) -> None:
    choose(pre_approved_devices_only=True)
    answer = administrator_client.get(approve_url(attempt_of(**changes)), follow=True)
    assert said in answer.content.decode()
    assert "adminform" not in answer.context


def test_a_blocked_device_is_taken_off_the_list_first(administrator_client: Client) -> None:
    BlockedHardware.objects.create(kind="manufacturer", value="Apple")
    answer = administrator_client.get(approve_url(attempt_of()), follow=True)
    assert "It is on the block list. Take it off first." in answer.content.decode()


def test_an_enrolled_device_is_not_approved_but_a_conflict(administrator_client: Client) -> None:
    DeviceFactory.create(serial_number=SERIAL, status=Device.Status.ENROLLED)
    answer = administrator_client.get(approve_url(attempt_of(reason=Reason.CONFLICT)), follow=True)
    assert "Decide the conflict, or hand the device over." in answer.content.decode()


def test_what_would_refuse_the_next_try_nevertheless_is_said(administrator_client: Client) -> None:
    choose(minimum_os={"macos": "15"})
    attempt = attempt_of()
    said = str(Reason.OS_TOO_OLD.label)
    assert said in administrator_client.get(f"{LIST}{attempt.pk}/change/").content.decode()
    page = approve(administrator_client, attempt, user=DeviceUserFactory.create().pk).content.decode()
    assert "Its next try would be refused nevertheless" in page
    assert Device.objects.exists()


def test_a_device_that_came_in_meanwhile_is_not_touched(administrator_client: Client) -> None:
    device = DeviceFactory.create(serial_number=SERIAL)
    attempt = attempt_of()
    assert administrator_client.get(approve_url(attempt)).status_code == 200
    Device.objects.update(status=Device.Status.ENROLLED)
    page = administrator_client.post(approve_url(attempt), {"user": device.user.pk, "access": "none"}, follow=True)
    assert "is enrolled already" in page.content.decode()
    assert Device.objects.get().status == Device.Status.ENROLLED


def test_only_a_waiting_device_of_that_user_is_corrected(administrator_client: Client) -> None:
    attempt, other = attempt_of(user=DeviceUserFactory.create()), DeviceFactory.create()
    for key in (str(other.pk), "x", "999999", "\x00"):
        assert administrator_client.get(approve_url(attempt), {"device": key}).status_code == 404


def test_changing_a_device_that_is_there_needs_the_permission_to_change_devices(stranger: User) -> None:
    rights = ("view_enrollmentattempt", "add_device")
    stranger.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client = sign_in(stranger)
    attempt = attempt_of(serial_number=DeviceFactory.create().serial_number)
    assert client.get(approve_url(attempt)).status_code == 403


def test_whoever_may_not_send_is_not_offered_to_invite(stranger: User) -> None:
    rights = ("view_enrollmentattempt", "add_device")
    stranger.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    form = sign_in(stranger).get(approve_url(attempt_of())).context["adminform"].form
    assert [value for value, _label in form.fields["access"].choices] == ["none", "password"]
    assert form["access"].value() == "password"


def test_a_password_replaces_an_invitation_that_would_take_it_away(administrator_client: Client) -> None:
    invitation = invited()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert code_of(with_token(invitation)) == "invitation_expired"
    answer = approve(administrator_client, newest(), access="password")
    user = invitation.device.user
    assert user is not None
    request = with_token(invitation, token=None, email=user.email, password=answer.context["password"])
    assert code_of(request) == "enrolled"

"""A device asks to come in: what becomes of it, of its approval, and of its invitation?"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device, DeviceInventory, DevicePolicy, DeviceUser
from enrollment import credentials
from enrollment.device_token import device_of
from enrollment.limits import WRONG_PASSWORDS
from enrollment.models import AnsweredRequest, BlockedHardware, Conflict, EnrollmentAttempt
from invitations.models import Invitation
from tests.enrollment.knocking import PASSWORD, body_for, choose, code_of, invited, knock, with_password, with_token
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = pytest.mark.django_db

State = Invitation.State


@pytest.fixture(autouse=True)
def _nobody_has_knocked(clear_counters: None) -> None:
    """Begin without anybody's wrong passwords."""


@pytest.fixture(params=[with_token, with_password], ids=["token", "password"])
def request_of(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_listed_device_comes_in_and_gets_what_was_assigned(request_of: Any) -> None:
    invitation = invited()
    policy, group = PolicyFactory.create(settings={"passcode": {"min_length": 8}}), DeviceGroupFactory.create()
    invitation.device.policies.add(policy)
    invitation.device.groups.add(group)
    status, answer = knock(request_of(invitation))
    assert status == 200
    assert answer["device_id"] == invitation.device.pk
    assert answer["status"] == "enrolled"
    assert answer["name"] == invitation.device.name
    user = DeviceUser.objects.get()
    assert answer["user"] == {"name": user.name, "email": user.email}
    assert answer["groups"] == [group.name]
    assert [found["name"] for found in answer["policies"]] == [policy.name]
    assert device_of(answer["device_token"]) == invitation.device
    assert DevicePolicy.objects.get().state == DevicePolicy.State.DELIVERED


def test_what_was_used_is_gone(request_of: Any) -> None:
    invitation = invited()
    knock(request_of(invitation))
    device = Device.objects.get()
    assert (device.status, device.one_time_password) == (Device.Status.ENROLLED, None)
    invitation.refresh_from_db()
    assert invitation.state == State.REDEEMED
    assert invitation.redeemed_at is not None


def test_hardware_and_address_are_known_from_the_enrollment_on() -> None:
    invitation = invited()
    assert not DeviceInventory.objects.exists()
    knock(with_token(invitation), REMOTE_ADDR="192.0.2.7")
    inventory = DeviceInventory.objects.get()
    assert inventory.device == invitation.device
    assert (inventory.manufacturer, inventory.model, inventory.os_version) == ("Apple", "MacBookPro18,1", "14.5")
    assert (inventory.ip_address, inventory.method) == ("192.0.2.7", "agent")


def test_the_same_request_again_is_answered_again_and_nothing_is_doubled(request_of: Any) -> None:
    invitation = invited()
    first, second = knock(request_of(invitation)), knock(request_of(invitation))
    assert (first[0], second[0]) == (200, 200)
    assert first[1]["device_id"] == second[1]["device_id"]
    assert first[1]["device_token"] != second[1]["device_token"]
    assert device_of(first[1]["device_token"]) is None
    assert device_of(second[1]["device_token"]) == invitation.device
    assert Device.objects.count() == 1
    assert list(EnrollmentAttempt.objects.order_by("pk").values_list("reason", flat=True)) == ["approved", "again"]


@pytest.mark.parametrize("changes", [{"hardware_uuid": "another"}, {"serial_number": "C02XG2JGJG5H"}])
def test_a_used_credential_lets_nothing_else_in(request_of: Any, changes: dict[str, str]) -> None:
    invitation = invited()
    knock(request_of(invitation))
    assert code_of(request_of(invitation, **changes)) == "bad_credentials"


def test_a_lost_answer_is_repeated_for_a_while_only(request_of: Any) -> None:
    choose(retry_minutes=0)
    invitation = invited()
    knock(request_of(invitation))
    assert code_of(request_of(invitation)) == "bad_credentials"


def test_a_repeated_answer_is_not_repeated_for_longer(request_of: Any) -> None:
    invitation = invited()
    knock(request_of(invitation))
    until = AnsweredRequest.objects.get().until
    assert code_of(request_of(invitation)) == "enrolled"
    assert AnsweredRequest.objects.get().until == until


def test_each_wrong_credential_gets_the_same_answer() -> None:
    invitation = invited()
    wrong = [
        with_token(invitation, token="A" * 43),
        with_password(invitation, password="wrong-horse-9"),
        with_password(invitation, email="nobody@example.com"),
        body_for(invitation.device),
    ]
    answers = [knock(body) for body in wrong]
    assert {status for status, _answer in answers} == {403}
    assert all(answer == answers[0][1] for _status, answer in answers)
    assert answers[0][1]["code"] == "bad_credentials"


@pytest.mark.parametrize("state", [State.REVOKED, State.FAILED, State.REDEEMED, State.QUEUED])
def test_the_link_of_an_invitation_that_is_over_lets_nobody_in(state: str) -> None:
    invitation = invited()
    Invitation.objects.update(state=state)
    assert code_of(with_token(invitation)) == "bad_credentials"


@pytest.mark.parametrize("state", [State.REVOKED, State.FAILED, State.REDEEMED])
def test_a_link_that_is_over_tells_nothing_about_its_time(state: str) -> None:
    invitation = invited()
    Invitation.objects.update(state=state, expires_at=timezone.now())
    assert code_of(with_token(invitation)) == "bad_credentials"


def test_an_invitation_past_its_time_is_said_to_be(request_of: Any) -> None:
    invitation = invited()
    Invitation.objects.update(expires_at=timezone.now())
    assert code_of(request_of(invitation)) == "invitation_expired"
    assert Device.objects.get().one_time_password == PASSWORD


def test_a_password_opens_the_approval_that_it_belongs_to_and_no_other() -> None:
    mine = invited()
    other = DeviceFactory.create(user=mine.device.user, one_time_password="another-otter-7")
    choose(pre_approved_devices_only=True)
    assert code_of(with_password(mine, serial_number=other.serial_number)) == "not_pre_approved"
    assert code_of(with_password(mine)) == "enrolled"
    address = DeviceUser.objects.get().email
    assert code_of(body_for(other, email=address, password="another-otter-7")) == "enrolled"


def test_one_password_of_two_approvals_opens_the_one_of_the_device_that_asks() -> None:
    choose(pre_approved_devices_only=True)
    first = invited()
    second = DeviceFactory.create(user=first.device.user, one_time_password=PASSWORD)
    assert code_of(with_password(first, serial_number=second.serial_number)) == "enrolled"
    assert list(Device.objects.filter(status=Device.Status.ENROLLED)) == [second]
    assert code_of(with_password(first)) == "enrolled"


def test_the_password_of_a_user_with_very_many_approvals_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    approvals = credentials._APPROVALS.replace(f"LIMIT {credentials.MOST_APPROVALS}", "LIMIT 2")
    monkeypatch.setattr(credentials, "_APPROVALS", approvals)
    user = DeviceUserFactory.create()
    last = [DeviceFactory.create(user=user, one_time_password=f"{PASSWORD}-{number}") for number in range(3)][-1]
    assert code_of(body_for(last, email=user.email, password=f"{PASSWORD}-2")) == "enrolled"


def test_a_password_from_the_file_needs_no_invitation() -> None:
    device = DeviceFactory.create(one_time_password=PASSWORD)
    address = DeviceUser.objects.get().email.upper()
    assert code_of(body_for(device, email=address, password=PASSWORD)) == "enrolled"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"serial_number": "c02xg2jgjg5h"}, "not_pre_approved"),
        ({"serial_number": "C02XG2JGJG5H "}, "not_pre_approved"),
        ({"platform": "ios"}, "not_pre_approved"),
        ({"serial_number": None}, "not_pre_approved"),
        ({"serial_number": "To be filled by O.E.M."}, "not_pre_approved"),
        ({"platform": "windows"}, "platform_not_supported"),
        ({"platform": "android", "os_version": "10", "method": "email"}, "android_generic_method"),
        (
            {"platform": "android", "os_version": "12", "method": "zero_touch", "management_mode": "profile_owner"},
            "android_profile_owner",
        ),
        ({}, "enrolled"),
    ],
)
def test_with_the_restriction_only_the_very_device_on_the_list_comes_in(changes: dict[str, Any], code: str) -> None:
    choose(pre_approved_devices_only=True)
    invitation = invited(serial_number="C02XG2JGJG5H", platform="macos")
    assert code_of(with_token(invitation, **changes)) == code


def test_a_junk_serial_number_matches_nothing_even_if_it_is_on_the_list() -> None:
    choose(pre_approved_devices_only=True)
    assert code_of(with_token(invited(serial_number="Default string"))) == "not_pre_approved"


def test_without_the_restriction_another_device_becomes_an_ordinary_one_of_the_user() -> None:
    invitation = invited()
    status, answer = knock(with_token(invitation, serial_number="C02XG2JGJG5H"))
    assert status == 200
    ordinary = Device.objects.get(pk=answer["device_id"])
    assert ordinary.user == invitation.device.user
    assert (ordinary.serial_number, ordinary.source) == ("C02XG2JGJG5H", Device.Source.ENROLLMENT)
    invitation.device.refresh_from_db()
    assert invitation.device.status == Device.Status.PRE_APPROVED


def test_a_serial_number_that_no_device_of_the_portal_can_have_makes_an_ordinary_device_without_it() -> None:
    status, answer = knock(with_token(invited(), serial_number="X" * 99 + "Y"))
    assert status == 200
    assert Device.objects.get(pk=answer["device_id"]).serial_number is None
    assert EnrollmentAttempt.objects.get().serial_number == "X" * 99 + "Y"


def test_a_serial_number_on_another_users_list_makes_an_ordinary_device_without_it() -> None:
    invitation, other = invited(), DeviceFactory.create()
    status, answer = knock(with_token(invitation, serial_number=other.serial_number))
    assert status == 200
    ordinary = Device.objects.get(pk=answer["device_id"])
    assert (ordinary.user, ordinary.serial_number) == (invitation.device.user, None)
    other.refresh_from_db()
    assert other.status == Device.Status.PRE_APPROVED


def test_what_can_not_be_recognised_becomes_an_ordinary_device_and_leaves_the_approval_open() -> None:
    invitation = invited(platform="android")
    body = with_token(invitation, serial_number=None, os_version="14", method="email")
    first, second = knock(body), knock(body)
    assert (first[0], second[0]) == (200, 200)
    assert first[1]["device_id"] == second[1]["device_id"], "the same request again doubles nothing"
    assert Device.objects.get(pk=first[1]["device_id"]).serial_number is None
    invitation.device.refresh_from_db()
    assert invitation.device.status == Device.Status.PRE_APPROVED
    assert Invitation.objects.get().state == State.SENT


@pytest.mark.parametrize("change", [{"until": timezone.now()}, {"device__status": Device.Status.DISENROLLED}])
def test_what_can_not_be_recognised_may_come_anew_once_its_answer_is_not_repeated(change: dict[str, Any]) -> None:
    body = with_token(invited(platform="android"), serial_number=None, os_version="14", method="email")
    first = knock(body)[1]["device_id"]
    if "until" in change:
        AnsweredRequest.objects.update(**change)
    else:
        Device.objects.filter(pk=first).update(status=change["device__status"])
    status, answer = knock(body)
    assert status == 200
    assert answer["device_id"] != first
    assert AnsweredRequest.objects.get().device_id == answer["device_id"]


def test_the_credentials_of_somebody_else_do_not_bring_an_enrolled_device_back() -> None:
    there, elsewhere = invited(), invited()
    token = knock(with_token(there))[1]["device_token"]
    claim = {"serial_number": there.device.serial_number, "hardware_uuid": f"uuid of {there.device.serial_number}"}
    assert code_of(with_token(elsewhere, **claim)) == "conflict"
    assert device_of(token) == there.device
    same = invited(user=there.device.user)
    assert code_of(with_token(same, **claim)) == "enrolled"


def test_a_device_that_has_left_comes_back_as_the_device_of_whoever_brings_it() -> None:
    gone = DeviceFactory.create(status=Device.Status.DISENROLLED, policies=[PolicyFactory.create()])
    invitation = invited()
    user = invitation.device.user
    assert user is not None
    _status, answer = knock(with_token(invitation, serial_number=gone.serial_number))
    assert answer["device_id"] == gone.pk
    assert answer["user"] == {"name": user.name, "email": user.email}
    assert answer["policies"] == []
    gone.refresh_from_db()
    assert gone.user == user


def test_what_a_device_told_before_it_left_is_not_told_of_its_next_user() -> None:
    invitation = invited()
    now = timezone.now()
    DeviceInventory.objects.create(device=invitation.device, latitude=1, longitude=2, enrolled_at=now, last_seen_at=now)
    knock(with_token(invitation))
    assert DeviceInventory.objects.get().latitude is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [("serial_number", "C02XG2JGJG5H"), ("hardware_uuid", "uuid of C02XG2JGJG5H"), ("manufacturer", "Apple")],
)
def test_what_is_on_the_block_list_stays_outside(kind: str, value: str) -> None:
    BlockedHardware.objects.create(kind=kind, value=value)
    assert code_of(with_token(invited(serial_number="C02XG2JGJG5H"))) == "blocked"


def test_an_approval_past_its_time_is_said_to_be() -> None:
    assert code_of(with_token(invited(approval_expires_at=timezone.now() - timedelta(1)))) == "approval_expired"


@pytest.mark.parametrize(
    "changes",
    [
        {"serial_number": "C02XG2JGJG5H"},
        {"platform": "android", "serial_number": None, "os_version": "14", "method": "email"},
    ],
)
def test_an_approval_past_its_time_brings_in_no_ordinary_device_either(
    request_of: Any, changes: dict[str, Any]
) -> None:
    invitation = invited(approval_expires_at=timezone.now() - timedelta(1))
    assert code_of(request_of(invitation, **changes)) == "approval_expired"
    assert Device.objects.count() == 1


def test_the_users_other_devices_count_against_the_limit() -> None:
    choose(corporate_limit=1)
    invitation = invited()
    DeviceFactory.create(user=invitation.device.user, status=Device.Status.ENROLLED)
    assert code_of(with_token(invitation)) == "device_limit"


def test_an_old_system_is_refused() -> None:
    choose(minimum_os={"macos": "15"})
    assert code_of(with_token(invited())) == "os_too_old"


def test_an_ownership_that_is_not_allowed_is_refused() -> None:
    choose(allow_corporate=False)
    assert code_of(with_token(invited())) == "ownership_not_allowed"


def enrolled(**changes: Any) -> Device:
    """Make a device that came in without credentials."""
    device = DeviceFactory.create(**changes)
    choose(require_credentials=False)
    assert code_of(body_for(device)) == "enrolled"
    return device


def test_without_credentials_the_serial_number_alone_decides() -> None:
    device = enrolled()
    assert device_of(knock(body_for(device))[1]["device_token"]) == device
    choose(pre_approved_devices_only=True)
    assert code_of(body_for(device, serial_number="C02XG2JGJG5H", hardware_uuid="x")) == "not_pre_approved"


def test_other_hardware_with_the_serial_number_of_an_enrolled_device_is_a_conflict() -> None:
    device = enrolled()
    for _attempt in range(2):
        assert code_of(body_for(device, hardware_uuid="another")) == "conflict"
    conflict = Conflict.objects.get()
    assert (conflict.device, conflict.hardware_uuid, conflict.state) == (device, "another", Conflict.State.OPEN)
    assert DeviceInventory.objects.get().hardware_uuid == f"uuid of {device.serial_number}"


def test_an_ordinary_device_without_credentials_is_the_default_users() -> None:
    somebody = DeviceUserFactory.create()
    choose(require_credentials=False, default_user=somebody)
    _status, answer = knock(body_for(DeviceFactory.build(serial_number="C02XG2JGJG5H")))
    assert Device.objects.get(pk=answer["device_id"]).user == somebody
    assert DeviceUser.objects.count() == 1


def test_every_attempt_is_recorded_with_its_reason_and_without_its_secrets() -> None:
    invitation = invited()
    knock(with_password(invitation, password="wrong-horse-9"), REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="agent/1")
    attempt = EnrollmentAttempt.objects.get()
    assert (attempt.reason, attempt.is_let_in, attempt.user) == ("bad_credentials", False, None)
    assert (attempt.address, attempt.user_agent) == ("192.0.2.7", "agent/1")
    assert attempt.serial_number == invitation.device.serial_number
    assert "wrong-horse-9" not in str(vars(attempt))


def test_the_limit_of_an_ordinary_device_counts_the_devices_of_whoever_brings_it() -> None:
    mine, theirs = invited(), DeviceFactory.create()
    DeviceFactory.create(user=mine.device.user, status=Device.Status.ENROLLED, ownership="personal")
    choose(personal_limit=1)
    # The serial number of somebody else's approval: it comes in without that, and is counted all the same.
    assert code_of(with_token(mine, serial_number=theirs.serial_number)) == "device_limit"


def test_two_devices_that_tell_neither_serial_number_nor_uuid_are_two() -> None:
    invitation = invited(platform="android")
    unknown = {"serial_number": None, "hardware_uuid": None, "method": "email", "os_version": "14"}
    first = knock(with_token(invitation, **unknown, hardware={"model": "Pixel 8"}))
    second = knock(with_token(invitation, **unknown, hardware={"model": "Galaxy S24"}))
    again = knock(with_token(invitation, **unknown, hardware={"model": "Galaxy S24"}))
    assert (first[0], second[0], again[0]) == (200, 200, 200)
    assert first[1]["device_id"] != second[1]["device_id"] == again[1]["device_id"]


def test_a_wrong_password_is_a_guess_where_none_is_demanded_too() -> None:
    choose(require_credentials=False, pre_approved_devices_only=False)
    user = invited().device.user
    assert user is not None
    for _guess in range(WRONG_PASSWORDS):
        status, _answer = knock(body_for(DeviceFactory.build(), email=user.email, password="a guess"))
        assert status == 200
    status, answer = knock(body_for(DeviceFactory.build(), email=user.email, password=PASSWORD))
    assert (status, answer["code"]) == (429, "too_many")


def test_the_same_wrong_password_again_forgives_no_guess() -> None:
    choose(require_credentials=False, pre_approved_devices_only=False)
    user = invited().device.user
    assert user is not None
    hidden = body_for(DeviceFactory.build(), serial_number=None, email=user.email, password="a guess")
    assert [knock(hidden)[0] for _guess in range(WRONG_PASSWORDS)] == [200] * WRONG_PASSWORDS
    assert knock(hidden)[0] == 429
    assert not AnsweredRequest.objects.exists()

"""A device becomes somebody else's: is its record kept, and is everything of its former user void?"""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, DeviceInventory, DevicePolicy
from enrollment.device_token import device_of, issue
from enrollment.hand_over import HandOverError, hand_over
from enrollment.models import AnsweredRequest
from invitations.models import Invitation
from tests.conftest import sign_in
from tests.enrollment.knocking import choose, code_of, invited, knock, with_password, with_token
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]


def enrolled() -> tuple[Invitation, str]:
    """Let a device come in; return its invitation and its token."""
    invitation = invited(groups=[DeviceGroupFactory.create()], policies=[PolicyFactory.create()])
    _status, answer = knock(with_token(invitation))
    return invitation, answer["device_token"]


def url_of(device: Device) -> str:
    return reverse("enroll:hand_over", args=[device.pk])


# --- what becomes of the device ---------------------------------------------------------------------------
def test_a_waiting_device_waits_for_the_new_user_and_lets_the_former_one_in_no_more(administrator: User) -> None:
    invitation, newcomer = invited(), DeviceUserFactory.create(domain=DomainFactory.create())
    device = hand_over(invitation.device, newcomer, administrator)
    assert (device.pk, device.user, device.domain) == (invitation.device.pk, newcomer, newcomer.domain)
    assert (device.status, device.one_time_password) == (Device.Status.PRE_APPROVED, None)
    assert code_of(with_token(invitation)) == "bad_credentials"
    assert code_of(with_password(invitation)) == "bad_credentials"


def test_an_enrolled_device_enrolls_anew_for_the_new_user_with_its_groups_and_policies(administrator: User) -> None:
    invitation, token = enrolled()
    groups, policies = list(invitation.device.groups.all()), list(invitation.device.policies.all())
    device = hand_over(invitation.device, DeviceUserFactory.create(), administrator)
    assert (device.pk, device.status) == (invitation.device.pk, Device.Status.PRE_APPROVED)
    assert device_of(token) is None
    assert not DeviceInventory.objects.exists()
    assert not DevicePolicy.objects.exists()
    assert list(device.groups.all()) == groups
    assert list(device.policies.all()) == policies
    assert code_of(with_token(invitation)) == "bad_credentials"


def test_an_enrolled_device_can_stay_enrolled(administrator: User) -> None:
    invitation, token = enrolled()
    newcomer = DeviceUserFactory.create()
    device = hand_over(invitation.device, newcomer, administrator, enrolls_anew=False)
    assert (device.status, device.user) == (Device.Status.ENROLLED, newcomer)
    assert device_of(token) == device
    assert not AnsweredRequest.objects.exists()
    assert code_of(with_token(invitation)) == "bad_credentials"


def test_a_new_start_is_an_approval_like_any_other(administrator: User) -> None:
    choose(approval_days=10)
    device = DeviceFactory.create(status=Device.Status.DISENROLLED)
    device = hand_over(device, DeviceUserFactory.create(), administrator, enrolls_anew=False)
    assert device.status == Device.Status.PRE_APPROVED
    assert device.approval_expires_at is not None
    assert 9 <= (device.approval_expires_at - timezone.now()).days <= 10


def test_a_blocked_device_is_not_handed_over(administrator: User) -> None:
    device = DeviceFactory.create(status=Device.Status.BLOCKED)
    with pytest.raises(HandOverError, match="The device is blocked"):
        hand_over(device, DeviceUserFactory.create(), administrator)


def test_while_an_invitation_is_being_sent_nothing_changes(administrator: User) -> None:
    invitation = invited()
    Invitation.objects.update(state=Invitation.State.SENDING)
    former = invitation.device.user
    with pytest.raises(HandOverError, match="being sent right now"):
        hand_over(invitation.device, DeviceUserFactory.create(), administrator)
    assert Device.objects.get().user == former


# --- the page ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("access", ["none", "email", "password"])
def test_the_page_hands_over_and_gives_the_new_user_what_is_needed(administrator_client: Client, access: str) -> None:
    device, _token = DeviceFactory.create(status=Device.Status.ENROLLED), None
    issue(device.pk)
    newcomer = DeviceUserFactory.create(name="Rosa Weber")
    data = {"user": newcomer.pk, "how": "anew", "access": access}
    answer: Any = administrator_client.post(url_of(device), data, follow=True)
    assert answer.status_code == 200
    device.refresh_from_db()
    assert (device.user, device.status) == (newcomer, Device.Status.PRE_APPROVED)
    assert bool(device.one_time_password) == (access == "password")
    if access == "password":
        assert device.one_time_password in answer.content.decode()
    assert LogEntry.objects.filter(object_id=str(device.pk)).exists()


def test_the_page_of_a_device_leads_there(administrator_client: Client) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    page = administrator_client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()
    link = reverse("admin:devices_device_hand_over", args=[device.pk])
    assert link in page
    assert administrator_client.get(link)["Location"] == url_of(device)


def test_a_device_that_stays_enrolled_needs_no_password(administrator_client: Client) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    data = {"user": DeviceUserFactory.create().pk, "how": "stay", "access": "password"}
    answer = administrator_client.post(url_of(device), data)
    assert "needs no invitation and no password" in answer.content.decode()
    device.refresh_from_db()
    assert device.status == Device.Status.ENROLLED


def test_the_page_refuses_a_blocked_device_and_a_missing_one(administrator_client: Client) -> None:
    device = DeviceFactory.create(status=Device.Status.BLOCKED)
    answer = administrator_client.get(url_of(device), follow=True)
    assert "The device is blocked." in answer.content.decode()
    assert administrator_client.get("/enroll/devices/999999/hand-over/").status_code == 404


def test_only_who_may_change_devices_hands_over(stranger: User) -> None:
    device = DeviceFactory.create()
    assert sign_in(stranger).get(url_of(device)).status_code == 403
    assert sign_in(stranger).post(url_of(device), {"user": device.user.pk}).status_code == 403
    stranger.user_permissions.add(*Permission.objects.filter(codename__in=("change_device", "view_device")))
    assert sign_in(User.objects.get(pk=stranger.pk)).get(url_of(device)).status_code == 200

"""Is it kept why, when and by whom a device was disenrolled, and is that over once it is approved again?"""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from devices.models import Device, DeviceInventory
from enrollment.approve_again import approve_again
from enrollment.blocking import block, unblock
from enrollment.bulk_kinds import APPROVE_AGAIN
from enrollment.disenroll import LONGEST_TEXT, LeaveReason, disenroll, disenroll_many
from enrollment.hand_over import start_over
from enrollment.models import DeviceEvent, DeviceToken
from invitations.models import Invitation
from tests.enrollment.enrolled import DISENROLL, bearer, enrolled_device
from tests.factories import DeviceFactory, InvitationFactory

pytestmark = pytest.mark.django_db

Status = Device.Status
Kind = DeviceEvent.Kind


def test_time_reason_and_person_are_kept(administrator: User) -> None:
    device, _token = enrolled_device()
    assert disenroll(device.pk, administrator, LeaveReason.LOST, "In a taxi")
    device.refresh_from_db()
    assert device.disenrolled_at is not None
    assert device.disenroll_reason == "Lost or stolen: In a taxi"
    event = DeviceEvent.objects.get()
    assert (event.kind, event.person) == (Kind.DISENROLLED, administrator)
    assert event.detail == {"reason": "lost", "text": "In a taxi"}


def test_another_reason_is_the_persons_own_words(administrator: User) -> None:
    device, _token = enrolled_device()
    disenroll(device.pk, administrator, LeaveReason.OTHER, "x" * 500)
    device.refresh_from_db()
    assert device.disenroll_reason == "x" * LONGEST_TEXT


def test_a_device_that_leaves_by_itself_says_so() -> None:
    device, token = enrolled_device()
    Client().post(DISENROLL, content_type="application/json", headers=bearer(token))
    device.refresh_from_db()
    assert device.disenroll_reason == "The device left by itself"
    assert (DeviceEvent.objects.get().kind, DeviceEvent.objects.get().person) == (Kind.LEFT, None)


def test_of_many_devices_only_the_enrolled_ones_leave(administrator: User) -> None:
    first, _token = enrolled_device()
    waiting = DeviceFactory.create()
    InvitationFactory.create(device=first, state=Invitation.State.SENT, next_attempt_at=None)
    assert disenroll_many([first.pk, waiting.pk], administrator, LeaveReason.RETIRED) == 1
    waiting.refresh_from_db()
    assert waiting.status == Status.PRE_APPROVED
    assert not DeviceToken.objects.exists()
    assert Invitation.objects.get().state == Invitation.State.REDEEMED
    assert DeviceEvent.objects.count() == 1


def test_devices_that_left_are_approved_again_without_anything_of_before(administrator: User) -> None:
    device, _token = enrolled_device()
    disenroll(device.pk, administrator, LeaveReason.RETURNED)
    waiting = DeviceFactory.create()
    assert approve_again([device.pk, waiting.pk], administrator) == 1
    device.refresh_from_db()
    assert (device.status, device.disenrolled_at, device.disenroll_reason) == (Status.PRE_APPROVED, None, "")
    assert not DeviceInventory.objects.exists()
    assert DeviceEvent.objects.first().kind == Kind.APPROVED_AGAIN  # type: ignore[union-attr]


def test_a_device_whose_invitation_is_being_sent_is_not_approved_again_yet(administrator: User) -> None:
    device = DeviceFactory.create(status=Status.DISENROLLED)
    InvitationFactory.create(device=device, state=Invitation.State.SENDING)
    assert approve_again([device.pk], administrator) == 0


def test_one_that_starts_over_forgets_the_reason(administrator: User) -> None:
    device, _token = enrolled_device()
    disenroll(device.pk, administrator, LeaveReason.RETURNED)
    start_over(device, administrator)
    device.refresh_from_db()
    assert (device.disenrolled_at, device.disenroll_reason) == (None, "")


def test_blocking_and_unblocking_are_written_down_and_keep_the_reason(administrator: User) -> None:
    left, _token = enrolled_device()
    disenroll(left.pk, administrator, LeaveReason.LOST)
    other, _token = enrolled_device()
    block(Device.objects.all(), administrator)
    unblock(Device.objects.all(), administrator)
    left.refresh_from_db()
    other.refresh_from_db()
    assert (left.status, left.disenroll_reason) == (Status.DISENROLLED, "Lost or stolen")
    assert (other.status, other.disenroll_reason) == (Status.DISENROLLED, "It was blocked")
    kinds = DeviceEvent.objects.filter(device=other).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [Kind.BLOCKED, Kind.UNBLOCKED]


def test_the_list_approves_many_again_and_says_what_was_left_out(administrator: User) -> None:
    device, _token = enrolled_device()
    disenroll(device.pk, administrator, LeaveReason.RETURNED)
    sending = DeviceFactory.create(status=Status.DISENROLLED)
    InvitationFactory.create(device=sending, state=Invitation.State.SENDING)
    waiting = DeviceFactory.create()
    outcome = APPROVE_AGAIN.apply([device.pk, sending.pk, waiting.pk], {}, administrator)
    assert (outcome.changed, outcome.skipped) == (1, {"not_disenrolled": 1, "being_sent": 1})

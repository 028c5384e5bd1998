"""How does a device leave, and what stays of it?"""

import pytest
from django.test import Client
from django.utils import timezone

from devices.models import Device, DeviceInventory, DevicePolicy
from enrollment.disenroll import disenroll
from enrollment.models import AnsweredRequest, DeviceToken
from invitations.models import Invitation
from tests.enrollment.enrolled import DISENROLL, ask, bearer, enrolled_device
from tests.factories import DeviceFactory, InvitationFactory, PolicyFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_device_leaves_and_its_token_is_void(body: bytes) -> None:
    device, token = enrolled_device()
    answer = Client().generic("POST", DISENROLL, body, "application/json", headers=bearer(token))
    assert (answer.status_code, answer.json()) == (200, {"device_id": device.pk, "status": "disenrolled"})
    device.refresh_from_db()
    assert device.status == Device.Status.DISENROLLED
    assert ask(token).status_code == 401
    assert Client().post(DISENROLL, content_type="application/json", headers=bearer(token)).status_code == 401


def test_its_record_stays_but_nothing_that_opens_a_door() -> None:
    device, token = enrolled_device(policies=[PolicyFactory.create()])
    ask(token)
    AnsweredRequest.objects.create(device=device, digest="0" * 64, until=timezone.now())
    assert disenroll(device.pk)
    assert DeviceInventory.objects.filter(device=device).exists()
    assert device.policies.count() == 1
    for model in (DeviceToken, AnsweredRequest, DevicePolicy):
        assert not model._default_manager.exists(), model


def test_the_link_that_it_came_in_by_is_not_good_for_its_next_approval() -> None:
    device, _token = enrolled_device()
    # A worker had it in hand when the device came in.
    InvitationFactory.create(device=device, state=Invitation.State.SENT, next_attempt_at=None)
    disenroll(device.pk)
    assert Invitation.objects.get().state == Invitation.State.REDEEMED


@pytest.mark.parametrize("status", [status for status in Device.Status if status != Device.Status.ENROLLED])
def test_a_device_that_is_not_enrolled_stays_what_it_is(status: str) -> None:
    device = DeviceFactory.create(status=status)
    assert not disenroll(device.pk)
    device.refresh_from_db()
    assert device.status == status

"""All devices of a leaver go to somebody else: all or none, with everything of the leaver void?"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from devices.models import Device, DeviceInventory, DeviceUser
from enrollment.device_token import device_of, issue
from enrollment.hand_over import HandOverError
from enrollment.hand_over_all import belongings, hand_over_all
from enrollment.models import DeviceEvent
from invitations.models import Invitation, Sending
from tests.conftest import make_person, sign_in
from tests.enrollment.enrolled import ENROLLED_AT
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, InvitationFactory

pytestmark = pytest.mark.django_db

Status = Device.Status


@pytest.fixture
def leaver(db: None) -> DeviceUser:
    """Return a user with a device of each status, an open invitation and a one-time password."""
    user = DeviceUserFactory.create(name="Leaver")
    for status in Status:
        DeviceFactory.create(user=user, status=status, serial_number=f"S-{status.value}")
    waiting = Device.objects.get(status=Status.PRE_APPROVED)
    Device.objects.filter(pk=waiting.pk).update(one_time_password="Secret-1")
    InvitationFactory.create(device=waiting, state=Invitation.State.SENT, next_attempt_at=None)
    enrolled = Device.objects.get(status=Status.ENROLLED)
    DeviceInventory.objects.create(device=enrolled, enrolled_at=ENROLLED_AT, last_seen_at=ENROLLED_AT)
    found: DeviceUser = user
    return found


def statuses(user: DeviceUser) -> dict[str | None, str]:
    """Return serial number -> status of a user's devices."""
    return dict(Device.objects.filter(user=user).values_list("serial_number", "status"))


def url_of(user: DeviceUser, name: str = "hand_over") -> str:
    return reverse(f"admin:devices_deviceuser_{name}", args=[user.pk])


# --- the rule ---------------------------------------------------------------------------------------------
def test_all_devices_go_with_their_domain_and_links_and_passwords_are_void(
    leaver: DeviceUser, administrator: User
) -> None:
    newcomer = DeviceUserFactory.create(domain=DomainFactory.create())
    token = issue(Device.objects.get(status=Status.ENROLLED).pk)
    moved = hand_over_all(leaver, newcomer, administrator, enrolls_anew=True)
    assert (moved.total, len(moved.waiting)) == (4, 2)
    assert statuses(newcomer) == {
        "S-pre_approved": "pre_approved",
        "S-enrolled": "pre_approved",
        "S-disenrolled": "disenrolled",
        "S-blocked": "blocked",
    }
    assert not Device.objects.exclude(domain=newcomer.domain, one_time_password=None).exists()
    assert Invitation.objects.get().state == Invitation.State.REVOKED
    assert device_of(token) is None
    assert not DeviceInventory.objects.exists()
    event = DeviceEvent.objects.filter(kind=DeviceEvent.Kind.HANDED_OVER).first()
    assert event is not None
    domains = {"left": leaver.domain_id, "joined": newcomer.domain_id}
    assert event.detail == {"former": str(leaver), "new": str(newcomer), **domains}
    assert DeviceEvent.objects.count() == 4


def test_enrolled_devices_can_stay_enrolled(leaver: DeviceUser, administrator: User) -> None:
    newcomer = DeviceUserFactory.create()
    token = issue(Device.objects.get(status=Status.ENROLLED).pk)
    hand_over_all(leaver, newcomer, administrator, enrolls_anew=False)
    assert statuses(newcomer)["S-enrolled"] == "enrolled"
    device = device_of(token)
    assert device is not None
    assert device.user == newcomer


def test_an_invitation_that_is_being_sent_keeps_everything_as_it_is(leaver: DeviceUser, administrator: User) -> None:
    other = DeviceFactory.create(user=leaver)
    InvitationFactory.create(device=other, state=Invitation.State.SENDING)
    with pytest.raises(HandOverError, match="Nothing was changed: an invitation to Leaver"):
        hand_over_all(leaver, DeviceUserFactory.create(), administrator, enrolls_anew=True)
    assert len(statuses(leaver)) == 5
    assert Invitation.objects.filter(state=Invitation.State.SENT).exists()


def test_the_same_user_is_no_other(leaver: DeviceUser, administrator: User) -> None:
    with pytest.raises(HandOverError, match="theirs already"):
        hand_over_all(leaver, leaver, administrator, enrolls_anew=True)


def test_devices_of_a_domain_that_the_person_does_not_know_stay(leaver: DeviceUser) -> None:
    elsewhere = DeviceFactory.create(user=leaver, domain=DomainFactory.create(), serial_number="ELSEWHERE")
    person = make_person("ours", ("view_device", "change_device"), domains=[leaver.domain])
    assert belongings(leaver, person).total == 4
    hand_over_all(leaver, DeviceUserFactory.create(), person, enrolls_anew=True)
    assert statuses(leaver) == {elsewhere.serial_number: "pre_approved"}


def test_many_devices_cost_as_many_queries_as_two(administrator: User, django_assert_max_num_queries: Any) -> None:
    for number in (2, 20):
        user = DeviceUserFactory.create()
        DeviceFactory.create_batch(number, user=user)
        for device in user.devices.all():
            InvitationFactory.create(device=device, state=Invitation.State.SENT, next_attempt_at=None)
        with django_assert_max_num_queries(28):
            hand_over_all(user, DeviceUserFactory.create(), administrator, enrolls_anew=True)


# --- the page ---------------------------------------------------------------------------------------------
def test_the_page_says_what_moves_and_what_becomes_void(leaver: DeviceUser, administrator_client: Client) -> None:
    page = administrator_client.get(url_of(leaver)).content.decode()
    assert "4 devices change hands, or none if anything stands in the way:" in page
    assert "1 open invitation is revoked: its link opens nothing any more." in page
    assert "1 one-time password becomes void." in page
    assert "S-pre_approved" in page
    assert "Secret-1" not in page


def test_the_page_hands_over_invites_and_deletes_the_leaver(leaver: DeviceUser, administrator_client: Client) -> None:
    newcomer = DeviceUserFactory.create(name="Newcomer")
    assert "Choose who gets the devices." in administrator_client.post(url_of(leaver)).content.decode()
    form = {"user": newcomer.pk, "how": "anew", "access": "email", "delete": "on"}
    page = administrator_client.post(url_of(leaver), form, follow=True).content.decode()
    for text in ("4 devices are handed over to Newcomer", "The invitations are being prepared.", "user is deleted."):
        assert text in page
    assert not DeviceUser.objects.filter(pk=leaver.pk).exists()
    assert len(Sending.objects.get(channel="email", devices__0__isnull=False).devices) == 2


def test_a_user_who_can_not_be_told_is_said_and_nothing_moves(leaver: DeviceUser, administrator_client: Client) -> None:
    newcomer = DeviceUserFactory.create(mobile="")
    form = {"user": newcomer.pk, "how": "anew", "access": "sms"}
    page = administrator_client.post(url_of(leaver), form).content.decode()
    assert "This device user has no mobile number." in page
    assert len(statuses(leaver)) == 4


def test_without_the_permissions_nothing_of_it_is_offered(leaver: DeviceUser, operator_client: Client) -> None:
    assert operator_client.get(url_of(leaver)).status_code == 403
    assert url_of(leaver) not in operator_client.get(url_of(leaver, "change")).content.decode()
    person = make_person("mover", ("view_deviceuser", "view_device", "change_device"))
    page = sign_in(person).get(url_of(leaver)).content.decode()
    assert 'name="delete"' not in page
    assert 'value="email"' not in page


def test_devices_go_to_nobody_of_a_domain_that_the_person_does_not_know(leaver: DeviceUser) -> None:
    person = make_person("ours", ("view_deviceuser", "change_device"), domains=[leaver.domain])
    stranger = DeviceUserFactory.create(domain=DomainFactory.create(), name="Hidden Person")
    form = {"user": stranger.pk, "how": "anew", "access": "none"}
    page = sign_in(person).post(url_of(leaver), form).content.decode()
    assert "Hidden Person" not in page
    assert len(statuses(leaver)) == 4
    assert sign_in(person).get(url_of(stranger)).status_code == 404

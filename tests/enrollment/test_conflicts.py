"""Other hardware asks for the place of an enrolled device: what can an administrator decide, and what follows?"""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from devices.models import Device, DeviceInventory
from enrollment.conflicts import DecisionError, Sequel, accept, keep, sequel_of
from enrollment.device_token import device_of, issue
from enrollment.models import Conflict
from invitations import queueing
from invitations.link_token import token_of
from invitations.models import Invitation, Sending
from tests.conftest import sign_in
from tests.enrollment.attempts import HOSTILE, attempt_of
from tests.enrollment.knocking import body_for, choose, code_of, invited, with_token
from tests.factories import DeviceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]
LIST = "/admin/enrollment/conflict/"
State = Conflict.State


def conflict_of(hardware_uuid: str = "NEW", **changes: object) -> tuple[Conflict, str]:
    """Make an enrolled device and a conflict about it; return the conflict and the device's token."""
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    now = timezone.now()
    DeviceInventory.objects.create(device=device, hardware_uuid="OLD", enrolled_at=now, last_seen_at=now)
    conflict = Conflict.objects.create(device=device, hardware_uuid=hardware_uuid, **changes)
    return conflict, issue(device.pk)


def page_of(conflict: Conflict) -> str:
    return f"{LIST}{conflict.pk}/change/"


# --- the decision -----------------------------------------------------------------------------------------
def test_accepted_hardware_comes_in_with_its_next_try_and_the_old_one_is_refused(administrator: User) -> None:
    choose(require_credentials=False)
    conflict, token = conflict_of()
    new = body_for(conflict.device, hardware_uuid="NEW")
    assert code_of(new) == "conflict"
    accept(Conflict.objects.get(), administrator)
    assert device_of(token) is None
    assert code_of(body_for(conflict.device, hardware_uuid="OLD")) == "conflict"
    assert code_of(new) == "enrolled"
    assert DeviceInventory.objects.get().hardware_uuid == "NEW"
    assert Device.objects.count() == 1


def test_hardware_without_a_uuid_waits_for_its_enrollment_anew(administrator: User) -> None:
    choose(require_credentials=False)
    conflict, token = conflict_of(hardware_uuid="")
    accept(conflict, administrator)
    assert device_of(token) is None
    assert Device.objects.get().status == Device.Status.PRE_APPROVED
    assert not DeviceInventory.objects.exists()
    assert code_of(body_for(conflict.device, hardware_uuid=None)) == "enrolled"


def test_kept_hardware_goes_on_and_the_new_one_stays_out(administrator: User) -> None:
    choose(require_credentials=False)
    conflict, token = conflict_of()
    keep(conflict, administrator)
    assert device_of(token) == conflict.device
    assert code_of(body_for(conflict.device, hardware_uuid="NEW")) == "conflict"


def test_who_decided_and_when_is_remembered(administrator: User) -> None:
    conflict, _token = conflict_of()
    keep(conflict, administrator)
    assert (conflict.state, conflict.decided_by) == (State.KEPT, administrator)
    assert conflict.decided_at is not None


def test_a_decision_is_taken_once(administrator: User) -> None:
    conflict, _token = conflict_of()
    accept(conflict, administrator)
    for decide in (accept, keep):
        with pytest.raises(DecisionError, match="decided already"):
            decide(conflict, administrator)


def test_whoever_kept_the_old_hardware_may_still_accept_the_new(administrator: User) -> None:
    conflict, _token = conflict_of()
    keep(conflict, administrator)
    accept(conflict, administrator)
    assert conflict.state == State.ACCEPTED


def test_nobody_takes_the_place_of_a_device_that_has_left(administrator: User) -> None:
    conflict, _token = conflict_of()
    Device.objects.update(status=Device.Status.DISENROLLED)
    with pytest.raises(DecisionError, match="The device is not enrolled"):
        accept(conflict, administrator)
    conflict.refresh_from_db()
    assert conflict.state == State.OPEN


def test_hardware_that_was_replaced_since_is_a_new_question(administrator: User) -> None:
    choose(require_credentials=False)
    first, _token = conflict_of(hardware_uuid="NEW")
    accept(first, administrator)
    assert code_of(body_for(first.device, hardware_uuid="OLD")) == "conflict"
    accept(Conflict.objects.get(hardware_uuid="OLD"), administrator)
    assert code_of(body_for(first.device, hardware_uuid="NEW")) == "conflict"
    first.refresh_from_db()
    assert (first.state, first.decided_by) == (State.OPEN, None)


@pytest.mark.parametrize(
    ("settings", "hardware_uuid", "sequel"),
    [
        ({"require_credentials": True}, "NEW", Sequel.NEEDS_ACCESS),
        ({"require_credentials": True}, "", Sequel.NEEDS_ACCESS),
        ({"require_credentials": True, "returning": "ask"}, "NEW", Sequel.NEEDS_ACCESS),
        ({"require_credentials": False}, "NEW", Sequel.COMES_IN),
        ({"require_credentials": False}, "", Sequel.WAITS),
        ({"require_credentials": False, "returning": "ask"}, "NEW", Sequel.WAITS),
    ],
)
def test_what_follows_depends_on_the_settings_and_on_what_it_told(
    settings: dict[str, object], hardware_uuid: str, sequel: Sequel
) -> None:
    choose(**settings)
    conflict, _token = conflict_of(hardware_uuid=hardware_uuid)
    assert sequel_of(conflict) == sequel
    assert accept(conflict, None) == sequel


# --- access in the same step ------------------------------------------------------------------------------
def met() -> tuple[Conflict, dict[str, Any]]:
    """Let other hardware ask for the place of an enrolled device, with a link of the same user's."""
    first = invited()
    assert code_of(with_token(first, hardware_uuid="OLD")) == "enrolled"
    second = invited(user=first.device.user, domain=first.device.domain, platform=first.device.platform)
    request = with_token(second, serial_number=first.device.serial_number, hardware_uuid="NEW")
    assert code_of(request) == "conflict"
    return Conflict.objects.get(), body_for(first.device, hardware_uuid="NEW")


def password_on(answer: Any) -> str:
    found = re.search(r"<code>([a-z0-9]{12})</code>", answer.content.decode())
    assert found is not None
    return found[1]


@pytest.mark.parametrize("returning", ["same_hardware", "ask"])
def test_accepted_hardware_comes_in_with_the_password_that_the_page_shows(
    administrator_client: Client, returning: str
) -> None:
    choose(returning=returning)
    conflict, new = met()
    page = administrator_client.get(page_of(conflict)).content.decode()
    assert "Credentials are demanded" in page
    assert ("After that, an administrator decides again." in page) == (returning == "ask")
    answer = administrator_client.post(f"{LIST}{conflict.pk}/accept/", {"access": "password"})
    assert "comes in with the one-time password below" in answer.content.decode()
    assert code_of(new) == "bad_credentials"
    user = conflict.device.user
    assert user is not None
    assert code_of(new | {"email": user.email, "password": password_on(answer)}) == "enrolled"
    assert DeviceInventory.objects.get(device=conflict.device).hardware_uuid == "NEW"
    assert Device.objects.get(pk=conflict.device_id).user == user


def test_accepted_hardware_comes_in_with_the_invitation_that_is_sent(administrator_client: Client) -> None:
    conflict, new = met()
    answer = administrator_client.post(f"{LIST}{conflict.pk}/accept/", {"access": "email"}, follow=True)
    assert "comes in with the invitation that is being prepared" in answer.content.decode()
    queueing.run(Sending.objects.latest("pk").pk, tell_workers=False)
    invitation = Invitation.objects.filter(device=conflict.device).latest("pk")
    Invitation.objects.filter(pk=invitation.pk).update(state=Invitation.State.SENT)
    assert code_of(new | {"token": token_of(invitation.public_id)}) == "enrolled"


def test_the_old_hardware_is_void_once_the_new_one_is_accepted(administrator_client: Client) -> None:
    conflict, _new = met()
    token = issue(conflict.device_id)
    administrator_client.post(f"{LIST}{conflict.pk}/accept/", {"access": "password"})
    assert device_of(token) is None
    assert code_of(body_for(conflict.device, hardware_uuid="OLD")) == "bad_credentials"


def test_access_that_can_not_be_given_decides_nothing(administrator_client: Client) -> None:
    conflict, _token = conflict_of()
    answer = administrator_client.post(f"{LIST}{conflict.pk}/accept/", {"access": "sms"}, follow=True)
    assert "Nothing was decided" in answer.content.decode()  # the user has no mobile number
    assert Conflict.objects.get().state == State.OPEN


def test_access_to_a_device_of_nobody_is_given_by_handing_it_over(administrator_client: Client) -> None:
    conflict, _token = conflict_of()
    Device.objects.update(user=None)
    page = administrator_client.get(page_of(conflict)).content.decode()
    assert "The device belongs to nobody" in page
    assert 'value="email"' not in page
    assert 'value="password"' not in page


def test_who_may_neither_invite_nor_change_devices_gives_no_access(stranger: User) -> None:
    conflict, _token = conflict_of()
    stranger.user_permissions.set(
        Permission.objects.filter(codename__in=("view_conflict", "change_conflict", "access_domain"))
    )
    client = sign_in(User.objects.get(pk=stranger.pk))
    page = client.get(page_of(conflict)).content.decode()
    assert "Nothing yet" in page
    assert 'value="password"' not in page
    client.post(f"{LIST}{conflict.pk}/accept/", {"access": "password"})
    assert Conflict.objects.get().state == State.OPEN
    client.post(f"{LIST}{conflict.pk}/accept/", {"access": "none"})
    assert Conflict.objects.get().state == State.ACCEPTED


def test_what_its_next_try_would_meet_is_said(administrator_client: Client) -> None:
    conflict, _new = met()
    choose(minimum_os={"android": "99", "ios": "99", "macos": "99", "linux": "99", "tvos": "99"})
    answer = administrator_client.post(f"{LIST}{conflict.pk}/accept/", {"access": "email"}, follow=True)
    assert "The operating system is too old." in answer.content.decode()


# --- the pages --------------------------------------------------------------------------------------------
def test_the_page_shows_both_hardwares_and_takes_the_decision(administrator_client: Client) -> None:
    conflict, _token = conflict_of(hardware_uuid=HOSTILE)
    attempt_of(device=conflict.device, hardware_uuid=HOSTILE, manufacturer=HOSTILE, reason="conflict")
    for address in (LIST, page_of(conflict)):
        page = administrator_client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
    assert "OLD" in page
    answer = administrator_client.post(f"{LIST}{conflict.pk}/accept/", follow=True)
    assert "It is accepted, and comes in with the invitation" not in answer.content.decode()
    assert "can&#x27;t come in until its user is invited" in answer.content.decode()
    assert "by administrator" in answer.content.decode()
    answer = administrator_client.post(f"{LIST}{conflict.pk}/keep/", follow=True)
    assert "This was decided already." in answer.content.decode()


def test_the_page_says_where_the_same_hardware_asks_anew(administrator_client: Client) -> None:
    choose(returning="ask", require_credentials=False)
    conflict, _token = conflict_of(hardware_uuid="OLD")
    page = administrator_client.get(page_of(conflict)).content.decode()
    assert "asks to come in anew" in page
    assert "The device waits for its enrollment anew" in page


def test_what_asks_for_the_place_of_a_device_that_waits_can_be_left_as_it_is(administrator_client: Client) -> None:
    conflict = Conflict.objects.create(device=DeviceFactory.create(), hardware_uuid="NEW")
    page = administrator_client.get(page_of(conflict)).content.decode()
    assert "The device is not enrolled" in page
    assert "Accept the new hardware" not in page
    administrator_client.post(f"{LIST}{conflict.pk}/keep/")
    conflict.refresh_from_db()
    assert conflict.state == State.KEPT


def test_the_list_is_filtered_by_what_is_to_be_decided(administrator_client: Client) -> None:
    conflict_of(state=State.KEPT)
    waiting, _token = conflict_of()
    answer = administrator_client.get(f"{LIST}?state__exact=open&q=NEW")
    assert [found.pk for found in answer.context["cl"].result_list] == [waiting.pk]


def test_each_page_counts_what_is_to_be_decided(administrator_client: Client) -> None:
    def badges() -> list[object]:
        groups = administrator_client.get("/admin/").context["sidebar_navigation"]
        return [item.get("badge") for group in groups for item in group["items"] if item["link"] == LIST]

    conflict_of(state=State.KEPT)
    assert badges() == [None]
    conflict_of()
    assert badges() == [1]


def test_only_who_may_change_conflicts_decides(stranger: User) -> None:
    conflict, _token = conflict_of()
    assert sign_in(stranger).get(page_of(conflict)).status_code == 403
    stranger.user_permissions.add(Permission.objects.get(codename="view_conflict"))
    client = sign_in(User.objects.get(pk=stranger.pk))
    page = client.get(page_of(conflict)).content.decode()
    assert "Accept the new hardware" not in page
    for name in ("accept", "keep"):
        assert client.post(f"{LIST}{conflict.pk}/{name}/").status_code == 403
    assert Conflict.objects.get().state == State.OPEN


def test_a_decision_is_a_post(administrator_client: Client) -> None:
    conflict, _token = conflict_of()
    assert administrator_client.get(f"{LIST}{conflict.pk}/accept/").status_code == 405
    assert administrator_client.post(f"{LIST}999999/accept/").status_code == 404
    assert administrator_client.post(page_of(conflict), {"state": "accepted"}).status_code == 405

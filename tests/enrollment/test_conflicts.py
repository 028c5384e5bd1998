"""Other hardware asks for the place of an enrolled device: what can an administrator decide, and what follows?"""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from devices.models import Device, DeviceInventory
from enrollment.conflicts import DecisionError, accept, keep
from enrollment.device_token import device_of, issue
from enrollment.models import Conflict
from tests.conftest import sign_in
from tests.enrollment.attempts import HOSTILE, attempt_of
from tests.enrollment.knocking import body_for, choose, code_of
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
    assert "The new hardware is accepted." in answer.content.decode()
    assert "by administrator" in answer.content.decode()
    answer = administrator_client.post(f"{LIST}{conflict.pk}/keep/", follow=True)
    assert "This was decided already." in answer.content.decode()


def test_the_page_says_where_the_same_hardware_asks_anew(administrator_client: Client) -> None:
    choose(returning="ask")
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

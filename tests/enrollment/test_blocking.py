"""A device is blocked, and let go again: what is void at once, and what can it be afterwards?"""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from devices.models import Device, DeviceInventory, DevicePolicy
from enrollment.blocking import block, block_listed, unblock
from enrollment.models import AnsweredRequest, BlockedHardware, DeviceToken
from hexenroll.celery import app
from invitations.models import Invitation
from tests.conftest import make_person, sign_in
from tests.enrollment.enrolled import ask, check_in, enrolled_device
from tests.enrollment.knocking import body_for, choose, code_of, invited, knock, with_password, with_token
from tests.factories import DeviceFactory, DomainFactory, InvitationFactory, PolicyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]
ALL = Device.objects.all
LIST = "/admin/devices/device/"
Kind = BlockedHardware.Kind
Status = Device.Status


def page_of(device: Device, name: str) -> str:
    return reverse(f"admin:devices_device_{name}", args=[device.pk])


def texts(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


# --- what becomes of it -----------------------------------------------------------------------------------
def test_a_blocked_device_checks_in_and_comes_in_no_more(administrator: User) -> None:
    choose(require_credentials=False)
    device, token = enrolled_device(policies=[PolicyFactory.create()])
    ask(token)
    assert block(ALL(), administrator) == 1
    assert check_in(token, {"battery": 0.5})[0] == 401
    assert ask(token).status_code == 401
    assert code_of(body_for(device, hardware_uuid="7A1C")) == "blocked"
    for model in (DeviceToken, AnsweredRequest, DevicePolicy):
        assert not model._default_manager.exists(), model
    assert DeviceInventory.objects.filter(device=device).exists()


def test_the_link_and_the_password_of_a_blocked_device_open_nothing_even_afterwards(administrator: User) -> None:
    invitation = invited()
    block(ALL(), administrator)
    for request in (with_token(invitation), with_password(invitation)):
        assert code_of(request) == "bad_credentials"
    invitation.refresh_from_db()
    assert invitation.state == Invitation.State.REVOKED
    assert unblock(ALL(), administrator).waiting == 1
    assert code_of(with_token(invitation)) == "bad_credentials"
    device = Device.objects.get()
    assert (device.status, device.one_time_password) == (Status.PRE_APPROVED, None)


def test_an_answer_that_got_lost_is_not_repeated_to_a_blocked_device(administrator: User) -> None:
    invitation = invited()
    assert knock(with_token(invitation))[0] == 200
    block(ALL(), administrator)
    assert knock(with_token(invitation))[0] == 403


def test_a_device_that_was_enrolled_is_disenrolled_afterwards(administrator: User) -> None:
    _device, token = enrolled_device()
    block(ALL(), administrator)
    assert unblock(ALL(), administrator).disenrolled == 1
    assert Device.objects.get().status == Status.DISENROLLED
    assert ask(token).status_code == 401


def test_an_ordinary_device_that_told_nothing_is_on_no_list_afterwards(administrator: User) -> None:
    enrolled_device(source=Device.Source.ENROLLMENT)
    DeviceInventory.objects.all().delete()
    block(ALL(), administrator)
    unblock(ALL(), administrator)
    assert Device.objects.get().status == Status.DISENROLLED


def test_its_hardware_does_not_come_back_as_another_device_until_it_is_unblocked(administrator: User) -> None:
    choose(require_credentials=False)
    device, _token = enrolled_device()
    block(ALL(), administrator, with_hardware=True)
    other = body_for(device, serial_number="ANOTHER", hardware_uuid="7A1C")
    assert code_of(other) == "blocked"
    unblock(ALL(), administrator)
    assert not BlockedHardware.objects.exists()
    assert code_of(other) == "enrolled"


def test_a_hardware_uuid_that_several_devices_report_is_not_blocked(administrator: User) -> None:
    device, _token = enrolled_device()
    enrolled_device()
    assert block(Device.objects.filter(pk=device.pk), administrator, with_hardware=True) == 1
    assert not BlockedHardware.objects.exists()


def test_a_device_whose_manufacturer_is_on_the_block_list_stays_blocked(administrator: User) -> None:
    device, _token = enrolled_device()
    DeviceInventory.objects.update(manufacturer="Evil")
    BlockedHardware.objects.create(kind=Kind.MANUFACTURER, value="Evil")
    block(ALL(), administrator)
    assert unblock(ALL(), administrator).kept_out == 1
    device.refresh_from_db()
    assert device.status == Status.BLOCKED


def test_what_a_worker_has_in_hand_is_waited_for_before_the_device_is_let_go(administrator: User) -> None:
    holder = "7d1f9f0e-6f0b-4c8e-9c4b-0d3a1f0a5f11"
    InvitationFactory.create(state=Invitation.State.SENDING, holder=holder)
    assert block(ALL(), administrator) == 1
    assert unblock(ALL(), administrator).being_sent == 1
    Invitation.objects.update(state=Invitation.State.SENT, holder=None)
    assert unblock(ALL(), administrator).waiting == 1
    assert Invitation.objects.get().state == Invitation.State.REVOKED


def test_blocking_many_devices_costs_as_many_queries_as_blocking_two(
    administrator: User, django_assert_max_num_queries: Any
) -> None:
    for _number in range(20):
        enrolled_device()
    with django_assert_max_num_queries(25):
        assert block(ALL(), administrator) == 20
    with django_assert_max_num_queries(25):
        assert unblock(ALL(), administrator).disenrolled == 20
    assert LogEntry.objects.filter(change_message__in=("Blocked.", "Unblocked.")).count() == 40


def test_the_clock_blocks_what_came_in_while_an_entry_was_saved_or_tells_another_maker_since() -> None:
    assert block_listed() == 0
    by_serial, _token = enrolled_device()
    by_maker, token = enrolled_device()
    enrolled_device()
    BlockedHardware.objects.create(kind=Kind.SERIAL_NUMBER, value=str(by_serial.serial_number))
    BlockedHardware.objects.create(kind=Kind.MANUFACTURER, value="Evil")
    assert check_in(token, {"hardware": {"manufacturer": "Evil"}})[0] == 200
    assert block_listed() == 2
    assert set(Device.objects.filter(status=Status.BLOCKED)) == {by_serial, by_maker}
    assert "enrollment.tasks.block_listed" in {entry["task"] for entry in app.conf.beat_schedule.values()}


# --- the pages of devices ---------------------------------------------------------------------------------
def test_a_device_is_blocked_and_let_go_on_its_page(administrator_client: Client) -> None:
    device, _token = enrolled_device()
    page = administrator_client.get(page_of(device, "block")).content.decode()
    assert "Block 1 device?" in page
    assert "Put the hardware UUID on the block list, too" in page
    assert Device.objects.get().status == Status.ENROLLED
    answer = administrator_client.post(page_of(device, "block"), {"confirmed": "1", "with_hardware": "1"}, follow=True)
    assert "1 device is blocked. Its token is void." in texts(answer)
    assert "Blocked Device" in answer.content.decode()
    assert BlockedHardware.objects.get().value == "7A1C"
    page = administrator_client.get(page_of(device, "unblock")).content.decode()
    assert "Afterwards: Disenrolled: 1" in " ".join(page.split())
    assert "Removed from the block list, too" in page
    answer = administrator_client.post(page_of(device, "unblock"), {"confirmed": "1"}, follow=True)
    assert "1 device is unblocked. It is disenrolled" in texts(answer)
    trail = LogEntry.objects.filter(object_id=str(device.pk), content_type__model="device").order_by("pk")
    assert [entry.change_message for entry in trail] == ["Blocked.", "Unblocked."]


def test_the_page_says_which_manufacturer_is_in_the_way(administrator: User) -> None:
    device, _token = enrolled_device()
    DeviceInventory.objects.update(manufacturer="Evil")
    BlockedHardware.objects.create(kind=Kind.MANUFACTURER, value="Evil")
    block(ALL(), administrator, with_hardware=True)
    client = sign_in(administrator)
    page = client.get(page_of(device, "unblock")).content.decode()
    assert "until the manufacturer is taken off" in page
    assert "Removed from the block list" not in page
    assert 'name="confirmed"' not in page
    answer = client.post(page_of(device, "unblock"), {"confirmed": "1"}, follow=True)
    assert "1 device stays blocked: the block list keeps it out." in texts(answer)


def test_the_page_of_a_device_offers_what_can_be_done_with_it(administrator_client: Client) -> None:
    device, _token = enrolled_device()
    page = administrator_client.get(page_of(device, "change")).content.decode()
    assert f"/{device.pk}/block" in page
    assert f"/{device.pk}/unblock" not in page
    Device.objects.update(status=Status.BLOCKED)
    page = administrator_client.get(page_of(device, "change")).content.decode()
    assert f"/{device.pk}/block" not in page
    assert f"/{device.pk}/unblock" in page
    assert "Blocked Device" in page


def test_chosen_devices_are_blocked_and_let_go_from_the_list(administrator_client: Client) -> None:
    devices = [enrolled_device()[0] for _number in range(3)]
    page = chosen_in_list(administrator_client, "block", devices[:2])
    assert "2 ticked devices." in page.text
    assert not Device.objects.filter(status=Status.BLOCKED).exists()
    answer = confirmed(administrator_client, page, with_hardware="on")
    assert "Block: 2 devices changed." in texts(answer)
    page = chosen_in_list(administrator_client, "unblock", devices)
    assert "1 of them will be left out" in page.text
    answer = confirmed(administrator_client, page)
    assert "Unblock: 2 devices changed." in texts(answer)
    assert Device.objects.filter(status=Status.DISENROLLED).count() == 2


@pytest.mark.parametrize(("name", "before"), [("block", Status.ENROLLED), ("unblock", Status.BLOCKED)])
def test_a_device_that_comes_in_after_all_were_chosen_is_neither_blocked_nor_let_go(
    administrator_client: Client, name: str, before: str
) -> None:
    devices = DeviceFactory.create_batch(2, status=before)
    page = chosen_in_list(administrator_client, name, devices[:1], select_across="1")
    assert page.context["concerned"] == 2
    newcomer = DeviceFactory.create(status=before)
    assert "2 devices changed." in texts(confirmed(administrator_client, page))
    newcomer.refresh_from_db()
    assert newcomer.status == before


def test_who_may_not_write_on_the_block_list_is_not_asked_about_hardware(operator: User) -> None:
    device, _token = enrolled_device()
    page = chosen_in_list(permit(operator, "block_device"), "block", [device])
    assert 'name="with_hardware"' not in page.text
    page = chosen_in_list(permit(operator, "add_blockedhardware"), "block", [device])
    assert 'name="with_hardware"' in page.text


def chosen_in_list(client: Client, action: str, devices: list[Device], **more: str) -> Any:
    """Return the page that asks about ticked devices."""
    ticked = [device.pk for device in devices]
    return client.post(f"{LIST}?status=all", {"action": action, "_selected_action": ticked, **more})


def confirmed(client: Client, page: Any, **answers: str) -> Any:
    """Return what follows when the page's button is pressed."""
    hidden = {name: page.context[name] for name in ("query", "chosen", "last")}
    return client.post(page.context["address"], hidden | answers, follow=True)


def permit(person: User, *codes: str) -> Client:
    """Give somebody permissions, and sign them in."""
    person.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    return sign_in(User.objects.get(pk=person.pk))


def test_only_who_may_block_devices_blocks_and_unblocks(operator: User) -> None:
    device, token = enrolled_device()
    client = sign_in(operator)
    for name in ("block", "unblock"):
        assert client.post(page_of(device, name), {"confirmed": "1"}).status_code == 403
    client = permit(operator, "block_device")
    assert client.post(page_of(device, "block"), {"confirmed": "1"}).status_code == 302
    assert ask(token).status_code == 401
    assert client.post(page_of(device, "unblock"), {"confirmed": "1"}).status_code == 302
    device.refresh_from_db()
    assert device.status == Device.Status.DISENROLLED


def test_somebody_of_one_domain_blocks_its_devices_and_leaves_the_block_list_alone() -> None:
    device, _token = enrolled_device()
    other, _token = enrolled_device(domain=DomainFactory.create())
    person = make_person("one", ("view_device", "block_device", "add_blockedhardware"), domains=[device.domain])
    client = sign_in(person)
    assert client.post(page_of(device, "block"), {"confirmed": "1", "with_hardware": "on"}).status_code == 302
    assert client.post(page_of(other, "block"), {"confirmed": "1"}).status_code == 404
    assert not BlockedHardware.objects.exists()
    BlockedHardware.objects.create(kind=Kind.SERIAL_NUMBER, value=device.serial_number or "")
    answer = client.post(page_of(device, "unblock"), {"confirmed": "1"}, follow=True)
    assert "1 device stays blocked: the block list keeps it out." in texts(answer)
    assert BlockedHardware.objects.count() == 1


# --- the block list ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", list(Kind))
def test_an_entry_shows_the_enrolled_devices_that_it_blocks_before_it_is_saved(
    administrator_client: Client, kind: str
) -> None:
    device, token = enrolled_device(name="Front desk")
    DeviceInventory.objects.update(manufacturer="Evil")
    other, _token = enrolled_device(name="Back office")
    DeviceInventory.objects.filter(device=other).update(hardware_uuid="OTHER")
    value = {Kind.SERIAL_NUMBER: device.serial_number, Kind.HARDWARE_UUID: "7A1C", Kind.MANUFACTURER: "Evil"}[
        Kind(kind)
    ]
    entry = {"kind": kind, "value": value, "note": "stolen", "_save": "1"}
    address = "/admin/enrollment/blockedhardware/add/"
    page = administrator_client.post(address, entry).content.decode()
    assert "This blocks 1 enrolled device" in page
    assert "Front desk" in page
    assert "Back office" not in page
    assert not BlockedHardware.objects.exists()
    answer = administrator_client.post(address, entry | {"blocks_devices": "1"}, follow=True)
    assert "1 enrolled device is blocked. Its token is void." in texts(answer)
    assert list(Device.objects.filter(status=Status.BLOCKED)) == [device]
    assert ask(token).status_code == 401
    assert BlockedHardware.objects.get().note == "stolen"
    trail = LogEntry.objects.get(object_id=str(device.pk), change_message__startswith="Blocked: ")
    assert f"“{value}” is on the block list." in trail.change_message


def test_an_entry_about_no_enrolled_device_is_saved_at_once(administrator_client: Client) -> None:
    invitation = invited()
    entry = {"kind": "serial_number", "value": invitation.device.serial_number, "note": "", "_save": "1"}
    answer = administrator_client.post("/admin/enrollment/blockedhardware/add/", entry, follow=True)
    assert "1 device on the list has this serial number: it is refused from now on." in texts(answer)
    assert BlockedHardware.objects.exists()
    assert Device.objects.get().status == Status.PRE_APPROVED


def test_an_entry_that_is_wrong_asks_nothing(administrator_client: Client) -> None:
    enrolled_device()
    entry = {"kind": "hardware_uuid", "value": "", "note": "", "_save": "1"}
    answer = administrator_client.post("/admin/enrollment/blockedhardware/add/", entry)
    assert answer.status_code == 200
    assert "This field is required." in answer.content.decode()


def test_when_an_entry_goes_the_devices_stay_blocked_and_that_is_said(administrator_client: Client) -> None:
    device, _token = enrolled_device()
    entry = BlockedHardware.objects.create(kind=Kind.HARDWARE_UUID, value="7A1C")
    block(ALL(), None)
    address = f"/admin/enrollment/blockedhardware/{entry.pk}/delete/"
    answer = administrator_client.post(address, {"post": "yes"}, follow=True)
    assert "Devices that were blocked stay so until you unblock them." in texts(answer)
    device.refresh_from_db()
    assert device.status == Status.BLOCKED


def test_the_list_counts_entries(administrator_client: Client) -> None:
    for number, words in ((1, "1 block list entry"), (2, "2 block list entries")):
        BlockedHardware.objects.create(kind=Kind.MANUFACTURER, value=str(number))
        page = administrator_client.get("/admin/enrollment/blockedhardware/").content.decode()
        assert words in " ".join(page.split())

"""What does the console show of a device before and after it has enrolled, and how does an administrator let it go?"""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from devices.models import Device, DeviceInventory, DevicePolicy
from enrollment.device_token import device_of
from enrollment.disenroll import LeaveReason, disenroll
from enrollment.models import Conflict
from enrollment.policy_standing import Standing, standings_of
from tests.conftest import make_person, sign_in
from tests.enrollment.enrolled import ask, check_in, enrolled_device
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    PolicyFactory,
)

pytestmark = pytest.mark.django_db

NOT_YET = "Not available until the device enrolls."
HOSTILE = "<script>alert(1)</script>\u202e{{ 7|add:7 }}"


def page_of(device: Device) -> str:
    return reverse("admin:devices_device_change", args=[device.pk])


def words(client: Client, device: Device) -> str:
    """Return what a person reads on the page of a device."""
    answer = client.get(page_of(device))
    assert answer.status_code == 200
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", answer.content.decode())
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))


def test_a_pre_approved_device_says_that_hardware_and_location_are_not_available(administrator_client: Client) -> None:
    found = words(administrator_client, DeviceFactory.create())
    assert "Pre-approved Device" in found
    assert f"Hardware {NOT_YET}" in found
    assert f"Location {NOT_YET}" in found


def test_hardware_and_location_appear_once_the_device_has_enrolled(administrator_client: Client) -> None:
    device, token = enrolled_device()
    assert "The device has not reported where it is." in words(administrator_client, device)
    location = {"latitude": 52.52, "longitude": -13.405, "accuracy": 30}
    hardware = {"manufacturer": "Apple Inc.", "model": "Mac14,2", "memory": 16, "disks": ["a", "b"]}
    check_in(token, {"os_version": "14.5", "battery": 0.83, "location": location, "hardware": hardware})
    found = words(administrator_client, device)
    assert "Pre-approved Device" not in found
    assert NOT_YET not in found
    for shown in (
        *("Manufacturer Apple Inc.", "Model Mac14,2", "OS version 14.5", "Hardware UUID 7A1C", "Battery 83 %"),
        *("IP address 127.0.0.1", "52.52000, -13.40500", "Accuracy 30 m", 'disks ["a", "b"]', "memory 16", "Last seen"),
    ):
        assert shown in found
    page = administrator_client.get(page_of(device)).content.decode()
    assert 'href="https://www.openstreetmap.org/?mlat=52.52000&amp;mlon=-13.40500#map=16/52.52000/-13.40500"' in page
    assert 'rel="noopener noreferrer"' in page


def test_a_device_at_zero_degrees_has_a_place(administrator_client: Client) -> None:
    device, token = enrolled_device()
    check_in(token, {"location": {"latitude": 0, "longitude": 0}, "battery": 0})
    found = words(administrator_client, device)
    assert "0.00000, 0.00000" in found
    assert "Battery 0 %" in found


def test_a_device_that_is_approved_anew_shows_nothing_of_the_one_before(administrator_client: Client) -> None:
    device, _token = enrolled_device()
    Device.objects.update(status=Device.Status.PRE_APPROVED)
    found = words(administrator_client, device)
    assert f"Hardware {NOT_YET}" in found
    assert "7A1C" not in found


@pytest.mark.parametrize(
    ("status", "said"),
    [(Device.Status.DISENROLLED, "Disenrolled Device"), (Device.Status.BLOCKED, "Blocked Device")],
)
def test_a_device_that_left_or_is_blocked_says_so(status: str, said: str, administrator_client: Client) -> None:
    device, _token = enrolled_device()
    Device.objects.update(status=status)
    assert said in words(administrator_client, device)


def test_hostile_texts_of_a_device_are_texts(administrator_client: Client) -> None:
    policy = PolicyFactory.create(name="A")
    device, token = enrolled_device(policies=[policy])
    ask(token)
    report = {"id": policy.pk, "version": 1, "state": "failed", "message": HOSTILE}
    hardware = {"model": HOSTILE, "manufacturer": HOSTILE, HOSTILE: {HOSTILE: [HOSTILE]}, "long": "x" * 5_000}
    assert check_in(token, {"os_version": HOSTILE[:64], "hardware": hardware, "policies": [report]})[0] == 200
    page = administrator_client.get(page_of(device)).content.decode()
    assert "<script>alert(1)" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 6
    assert "x" * 301 not in page


# --- policies --------------------------------------------------------------------------------------------
def shown(device: Device) -> list[tuple[Any, ...]]:
    return [(found.name, found.standing, found.version, found.known) for found in standings_of(device)]


def test_a_policy_is_assigned_delivered_applied_failed_and_withdrawn(administrator_client: Client) -> None:
    first, second = PolicyFactory.create(name="First"), PolicyFactory.create(name="Second")
    group = DeviceGroupFactory.create(name="Research")
    group.policies.add(second)
    device, token = enrolled_device(policies=[first], groups=[group])
    assert shown(device) == [("First", Standing.ASSIGNED, 1, None), ("Second", Standing.ASSIGNED, 1, None)]
    assert "Assigned The device gets it at its next check-in." in words(administrator_client, device)

    ask(token)
    assert shown(device) == [("First", Standing.DELIVERED, 1, 1), ("Second", Standing.DELIVERED, 1, 1)]

    failed = {"id": second.pk, "version": 1, "state": "failed", "message": "No consent"}
    check_in(token, {"policies": [{"id": first.pk, "version": 1, "state": "applied"}, failed]})
    assert shown(device) == [("First", Standing.APPLIED, 1, 1), ("Second", Standing.FAILED, 1, 1)]
    found = words(administrator_client, device)
    assert "First the device itself 1 Applied" in found
    assert "Second Research 1 Failed No consent" in found

    type(first).objects.filter(pk=first.pk).update(version=2)
    group.policies.clear()
    assert shown(device) == [("First", Standing.OUTDATED, 2, 1), ("Second", Standing.WITHDRAWN, None, 1)]
    found = words(administrator_client, device)
    assert "It has version 1, and gets version 2 at its next check-in." in found
    assert "The device learns at its next check-in that it has to go." in found

    ask(token)
    assert shown(device) == [("First", Standing.DELIVERED, 2, 2)]


def test_each_state_of_a_policy_on_a_device_is_a_standing() -> None:
    assert set(DevicePolicy.State.values) <= set(Standing.values)


def test_a_policy_of_a_pre_approved_device_waits_for_the_enrollment(administrator_client: Client) -> None:
    device = DeviceFactory.create(policies=[PolicyFactory.create(name="First")])
    assert "Assigned It is given to the device when that enrolls." in words(administrator_client, device)


# --- letting go ------------------------------------------------------------------------------------------
def leave_of(device: Device) -> str:
    return reverse("admin:devices_device_disenroll", args=[device.pk])


def test_an_administrator_disenrolls_a_device_after_being_asked(administrator: User) -> None:
    client = sign_in(administrator)
    device, token = enrolled_device()
    assert leave_of(device) in client.get(page_of(device)).content.decode()
    asked = client.get(leave_of(device)).content.decode()
    assert "Its device token becomes void at once" in asked
    assert device_of(token) == device
    assert "Choose why it leaves." in client.post(leave_of(device)).content.decode()
    assert "Write the reason" in client.post(leave_of(device), {"reason": "other"}).content.decode()
    answer = client.post(leave_of(device), {"reason": "lost", "text": "In a taxi"}, follow=True)
    assert "Disenrolled by administrator on" in answer.content.decode()
    assert "Lost or stolen: In a taxi" in answer.content.decode()
    assert "The device is disenrolled." in answer.content.decode()
    device.refresh_from_db()
    assert device.status == Device.Status.DISENROLLED
    assert device_of(token) is None
    assert LogEntry.objects.get().get_change_message() == "Disenrolled."
    assert leave_of(device) not in client.get(page_of(device)).content.decode()


def test_a_device_that_is_not_enrolled_can_not_be_disenrolled(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    assert leave_of(device) not in administrator_client.get(page_of(device)).content.decode()
    assert "This device is not enrolled." in administrator_client.get(leave_of(device)).content.decode()
    answer = administrator_client.post(leave_of(device), {"reason": "lost"}, follow=True)
    assert "Nothing was changed." in answer.content.decode()
    device.refresh_from_db()
    assert device.status == Device.Status.PRE_APPROVED
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("key", ["0", "x", "9" * 30])
def test_no_device_can_not_be_disenrolled(key: str, administrator_client: Client) -> None:
    address = page_of(DeviceFactory.create()).replace("/change/", "/disenroll/")
    assert administrator_client.post(re.sub(r"\d+", key, address)).status_code == 404


def test_who_may_only_look_can_not_disenroll(operator_client: Client) -> None:
    device, token = enrolled_device()
    assert leave_of(device) not in operator_client.get(page_of(device)).content.decode()
    assert operator_client.post(leave_of(device), {"reason": "lost"}).status_code == 403
    assert device_of(token) == device


def test_a_device_that_left_is_approved_again_for_its_user(administrator: User) -> None:
    client = sign_in(administrator)
    device, _token = enrolled_device()
    again = reverse("admin:devices_device_approve_again", args=[device.pk])
    assert again not in client.get(page_of(device)).content.decode()
    assert "there is nothing to approve again" in client.get(again, follow=True).content.decode()
    disenroll(device.pk, administrator, LeaveReason.RETURNED)
    assert again in client.get(page_of(device)).content.decode()
    assert "What it told and what it was given before is removed" in client.get(again).content.decode()
    form = {"user": device.user_id, "approval_expires_at_0": "", "approval_expires_at_1": "", "access": "none"}
    assert "is pre-approved again." in client.post(again, form, follow=True).content.decode()
    device.refresh_from_db()
    assert (device.status, device.disenroll_reason) == (Device.Status.PRE_APPROVED, "")
    assert f"Hardware {NOT_YET}" in words(client, device)


# --- reading and editing ---------------------------------------------------------------------------------
def test_who_may_only_look_reads_a_page_without_a_form(operator_client: Client) -> None:
    device = DeviceFactory.create()
    page = operator_client.get(page_of(device)).content.decode()
    edit = reverse("admin:devices_device_edit", args=[device.pk])
    assert device.serial_number in page
    assert edit not in page
    assert 'name="serial_number"' not in page
    assert operator_client.get(edit).status_code == 403


def test_the_form_is_a_page_of_its_own_and_leads_back(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    edit = reverse("admin:devices_device_edit", args=[device.pk])
    assert edit in administrator_client.get(page_of(device)).content.decode()
    assert 'name="serial_number"' in administrator_client.get(edit).content.decode()
    form = {
        "serial_number": device.serial_number,
        "platform": "macos",
        "ownership": "personal",
        "name": "Anew",
        "domain": device.domain_id,
        "user": device.user_id,
        "custom_attributes": "{}",
    }
    answer = administrator_client.post(edit, form)
    assert (answer.status_code, answer["Location"]) == (302, page_of(device))
    device.refresh_from_db()
    assert (device.name, device.ownership) == ("Anew", "personal")


@pytest.mark.parametrize("stays", ["domain", "user"])
def test_a_device_and_its_user_are_of_one_domain(administrator_client: Client, stays: str) -> None:
    device, other = DeviceFactory.create(), DeviceUserFactory.create(domain=DomainFactory.create())
    form = {
        "serial_number": device.serial_number,
        "platform": "macos",
        "ownership": "personal",
        "domain": device.domain_id if stays == "domain" else other.domain_id,
        "user": device.user_id if stays == "user" else other.pk,
        "custom_attributes": "{}",
    }
    for address in (reverse("admin:devices_device_edit", args=[device.pk]), reverse("admin:devices_device_add")):
        answer = administrator_client.post(address, form | {"serial_number": f"K0{len(address)}"})
        assert answer.status_code == 200
        assert "The device user is of another domain." in str(answer.context["adminform"].form.errors["user"])
    device.refresh_from_db()
    assert (device.domain, Device.objects.count()) == (device.user.domain, 1)


def test_the_number_of_an_enrolled_device_can_not_be_changed(administrator_client: Client) -> None:
    device, _token = enrolled_device()
    page = administrator_client.get(reverse("admin:devices_device_edit", args=[device.pk])).content.decode()
    assert 'name="serial_number"' not in page
    assert 'name="name"' in page


def test_a_device_of_another_domain_is_not_there() -> None:
    ours, theirs = DomainFactory.create(), DeviceFactory.create()
    client = sign_in(make_person("ours", ("view_device", "change_device", "delete_device"), domains=[ours]))
    names = ("change", "edit", "delete", "disenroll", "approve_again", "hand_over")
    for name in names:
        there = client.get(reverse(f"admin:devices_device_{name}", args=[theirs.pk]))
        nowhere = client.get(reverse(f"admin:devices_device_{name}", args=[theirs.pk + 999]))
        assert (name, there.status_code) == (name, nowhere.status_code)
        assert theirs.serial_number not in there.content.decode()


def test_custom_attributes_and_groups_are_readable(operator_client: Client) -> None:
    device = DeviceFactory.create(
        custom_attributes={"Cost centre": "4711"}, groups=[DeviceGroupFactory.create(name="Research")]
    )
    found = words(operator_client, device)
    assert "Cost centre 4711" in found
    assert "Device groups Research" in found


def test_what_goes_with_a_pre_approved_device_needs_no_permission_of_its_own() -> None:
    person = make_person("eraser", ("view_device", "delete_device"))
    device = DeviceFactory.create()
    DeviceInventory.objects.create(
        device=device, enrolled_at=datetime(2026, 1, 1, tzinfo=UTC), last_seen_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    Conflict.objects.create(device=device, hardware_uuid="7A1C")
    answer = sign_in(person).post(reverse("admin:devices_device_delete", args=[device.pk]), {"post": "yes"})
    assert answer.status_code == 302
    assert not Device.objects.exists()


def test_the_form_offers_no_other_actions_than_to_save(administrator_client: Client) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    page = administrator_client.get(reverse("admin:devices_device_edit", args=[device.pk])).content.decode()
    for action in ("disenroll", "hand-over", "block", "invite"):
        assert f"/{device.pk}/{action}/" not in page


def test_the_import_is_named_and_its_facts_are_left_to_its_own_page(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    batch = ImportBatchFactory.create(domain=domain, file_name="fleet.csv", state="committed")
    page = administrator_client.get(page_of(DeviceFactory.create(domain=domain, user=None, import_batch=batch)))
    content = page.content.decode()
    assert content.count("fleet.csv") >= 1
    assert "wz-layout-facts" not in content

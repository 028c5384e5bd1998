"""Does the timeline of a device tell what people changed, to whoever may read the audit log?"""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from devices.models import Device
from enrollment.device_timeline import MANY, device_timeline
from tests.conftest import make_person
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


def told(device: Device, person: User) -> list[tuple[str, str, str]]:
    return [(entry.title, entry.text, entry.person) for entry in device_timeline(device, person, most=MANY).entries]


def save(client: Client, device: Device, **changes: str) -> None:
    form = {
        "serial_number": device.serial_number,
        "platform": device.platform,
        "ownership": device.ownership,
        "name": device.name,
        "domain": device.domain_id,
        "user": device.user_id,
        "custom_attributes": "{}",
    }
    answer = client.post(reverse("admin:devices_device_edit", args=[device.pk]), form | changes)
    assert answer.status_code == 302


def test_a_change_is_told_with_what_it_was_before_and_who_did_it(
    administrator: User, administrator_client: Client
) -> None:
    device = DeviceFactory.create(name="Old")
    save(administrator_client, device, name="New", ownership="personal")
    device.refresh_from_db()
    lines = [text for title, text, person in told(device, administrator) if person == administrator.username]
    assert len(lines) == 1
    assert "Device name: New (before: Old)" in lines[0]
    assert "Ownership: Personal (before: Corporate)" in lines[0]


def test_what_the_timeline_tells_itself_is_told_once(administrator: User, administrator_client: Client) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    administrator_client.post(reverse("admin:devices_device_disenroll", args=[device.pk]), {"reason": "lost"})
    device.refresh_from_db()
    titles = [title for title, _text, _person in told(device, administrator)]
    assert titles == ["Disenrolled", "Pre-approved by hand"]


def test_who_may_not_read_the_audit_log_is_told_no_changes(administrator_client: Client) -> None:
    device = DeviceFactory.create(name="Old")
    save(administrator_client, device, name="New")
    device.refresh_from_db()
    assert told(device, make_person("reader", ("view_device",))) == [("Pre-approved by hand", "", "")]

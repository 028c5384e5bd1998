"""Before and after: what Replace changes for a row."""

import pytest
from django.test import Client

from devices.imports import commit, steps
from devices.imports.review.replacement import Change, replacement
from devices.models import Device, DeviceUser, ImportBatch
from tests.devices.importing import checked_rows, device, row, staged, user
from tests.devices.wizard_pages import shown, url
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = pytest.mark.django_db


def changed(changes: list[Change]) -> dict[str, tuple[str, str]]:
    return {str(change.label): (change.before, change.after) for change in changes if change.is_change}


def test_a_known_user_shows_the_details_that_are_overwritten(administrator_client: Client) -> None:
    DeviceUserFactory.create(email="user1@example.com", name="Old Name", mobile="+491701111111")
    batch = checked_rows(row(1, name="New Name", mobile="+49 170 2222222"))
    found = replacement(batch, staged(batch))
    assert changed(found.user) == {"Name": ("Old Name", "New Name"), "Mobile": ("+491701111111", "+491702222222")}
    assert (found.has_user, found.has_device, found.told_by) == (True, False, None)
    text = shown(administrator_client, "row", batch, 2)
    assert "Name Old Name New Name changes" in text
    assert "Device Not in the portal yet: it will be created." in text
    assert "Nothing has been chosen for this row yet." in text
    steps.choose(batch, duplicates="keep", channel="none", accept_good_rows=False)
    text = shown(administrator_client, "row", batch, 2)
    assert "The present choice for this row is “Keep the user, add the device”." in text


def test_a_known_device_shows_its_details_groups_and_policies() -> None:
    old = DeviceFactory.create(serial_number=row(1)["serial_number"], name="Old", ownership="personal")
    old.groups.set([DeviceGroupFactory.create(name="Old group")])
    Device.objects.filter(pk=old.pk).update(custom_attributes={"Room": "1", "Cost": "7"})
    batch = checked_rows(row(1, device_name="New", groups="New group", Room="2"), kept=["Room"])
    batch.policies.set([PolicyFactory.create(name="Of the batch")])
    assert changed(replacement(batch, staged(batch)).device) == {
        "Device name": ("Old", "New"),
        "Ownership": ("Personal", "Corporate"),
        "Device user": (str(old.user), "User 1 <user1@example.com>"),
        "Groups": ("Old group", "New group"),
        "Policies": ("", "Of the batch"),
        "Room": ("1", "2"),
    }


def test_what_the_file_does_not_fill_stays() -> None:
    owner = DeviceUserFactory.create(email="user1@example.com", name="User 1", mobile="+491701111111")
    DeviceFactory.create(serial_number=row(1)["serial_number"], name="Old", user=owner)
    batch = checked_rows(row(1))
    found = replacement(batch, staged(batch))
    assert changed(found.user) == changed(found.device) == {}


def test_the_last_row_of_an_address_tells_about_the_user(administrator_client: Client) -> None:
    DeviceUserFactory.create(email="user1@example.com", name="Old Name")
    batch = checked_rows(row(1, name="First"), row(2, name="Last", email="User1@example.com"))
    steps.choose(batch, duplicates="replace", channel="none", accept_good_rows=False)
    found = replacement(batch, staged(batch, 2))
    assert found.told_by == 3
    assert changed(found.user)["Name"] == ("Old Name", "Last")
    text = shown(administrator_client, "row", batch, 2)
    assert "Line 3 has the same e-mail address and comes later: the device user’s details come from there." in text


def test_a_later_row_that_is_skipped_tells_nothing() -> None:
    DeviceUserFactory.create(email="user1@example.com", name="Old Name")
    batch = checked_rows(row(1, name="First"), row(2, name="Last", email="user1@example.com"))
    assert replacement(batch, staged(batch, 2)).told_by is None


def test_a_password_is_never_shown_only_that_it_changes() -> None:
    old = DeviceFactory.create(serial_number=row(1)["serial_number"])
    old.one_time_password = "Old-Secret-1"
    old.save()
    batch = checked_rows(row(1, password="New-Secret-1"))
    found = replacement(batch, staged(batch))
    assert changed(found.device)["One-time password"] == ("set", "the one of the file")
    assert "Secret" not in repr(found)


def test_what_is_shown_is_what_the_import_does() -> None:
    owner = DeviceUserFactory.create(email="USER1@example.com", name="Old Name")
    DeviceFactory.create(
        serial_number=row(1)["serial_number"],
        user=owner,
        status="disenrolled",
        groups=[DeviceGroupFactory.create(name="Old")],
    )
    batch = checked_rows(row(1, name="New Name", mobile="+49 170 2222222", device_name="Laptop", groups="New;Second"))
    batch.groups.set([DeviceGroupFactory.create(name="Of the batch")])
    steps.choose(
        batch, duplicates="replace", channel="none", accept_good_rows=False, groups=batch.groups.all(), policies=[]
    )
    found = replacement(batch, staged(batch))
    after = {str(change.label): change.after for change in [*found.user, *found.device]}
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    made, person = device(1), user(1)
    assert (after["Name"], after["Email"], after["Mobile"]) == (person.name, person.email, str(person.mobile))
    assert after["Groups"] == ", ".join(sorted(made.groups.values_list("name", flat=True)))
    assert (after["Status"], after["Device name"]) == (made.get_status_display(), made.name)
    assert DeviceUser.objects.count() == 1


def test_a_line_that_is_not_in_review_is_not_found(administrator_client: Client) -> None:
    batch: ImportBatch = checked_rows(row(1), row(2, platform="iOS"))
    assert administrator_client.get(url("row", batch, 3)).status_code == 404
    assert administrator_client.get(url("row", batch, 77)).status_code == 404

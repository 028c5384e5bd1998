"""Do rows add users to devices that Apple lists, without a question as if these were duplicates?"""

import pytest
from django.test import Client
from django.urls import reverse

from devices.imports import commit, steps
from devices.imports.review.replacement import replacement
from devices.models import Device, DeviceUser, ImportBatch, ImportRow
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

from .importing import checked_rows, codes, committed, device, portal_state, row, staged, undone, user

pytestmark = pytest.mark.django_db

ADE, SAID = Device.Source.ADE, "adds a user to a device of Apple ADE"


def listed(number: int = 1, **details: object) -> Device:
    """Return the device of `row(number)` as Apple ADE pre-approves it."""
    cells = row(number)
    named = {"serial_number": cells["serial_number"], "platform": cells["platform"], "ownership": "corporate"}
    return DeviceFactory.create(**{**named, "user": None, "name": "", "source": ADE, **details})


def test_a_row_gives_an_ade_device_its_user_name_groups_and_policies_and_nothing_is_asked() -> None:
    berlin, kiosk = DeviceGroupFactory.create(name="Berlin"), PolicyFactory.create(name="Kiosk")
    made = listed(groups=[berlin])
    made.groups.add(berlin)
    PolicyFactory.create(name="Wi-Fi")
    made.policies.add(kiosk)
    cells = row(1, device_name="Lobby", groups="Sales", policies="Wi-Fi", ownership="personal", password="one time")
    batch = checked_rows(cells)
    assert staged(batch).kind == ImportRow.Kind.ADE_DEVICE
    assert steps.obstacles(batch) == []
    batch = committed(batch)
    assert [batch.counts[name] for name in ("created", "replaced", "given", "skipped")] == [0, 1, 1, 0]
    found = device()
    assert (found.pk, found.source, found.status, found.import_batch) == (made.pk, ADE, "pre_approved", None)
    assert (found.user, found.name, found.ownership) == (user(), "Lobby", "personal")
    assert found.one_time_password == "one time"
    assert set(found.groups.values_list("name", flat=True)) == {"Berlin", "Sales"}
    assert set(found.policies.values_list("name", flat=True)) == {"Kiosk", "Wi-Fi"}


def test_an_empty_name_leaves_that_of_the_device() -> None:
    listed(name="Reception")
    committed(checked_rows(row(1, device_name="")))
    assert device().name == "Reception"


@pytest.mark.parametrize(("choice", "name"), [("replace", "User 1"), ("skip", "Ada"), ("keep", "Ada"), ("", "Ada")])
def test_what_is_chosen_for_duplicates_decides_about_the_details_of_its_user_only(choice: str, name: str) -> None:
    ada = DeviceUserFactory.create(email=row()["email"], name="Ada")
    listed()
    committed(checked_rows(row(1)), choice)
    ada.refresh_from_db()
    assert (device().user, ada.name) == (ada, name)


def test_a_row_that_is_to_be_skipped_leaves_the_device_to_nobody() -> None:
    listed()
    before = portal_state()
    batch = checked_rows(row(1))
    ImportRow.objects.filter(batch=batch).update(decision="skip")
    batch = committed(batch, "replace")
    assert (batch.counts["skipped"], batch.counts["given"]) == (1, 0)
    assert portal_state() == before


def test_an_ade_device_that_has_a_user_already_is_a_duplicate_like_any_other() -> None:
    listed(user=DeviceUserFactory.create())
    batch = checked_rows(row(1))
    assert staged(batch).kind == ImportRow.Kind.KNOWN_DEVICE
    assert steps.obstacles(batch)


@pytest.mark.parametrize(("status", "code"), [("enrolled", "already_enrolled"), ("blocked", "device_blocked")])
def test_an_ade_device_that_is_enrolled_or_blocked_stays_as_it_is(status: str, code: str) -> None:
    listed(status=status)
    batch = checked_rows(row(1))
    assert codes(batch) == [(2, code)]
    batch = committed(batch)
    assert (batch.counts["skipped"], device().user, device().status) == (1, None, status)


def test_an_ade_device_of_another_domain_is_an_error_of_its_line() -> None:
    listed(domain=DomainFactory.create())
    assert codes(checked_rows(row(1)), "error") == [(2, "other_domain")]


def test_a_device_that_apple_lists_after_the_check_is_given_its_user_without_another_review() -> None:
    batch = checked_rows(row(1))
    assert staged(batch).kind == ImportRow.Kind.NEW
    listed()
    batch = committed(batch)
    assert (batch.state, batch.counts["given"]) == (ImportBatch.State.COMMITTED, 1), batch.failure
    assert device().user == user()


def test_a_device_that_somebody_gave_a_user_since_the_check_is_asked_about() -> None:
    made = listed()
    batch = checked_rows(row(1))
    made.user = DeviceUserFactory.create()
    made.save()
    steps.choose(batch, duplicates="", channel="none", accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READY
    assert "choose what happens to duplicates" in batch.failure["message"]


def test_undo_gives_the_device_back_to_nobody_and_removes_the_user() -> None:
    listed(name="Reception")
    before = portal_state()
    batch = undone(committed(checked_rows(row(1, device_name="Lobby", groups="Sales"))))
    assert batch.state == ImportBatch.State.UNDONE, batch.failure
    assert portal_state() == before
    assert not DeviceUser.objects.exists()


def test_the_check_and_the_review_say_how_many_rows_add_users(administrator_client: Client) -> None:
    listed(1)
    batch = checked_rows(row(1), row(2))
    for step in ("check", "review"):
        page = administrator_client.get(reverse(f"enroll:{step}", args=[batch.pk])).content.decode()
        assert f"1 of the rows {SAID}" in page, step
    assert "Users added to devices of Apple ADE" in page
    assert "What happens to them?" not in page
    assert 'name="decision-2"' in page
    assert 'name="decision-3"' not in page
    page = administrator_client.get(reverse("enroll:row", args=[batch.pk, 2])).content.decode()
    assert "it has no user of its own yet: the row adds one." in page
    batch = committed(batch)
    page = administrator_client.get(reverse("enroll:done", args=[batch.pk])).content.decode()
    assert "Users added, Apple ADE" in page
    assert "2 devices are pre-approved" in page


def test_a_file_without_such_devices_says_nothing_of_them(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    for step in ("check", "review"):
        assert (
            "Apple ADE</h3>"
            not in administrator_client.get(reverse(f"enroll:{step}", args=[batch.pk])).content.decode()
        )


def test_before_and_after_say_what_stays() -> None:
    made = listed(name="Reception")
    made.groups.add(DeviceGroupFactory.create(name="Berlin"))
    DeviceUserFactory.create(email=row()["email"], name="Ada")
    batch = checked_rows(row(1, device_name="", groups="Sales"))
    shown = replacement(batch, staged(batch))
    changes = {str(change.label): change.after for change in shown.device}
    assert changes["Device name"] == "Reception"
    assert changes["Groups"] == "Berlin, Sales"
    assert [change.after for change in shown.user if change.label == "Name"] == ["Ada"]

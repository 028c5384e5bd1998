"""What do the rows of a reviewed batch become, and what is left alone?"""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from devices.imports import commit, steps
from devices.models import Device, DeviceGroup, DeviceUser, Domain, ImportBatch
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

from .importing import check_again, checked, checked_rows, codes, committed, device, portal_state, row, table, user

pytestmark = pytest.mark.django_db


def outcome(batch: ImportBatch) -> dict[str, int]:
    return {name: batch.counts[name] for name in ("created", "replaced", "skipped", "invited")}


def test_every_cell_of_a_row_arrives_where_it_belongs() -> None:
    PolicyFactory.create(name="Wi-Fi")
    cells = row(
        1,
        ownership="personal",
        platform="android",
        sam_account_name="user1",
        mobile="+49 170 1234567",
        device_name="Galaxy",
        groups="Sales;Berlin",
        policies="Wi-Fi",
        password="one time",
    )
    batch = committed(checked_rows(cells))
    assert batch.state == ImportBatch.State.COMMITTED
    assert outcome(batch) == {"created": 1, "replaced": 0, "skipped": 0, "invited": 0}
    made = device()
    assert (made.platform, made.ownership, made.name) == ("android", "personal", "Galaxy")
    assert (made.status, made.source, made.import_batch) == ("pre_approved", "import", batch)
    assert made.one_time_password == "one time"
    assert [group.name for group in made.groups.order_by("name")] == ["Berlin", "Sales"]
    assert [policy.name for policy in made.policies.all()] == ["Wi-Fi"]
    assert made.user == user()
    assert (user().name, user().sam_account_name, user().mobile) == ("User 1", "user1", "+491701234567")
    assert made.domain == user().domain == Domain.objects.local()


def test_users_and_devices_belong_to_the_domain_of_the_batch() -> None:
    domain = DomainFactory.create()
    committed(checked_rows(row(1), domain=domain))
    assert (device().domain, user().domain) == (domain, domain)


def test_the_same_address_in_another_domain_is_another_user() -> None:
    other = DeviceUserFactory.create(email=row()["email"], domain=DomainFactory.create())
    committed(checked_rows(row(1)))
    assert DeviceUser.objects.filter(email_key=other.email).count() == 2
    assert device().user != other


def test_five_rows_with_one_address_are_one_user_with_the_details_of_the_last_row_and_five_invitations() -> None:
    rows = [row(number, email="ada@example.com", name=f"Name {number}", mobile="") for number in range(1, 6)]
    rows[4]["mobile"] = "+491701234567"
    batch = committed(checked_rows(*rows), channel="email")
    assert outcome(batch) == {"created": 5, "replaced": 0, "skipped": 0, "invited": 5}
    ada = DeviceUser.objects.get()
    assert (ada.name, ada.mobile, ada.devices.count()) == ("Name 5", "+491701234567", 5)


def test_addresses_that_differ_by_case_are_one_user() -> None:
    committed(checked_rows(row(1, email="Ada@Example.com"), row(2, email="ada@example.COM")))
    assert DeviceUser.objects.get().email == "ada@example.COM"


def test_the_last_row_wins_also_when_an_earlier_one_is_for_a_known_device() -> None:
    DeviceFactory.create(serial_number=row(1)["serial_number"])
    first, last = row(1, email="ada@example.com", name="First"), row(2, email="ada@example.com", name="Last")
    committed(checked_rows(first, last), "replace")
    assert DeviceUser.objects.get(email="ada@example.com").name == "Last"


# --- a device user who is in the portal already -----------------------------------------------------------
@pytest.fixture
def known_user(db: None) -> DeviceUser:
    return DeviceUserFactory.create(
        email="USER1@example.com", name="Old Name", mobile="+12025550143", sam_account_name="old"
    )


def test_replace_overwrites_the_user_and_adds_the_device(known_user: DeviceUser) -> None:
    batch = committed(checked_rows(row(1, mobile="+491701234567")), "replace")
    known_user.refresh_from_db()
    assert (known_user.name, known_user.email, known_user.mobile) == ("User 1", "user1@example.com", "+491701234567")
    assert device().user == known_user
    assert outcome(batch) == {"created": 1, "replaced": 0, "skipped": 0, "invited": 0}


def test_replace_leaves_what_the_file_has_no_column_for(known_user: DeviceUser) -> None:
    committed(checked_rows(row(1)), "replace")
    known_user.refresh_from_db()
    assert (known_user.mobile, known_user.sam_account_name) == ("+12025550143", "old")


def test_skip_changes_nothing_of_the_user_and_imports_no_device(known_user: DeviceUser) -> None:
    before = portal_state()
    batch = committed(checked_rows(row(1)), "skip", "email")
    assert portal_state() == before
    assert outcome(batch) == {"created": 0, "replaced": 0, "skipped": 1, "invited": 0}


def test_keep_adds_the_device_and_leaves_the_user(known_user: DeviceUser) -> None:
    before = portal_state()["users"]
    batch = committed(checked_rows(row(1)), "keep", "email")
    assert portal_state()["users"] == before
    assert device().user == known_user
    assert outcome(batch) == {"created": 1, "replaced": 0, "skipped": 0, "invited": 1}


def test_a_row_overrides_the_choice_of_the_batch(known_user: DeviceUser) -> None:
    DeviceUserFactory.create(email="user2@example.com", name="Other Name")
    batch = checked_rows(row(1), row(2), row(3))
    batch.rows.filter(line=2).update(decision="replace")
    committed(batch, "skip")
    known_user.refresh_from_db()
    assert known_user.name == "User 1"
    assert user(2).name == "Other Name"
    assert set(Device.objects.values_list("serial_number", flat=True)) == {"C02XK1ZZJ001", "C02XK1ZZJ003"}


def test_the_choice_does_not_touch_rows_that_are_new() -> None:
    assert outcome(committed(checked_rows(row(1)), "skip"))["created"] == 1


# --- a device that is pre-approved already ----------------------------------------------------------------
@pytest.fixture
def known_device(db: None) -> Device:
    return DeviceFactory.create(
        serial_number=row()["serial_number"],
        ownership="personal",
        name="Old device",
        one_time_password="old password",
        custom_attributes={"Room": "1"},
        groups=[DeviceGroupFactory.create(name="Old group")],
    )


def test_replace_overwrites_a_pre_approved_device_and_gives_it_to_the_user_of_the_row(known_device: Device) -> None:
    batch = committed(checked_rows(row(1, device_name="New device", groups="New group", password="new")), "replace")
    found = device()
    assert found.pk == known_device.pk
    assert (found.ownership, found.name, found.one_time_password) == ("corporate", "New device", "new")
    assert found.user == user()
    assert [group.name for group in found.groups.all()] == ["New group"]
    assert outcome(batch) == {"created": 0, "replaced": 1, "skipped": 0, "invited": 0}


def test_replace_keeps_name_groups_password_and_attributes_that_the_file_has_no_column_for(
    known_device: Device,
) -> None:
    committed(checked_rows(row(1)), "replace")
    found = device()
    assert (found.name, found.one_time_password) == ("Old device", "old password")
    assert found.custom_attributes == {"Room": "1"}
    assert [group.name for group in found.groups.all()] == ["Old group"]


def test_an_empty_password_cell_keeps_the_password_because_no_export_holds_it(known_device: Device) -> None:
    committed(checked_rows(row(1, password="")), "replace")
    assert device().one_time_password == "old password"


def test_replace_adds_kept_columns_to_the_custom_attributes(known_device: Device) -> None:
    committed(checked_rows(row(1, Desk="12"), kept=["Desk"]), "replace")
    assert device().custom_attributes == {"Room": "1", "Desk": "12"}


@pytest.mark.parametrize("choice", ["skip", "keep"])
def test_skip_and_keep_leave_a_pre_approved_device_as_it_is(known_device: Device, choice: str) -> None:
    before = portal_state()
    batch = committed(checked_rows(row(1, device_name="New")), choice, "email")
    assert portal_state() == before
    assert outcome(batch) == {"created": 0, "replaced": 0, "skipped": 1, "invited": 0}


@pytest.mark.parametrize("choice", ["replace", "keep", "skip"])
@pytest.mark.parametrize("status", ["enrolled", "blocked"])
def test_an_enrolled_or_blocked_device_is_never_overwritten(known_device: Device, status: str, choice: str) -> None:
    Device.objects.update(status=status)
    before = portal_state()
    batch = committed(checked_rows(row(1, device_name="New")), choice, "email")
    assert portal_state() == before
    assert outcome(batch) == {"created": 0, "replaced": 0, "skipped": 1, "invited": 0}


def test_a_device_that_enrolls_between_review_and_commit_is_not_overwritten(known_device: Device) -> None:
    batch = checked_rows(row(1, device_name="New"))
    Device.objects.update(status=Device.Status.ENROLLED)
    before = portal_state()
    assert outcome(committed(batch, "replace"))["skipped"] == 1
    assert portal_state() == before


@pytest.mark.parametrize("choice", ["replace", "keep"])
def test_a_disenrolled_device_is_pre_approved_again(known_device: Device, choice: str) -> None:
    Device.objects.update(status=Device.Status.DISENROLLED)
    committed(checked_rows(row(1)), choice)
    assert device().status == Device.Status.PRE_APPROVED
    assert device().user == user()


def test_the_time_of_an_approval_that_ended_is_gone_when_a_device_is_approved_again(known_device: Device) -> None:
    Device.objects.update(status=Device.Status.DISENROLLED, approval_expires_at=timezone.now())
    committed(checked_rows(row(1)), "replace")
    assert device().approval_expires_at is None


def test_the_time_of_an_approval_that_is_open_stays(known_device: Device) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    Device.objects.update(approval_expires_at=tomorrow)
    committed(checked_rows(row(1, device_name="New")), "replace")
    assert (device().name, device().approval_expires_at) == ("New", tomorrow)


def test_a_disenrolled_device_stays_so_with_skip(known_device: Device) -> None:
    Device.objects.update(status=Device.Status.DISENROLLED)
    committed(checked_rows(row(1)), "skip")
    assert device().status == Device.Status.DISENROLLED


# --- invitations, groups, policies, attributes, fixed values ----------------------------------------------
def test_a_row_that_is_not_ticked_is_imported_and_gets_no_invitation() -> None:
    batch = checked_rows(row(1), row(2))
    batch.rows.filter(line=2).update(invite=False)
    assert outcome(committed(batch, channel="email")) == {"created": 2, "replaced": 0, "skipped": 0, "invited": 1}


def test_without_a_channel_nobody_is_invited() -> None:
    assert outcome(committed(checked_rows(row(1)), channel="none"))["invited"] == 0


def test_by_sms_only_users_with_a_phone_number_are_invited() -> None:
    batch = committed(checked_rows(row(1, mobile="+491701234567"), row(2)), channel="sms")
    assert outcome(batch) == {"created": 2, "replaced": 0, "skipped": 0, "invited": 1}


def test_by_sms_a_known_user_is_invited_at_the_number_that_the_portal_knows(known_user: DeviceUser) -> None:
    assert outcome(committed(checked_rows(row(1)), "keep", "sms"))["invited"] == 1


def test_groups_and_policies_of_the_batch_go_to_every_device_besides_the_columns() -> None:
    group, policy = DeviceGroupFactory.create(name="All"), PolicyFactory.create(name="Wi-Fi")
    batch = checked_rows(row(1, groups="Sales"), row(2))
    committed(batch, groups=[group], policies=[policy])
    assert sorted(device(1).groups.values_list("name", flat=True)) == ["All", "Sales"]
    assert list(device(2).groups.values_list("name", flat=True)) == ["All"]
    assert [made.policies.get() for made in Device.objects.all()] == [policy, policy]


def test_groups_of_rows_that_do_not_go_in_are_not_created(known_device: Device) -> None:
    committed(checked_rows(row(1, groups="Nobody's"), row(2, groups="Sales")), "skip")
    assert set(DeviceGroup.objects.values_list("name", flat=True)) == {"Old group", "Sales"}


def test_hundreds_of_devices_are_organised_in_the_same_upload() -> None:
    rows = [row(number, groups=f"Floor {number % 3};All") for number in range(1, 301)]
    committed(checked_rows(*rows))
    assert DeviceGroup.objects.get(name="All").devices.count() == 300
    assert DeviceGroup.objects.get(name="Floor 0").devices.count() == 100


def test_unmapped_columns_are_dropped_unless_they_are_kept() -> None:
    committed(checked_rows(row(1, Desk="12", Room="A"), row(2, Desk="", Room="B"), kept=["Desk"]))
    assert device(1).custom_attributes == {"Desk": "12"}
    assert device(2).custom_attributes == {}


def test_kept_columns_with_hostile_headers_and_values_go_in() -> None:
    header = '"; DROP TABLE 😀 %s {} \\'
    committed(checked_rows({**row(1), header: "'; -- \\u0000 %(x)s"}, kept=[header]))
    assert device().custom_attributes == {header: "'; -- \\u0000 %(x)s"}


def test_a_fixed_value_goes_to_every_row() -> None:
    content = "Name,Email,Serial number\r\nAda,ada@example.com,C02XK1ZZJ001\r\nAlan,alan@example.com,C02XK1ZZJ002\r\n"
    committed(checked(content.encode(), fixed={"platform": "ios", "ownership": "corporate"}))
    assert set(Device.objects.values_list("platform", "ownership")) == {("ios", "corporate")}


def test_a_fixed_value_that_breaks_a_rule_is_an_error_on_every_line() -> None:
    content = "Name,Email,Serial number\r\nAda,ada@example.com,C02XK1ZZJ001\r\nAlan,alan@example.com,C02XK1ZZJ002\r\n"
    batch = checked(content.encode(), fixed={"platform": "iOS", "ownership": "corporate"})
    assert list(batch.problems.values_list("line", "code").order_by("line")) == [
        (2, "unknown_choice"),
        (3, "unknown_choice"),
    ]


def test_first_and_last_name_may_stand_in_two_columns() -> None:
    batch = checked(
        b"First name,Last name,Email,Ownership,Serial number,Platform\r\n"
        b"Ada,Lovelace,ada@example.com,corporate,C02XK1ZZJ001,macos\r\n"
    )
    committed(batch)
    assert DeviceUser.objects.get().name == "Ada Lovelace"


# --- good rows, and what the portal did meanwhile ---------------------------------------------------------
def test_good_rows_go_in_while_bad_rows_stay_behind() -> None:
    batch = committed(checked_rows(row(1), row(2, platform="iOS"), row(3)), accept_good_rows=True)
    assert outcome(batch)["created"] == 2
    assert set(Device.objects.values_list("serial_number", flat=True)) == {"C02XK1ZZJ001", "C02XK1ZZJ003"}


def test_both_lines_of_a_serial_that_is_there_twice_stay_behind() -> None:
    again = row(2, serial_number=row(1)["serial_number"])
    committed(checked_rows(row(1), again, row(3)), accept_good_rows=True)
    assert list(Device.objects.values_list("serial_number", flat=True)) == ["C02XK1ZZJ003"]


def test_of_two_batches_with_one_serial_the_second_goes_back_to_review() -> None:
    first, second = checked_rows(row(1, name="First")), checked_rows(row(1, name="Second"), row(2))
    committed(first)
    before = portal_state()
    assert committed(second).state == ImportBatch.State.READY
    assert second.failure["code"] == "changed"
    assert second.failure["message"] == (
        "Nothing was imported: the user or device of 1 row came into the portal since the check. "
        "Check the file again, then choose what happens to duplicates."
    )
    assert portal_state() == before


def test_of_two_batches_with_one_address_the_second_goes_back_to_review() -> None:
    first = checked_rows(row(1))
    second = checked_rows(row(2, email=row(1)["email"], name="Second"))
    committed(first)
    assert committed(second).state == ImportBatch.State.READY
    assert user(1).name == "User 1"


def test_a_batch_that_came_back_can_be_imported_once_somebody_has_chosen() -> None:
    first, second = checked_rows(row(1)), checked_rows(row(1, name="Second"), row(2))
    committed(first)
    committed(second)
    assert committed(second, "replace").state == ImportBatch.State.COMMITTED
    assert second.failure == {}
    assert outcome(second) == {"created": 1, "replaced": 1, "skipped": 0, "invited": 0}
    assert user(1).name == "Second"


def test_the_choice_for_duplicates_holds_for_those_that_came_since_the_check() -> None:
    first, second = checked_rows(row(1)), checked_rows(row(1, name="Second"))
    committed(first)
    assert outcome(committed(second, "skip"))["skipped"] == 1
    assert user(1).name == "User 1"


@pytest.mark.parametrize("is_known_before", [True, False])
def test_a_device_that_came_into_another_domain_since_the_check_is_not_overwritten(is_known_before: bool) -> None:
    if is_known_before:
        DeviceFactory.create(serial_number=row()["serial_number"])
    batch = checked_rows(row(1))
    if is_known_before:
        Device.objects.update(domain=DomainFactory.create())
    else:
        DeviceFactory.create(serial_number=row()["serial_number"], domain=DomainFactory.create())
    before = portal_state()
    assert committed(batch, "replace").state == ImportBatch.State.READY
    assert "came into another domain" in batch.failure["message"]
    assert portal_state() == before


def test_a_policy_that_was_removed_since_the_check_is_not_left_out_silently() -> None:
    PolicyFactory.create(name="Wi-Fi")
    policy = PolicyFactory.create(name="Kiosk")
    batch = checked_rows(row(1, policies="Wi-Fi"), row(2, policies="Wi-Fi;Kiosk"), row(3))
    policy.delete()
    assert committed(batch).state == ImportBatch.State.READY
    assert batch.failure["message"] == (
        "Nothing was imported: the policy “Kiosk” was removed since the check. Check the file again."
    )
    assert not Device.objects.exists()
    assert codes(check_again(batch)) == [(3, "unknown_policy")]


def test_a_device_that_was_deleted_since_the_check_is_made() -> None:
    known = DeviceFactory.create(serial_number=row()["serial_number"])
    batch = checked_rows(row(1))
    known.delete()
    assert outcome(committed(batch, "skip"))["created"] == 1


def test_a_commit_that_comes_twice_is_done_once() -> None:
    batch = committed(checked_rows(row(1)))
    before = portal_state()
    commit.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, portal_state()) == (ImportBatch.State.COMMITTED, before)


def test_a_commit_that_fails_leaves_nothing_and_goes_back_to_review() -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    Path(batch.file.path).unlink()  # the bad rows can't be read any more
    before = portal_state()
    steps.choose(batch, duplicates="", channel="none", accept_good_rows=True)
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READY
    assert batch.failure["code"] == "missing"
    assert batch.failure["message"].startswith("Nothing was imported, because the rows with errors could not be kept")
    assert portal_state() == before


def test_the_uploaded_file_goes_with_the_commit_because_it_may_hold_passwords() -> None:
    batch = checked_rows(row(1, password="secret"))
    path = batch.file.path
    committed(batch)
    assert not batch.file
    assert not Path(path).exists()


def test_an_import_in_windows_1252_with_semicolons_says_the_same() -> None:
    text = table(row(1, name="Jürgen Müller")).decode().replace(",", ";")
    committed(checked(text.encode("cp1252")))
    assert user().name == "Jürgen Müller"

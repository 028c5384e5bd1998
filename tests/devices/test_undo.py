"""What does undo take back, what does it leave, and does it say so?"""

from typing import Any

import pytest
from django.utils import timezone

from devices.imports import undo
from devices.models import Device, DeviceGroup, DeviceUser, ImportBatch
from enrollment.models import DeviceEvent
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

from .importing import checked_rows, committed, device, portal_state, row, undone, user

pytestmark = pytest.mark.django_db


def result(batch: ImportBatch) -> dict[str, Any]:
    return dict(batch.counts["undo"])


def counted(batch: ImportBatch) -> tuple[int, int, int, int]:
    found = result(batch)
    return found["devices_removed"], found["devices_restored"], found["users_removed"], found["users_restored"]


def test_undo_removes_devices_users_and_groups_that_the_batch_created() -> None:
    before = portal_state()
    batch = undone(committed(checked_rows(row(1, groups="Sales"), row(2))))
    assert batch.state == ImportBatch.State.UNDONE
    assert counted(batch) == (2, 0, 2, 0)
    assert portal_state() == before
    assert not DeviceGroup.objects.exists()
    assert batch.undone_at is not None


def test_undo_restores_everything_that_replace_overwrote() -> None:
    group, policy = DeviceGroupFactory.create(name="Old"), PolicyFactory.create(name="Wi-Fi")
    owner = DeviceUserFactory.create(email="USER1@example.com", mobile="+12025550143", sam_account_name="old")
    DeviceFactory.create(
        serial_number=row()["serial_number"],
        ownership="personal",
        user=owner,
        one_time_password="old",
        custom_attributes={"Room": "1", "ü": '"{}'},
        groups=[group],
        policies=[policy],
    )
    before = portal_state()
    changed = row(1, device_name="New", mobile="+491701234567", sam_account_name="new", password="new", groups="New")
    batch = committed(checked_rows(changed, row(2), kept=[]), "replace")
    assert portal_state() != before
    assert counted(undone(batch)) == (1, 1, 1, 1)
    assert portal_state() == before
    assert set(DeviceGroup.objects.all()) == {group}


def test_undo_gives_a_device_back_to_the_user_it_belonged_to() -> None:
    known = DeviceFactory.create(serial_number=row()["serial_number"])
    undone(committed(checked_rows(row(1)), "replace"))
    assert device().user == known.user
    assert not DeviceUser.objects.filter(email_key=row()["email"]).exists()


def test_undo_makes_a_device_disenrolled_again() -> None:
    over = timezone.now()
    serial_number = row()["serial_number"]
    DeviceFactory.create(serial_number=serial_number, status=Device.Status.DISENROLLED, approval_expires_at=over)
    before = portal_state()
    batch = committed(checked_rows(row(1)), "keep")
    assert counted(undone(batch)) == (0, 1, 1, 0)
    assert portal_state() == before


def test_time_and_reason_of_leaving_end_with_the_import_and_come_back_with_the_undo() -> None:
    left = timezone.now()
    facts = {"status": Device.Status.DISENROLLED, "disenrolled_at": left, "disenroll_reason": "Lost or stolen"}
    known = DeviceFactory.create(serial_number=row()["serial_number"], **facts)
    batch = committed(checked_rows(row(1)), "replace")
    known.refresh_from_db()
    assert (known.disenrolled_at, known.disenroll_reason) == (None, "")
    event = DeviceEvent.objects.get(device=known)
    assert (event.kind, event.detail["import"]) == (DeviceEvent.Kind.APPROVED_AGAIN, batch.file_name)
    undone(batch)
    known.refresh_from_db()
    assert (known.disenrolled_at, known.disenroll_reason) == (left, "Lost or stolen")


def test_undo_leaves_rows_that_were_skipped_as_they_are() -> None:
    DeviceFactory.create(serial_number=row()["serial_number"])
    before = portal_state()
    assert counted(undone(committed(checked_rows(row(1), row(2)), "skip"))) == (1, 0, 1, 0)
    assert portal_state() == before


def test_undo_of_keep_leaves_the_user() -> None:
    DeviceUserFactory.create(email=row()["email"])
    before = portal_state()
    assert counted(undone(committed(checked_rows(row(1)), "keep"))) == (1, 0, 0, 0)
    assert portal_state() == before


def test_what_replace_left_as_it_was_is_not_counted_as_restored() -> None:
    committed(checked_rows(row(1), row(2)))
    before = portal_state()
    assert counted(undone(committed(checked_rows(row(1), row(2)), "replace"))) == (0, 0, 0, 0)
    assert portal_state() == before


@pytest.mark.parametrize("status", [Device.Status.ENROLLED, Device.Status.BLOCKED, Device.Status.DISENROLLED])
def test_undo_is_refused_as_a_whole_once_a_device_has_enrolled(status: str) -> None:
    batch = committed(checked_rows(row(1), row(2)))
    Device.objects.filter(pk=device(1).pk).update(status=status)
    before = portal_state()
    undone(batch)
    assert batch.state == ImportBatch.State.COMMITTED
    assert batch.failure["code"] == "stays"
    assert batch.failure["message"].startswith("Nothing was undone: 1 device")
    assert portal_state() == before


def test_a_device_that_somebody_changed_since_is_left_and_named() -> None:
    batch = committed(checked_rows(row(1), row(2)))
    changed = device(1)
    changed.name = "Renamed"
    changed.save()
    undone(batch)
    assert counted(batch) == (1, 0, 1, 0)
    assert (result(batch)["left"], result(batch)["left_more"]) == (["C02XK1ZZJ001"], False)
    assert list(Device.objects.values_list("name", flat=True)) == ["Renamed"]


def test_a_device_that_lost_its_serial_number_since_is_named_by_what_it_is_called() -> None:
    batch = committed(checked_rows(row(1, device_name="Reception"), row(2, device_name="")))
    for number in (1, 2):
        changed = device(number)
        changed.serial_number = None
        changed.save()
    undone(batch)
    assert sorted(result(batch)["left"]) == [f"Device {Device.objects.get(name='').pk}", "Reception"]


def test_a_user_whom_somebody_changed_since_is_left_and_named() -> None:
    batch = committed(checked_rows(row(1), row(2)))
    changed = user(1)
    changed.name = "Renamed"
    changed.save()
    undone(batch)
    assert counted(batch) == (2, 0, 1, 0)
    assert result(batch)["users_left"] == ["user1@example.com"]
    assert DeviceUser.objects.get().name == "Renamed"


def test_what_was_replaced_and_deleted_since_is_counted_as_gone() -> None:
    committed(checked_rows(row(1), row(2)))
    batch = committed(checked_rows(row(1, name="Anew", device_name="Anew"), row(2, device_name="Anew")), "replace")
    device(1).delete()
    user(1).delete()
    undone(batch)
    assert counted(batch) == (0, 1, 0, 0)
    assert (result(batch)["devices_gone"], result(batch)["users_gone"]) == (1, 1)


def test_a_user_who_got_another_device_meanwhile_stays() -> None:
    batch = committed(checked_rows(row(1)))
    DeviceFactory.create(user=user(1))
    assert counted(undone(batch)) == (1, 0, 0, 0)
    assert user(1).devices.count() == 1


def test_a_group_that_somebody_uses_meanwhile_stays() -> None:
    batch = committed(checked_rows(row(1, groups="Sales;Berlin")))
    DeviceFactory.create(groups=[DeviceGroup.objects.get(name="Sales")])
    undone(batch)
    assert list(DeviceGroup.objects.values_list("name", flat=True)) == ["Sales"]


def test_a_device_whose_former_user_is_gone_is_left_and_named() -> None:
    known = DeviceFactory.create(serial_number=row()["serial_number"])
    batch = committed(checked_rows(row(1)), "replace")
    known.user.delete()
    undone(batch)
    assert result(batch)["left"] == [row()["serial_number"]]
    assert device().user == user()


def test_of_two_batches_over_one_device_the_first_can_only_be_undone_after_the_second() -> None:
    first = committed(checked_rows(row(1, device_name="First")))
    after_first = portal_state()
    second = committed(checked_rows(row(1, device_name="Second")), "replace")
    undone(second)
    assert portal_state() == after_first
    undone(first)
    assert not Device.objects.exists()


def test_an_undo_that_comes_twice_is_done_once() -> None:
    batch = undone(committed(checked_rows(row(1))))
    committed(checked_rows(row(1)))
    undo.run(batch.pk)
    assert Device.objects.count() == 1


def test_the_same_file_can_be_imported_again_after_the_undo() -> None:
    undone(committed(checked_rows(row(1))))
    assert committed(checked_rows(row(1))).counts["created"] == 1


def test_of_120_devices_that_are_left_a_hundred_are_named() -> None:
    batch = committed(checked_rows(*(row(number) for number in range(1, 121))))
    for changed in Device.objects.all():
        changed.save()
    undone(batch)
    assert (len(result(batch)["left"]), result(batch)["left_more"]) == (100, True)

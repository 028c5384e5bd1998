"""What happens when the portal gets a device or a device user of the file while the import is writing?"""

from collections.abc import Callable

import pytest

from devices.imports import commit, steps
from devices.models import Device, DeviceGroup, DeviceUser, ImportBatch
from tests.devices.importing import checked_rows, row
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db


CLASSIFIED, USERS_MADE = 0.1, 0.4  # what the import reports then


def make_device() -> None:
    DeviceFactory(serial_number=row(2)["serial_number"], platform=row(2)["platform"], user=None)


def make_user() -> None:
    DeviceUserFactory(email=row(2)["email"].upper())


@pytest.mark.parametrize(("when", "make"), [(USERS_MADE, make_device), (CLASSIFIED, make_user)])
def test_an_import_that_meets_what_was_made_meanwhile_writes_nothing_and_goes_back_to_review(
    when: float, make: Callable[[], None]
) -> None:
    batch = checked_rows(row(1), row(2))
    steps.choose(batch, duplicates="replace", channel="none", accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)

    commit.run(batch.pk, lambda share: make() if share == when else None)

    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READY
    assert batch.failure["code"] == "changed"
    assert batch.failure["message"] == (
        "Nothing was imported: the portal changed while it was under way. Check the file again."
    )
    assert not DeviceUser.objects.exists()
    assert not Device.objects.filter(import_batch=batch).exists()


def test_a_device_that_enrolls_while_the_import_is_writing_keeps_its_details_and_groups() -> None:
    DeviceFactory(serial_number=row(1)["serial_number"], platform=row(1)["platform"], name="Before")
    device = Device.objects.get()
    device.groups.add(DeviceGroup.objects.create(name="Berlin"))
    batch = checked_rows(row(1, device_name="After", groups="Lisbon"))
    steps.choose(batch, duplicates="replace", channel="none", accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)

    def enroll(share: float) -> None:
        if share == USERS_MADE:
            Device.objects.filter(pk=device.pk).update(status=Device.Status.ENROLLED)

    commit.run(batch.pk, enroll)

    batch.refresh_from_db()
    device.refresh_from_db()
    assert batch.state == ImportBatch.State.COMMITTED
    assert (device.status, device.name) == (Device.Status.ENROLLED, "Before")
    assert list(device.groups.values_list("name", flat=True)) == ["Berlin"]

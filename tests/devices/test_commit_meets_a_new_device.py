"""What happens when the portal gets a device of the file while the import is writing?"""

import pytest

from devices.imports import commit, steps
from devices.models import Device, DeviceUser, ImportBatch
from tests.devices.importing import checked_rows, row
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


def test_an_import_that_meets_a_device_made_meanwhile_writes_nothing_and_goes_back_to_review() -> None:
    batch = checked_rows(row(1), row(2))
    steps.choose(batch, duplicates="replace", channel="none", accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)

    def meet(share: float) -> None:
        if share == 0.4:  # the rows are classified and the users made
            DeviceFactory(serial_number=row(2)["serial_number"], platform=row(2)["platform"], user=None)

    commit.run(batch.pk, meet)

    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READY
    assert batch.failure["code"] == "changed"
    assert batch.failure["message"] == (
        "Nothing was imported: the portal changed while it was under way. Check the file again."
    )
    assert not DeviceUser.objects.exists()
    assert not Device.objects.filter(import_batch=batch).exists()

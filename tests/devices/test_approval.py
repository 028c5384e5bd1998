"""Do the settings of the layer above decide until when approvals are good, and which platforms they can be for?"""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from devices.approval import end_of_approval, excluded_platforms
from devices.models import Device
from enrollment.models import EnrollmentSettings
from tests.devices.importing import checked_rows, committed, row
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


def settings(**values: object) -> None:
    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(**values)


def is_in_days(moment: datetime | None, days: int) -> bool:
    return moment is not None and abs(moment - timezone.now() - timedelta(days)) < timedelta(minutes=1)


def test_without_the_setting_an_approval_is_good_until_it_is_used() -> None:
    committed(checked_rows(row(1)))
    assert Device.objects.get().approval_expires_at is None


def test_an_imported_device_is_approved_for_the_days_of_the_setting() -> None:
    settings(approval_days=30)
    committed(checked_rows(row(1)))
    assert is_in_days(Device.objects.get().approval_expires_at, 30)


def test_an_approval_that_goes_on_keeps_its_time() -> None:
    committed(checked_rows(row(1)))
    settings(approval_days=30)
    committed(checked_rows(row(1, device_name="Another name")), "replace")
    device = Device.objects.get()
    assert (device.name, device.approval_expires_at) == ("Another name", None)


def test_a_device_that_is_approved_again_gets_the_time_of_a_new_approval() -> None:
    committed(checked_rows(row(1)))
    Device.objects.update(status=Device.Status.DISENROLLED, approval_expires_at=timezone.now() - timedelta(1))
    settings(approval_days=3)
    committed(checked_rows(row(1)), "replace")
    device = Device.objects.get()
    assert device.status == Device.Status.PRE_APPROVED
    assert is_in_days(device.approval_expires_at, 3)


def test_the_form_of_a_new_device_offers_the_end_of_its_approval(administrator_client: Client) -> None:
    page = "/admin/devices/device/add/"
    assert "approval_expires_at" not in administrator_client.get(page).context["adminform"].form.initial
    settings(approval_days=30)
    form = administrator_client.get(page).context["adminform"].form
    assert is_in_days(form.initial["approval_expires_at"], 30)


def test_the_setting_changes_nothing_for_devices_on_the_list() -> None:
    device = DeviceFactory.create()
    settings(approval_days=1)
    device.refresh_from_db()
    assert device.approval_expires_at is None


def test_windows_is_excluded_by_default_and_platforms_with_a_condition_are_not() -> None:
    assert excluded_platforms() == {"windows"}
    assert end_of_approval(timezone.now()) is None


def test_windows_rows_are_refused_until_windows_is_taken_out_of_the_exclusions() -> None:
    batch = checked_rows(row(1, platform="windows"))
    assert [problem.code for problem in batch.problems.all()] == ["windows_not_supported"]
    settings(exclusions=[])
    batch = checked_rows(row(1, platform="windows"))
    assert not batch.problems.exists()
    committed(batch)
    assert Device.objects.get().platform == "windows"


def test_rows_of_a_platform_that_is_excluded_altogether_are_refused() -> None:
    settings(exclusions=[{"platform": "tvos", "os_from": "", "methods": [], "management_modes": []}])
    batch = checked_rows(row(1, platform="tvos"))
    assert [problem.code for problem in batch.problems.all()] == ["unknown_choice"]

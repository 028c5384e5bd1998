"""May an enrolled device that enrolls again come in by itself, or does an administrator decide? A setting."""

import pytest
from django.contrib.auth.models import User

from devices.models import Device, DeviceInventory
from enrollment.conflicts import accept
from enrollment.models import Conflict
from tests.enrollment.knocking import body_for, choose, code_of
from tests.factories import DeviceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]


def test_by_default_the_same_hardware_comes_in_again() -> None:
    choose(require_credentials=False)
    device = DeviceFactory.create()
    assert [code_of(body_for(device, hardware_uuid="OLD")) for _time in range(2)] == ["enrolled", "enrolled"]
    assert not Conflict.objects.exists()


def test_where_an_administrator_decides_it_waits_for_them_and_comes_in_once(administrator: User) -> None:
    choose(require_credentials=False, returning="ask")
    device = DeviceFactory.create()
    body = body_for(device, hardware_uuid="OLD")
    assert code_of(body) == "enrolled"
    assert code_of(body) == "conflict"
    accept(Conflict.objects.get(), administrator)
    device.refresh_from_db()
    assert device.status == Device.Status.PRE_APPROVED
    assert code_of(body) == "enrolled"
    assert DeviceInventory.objects.get().hardware_uuid == "OLD"
    assert code_of(body) == "conflict"

"""Do the pages of enrollment cost the same for few and for many?

Who may open them: tests/hexenroll/test_access_table.py.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from devices.models import Device
from devices.policies import versions
from enrollment.models import BlockedHardware, Conflict
from tests.factories import DeviceFactory, PolicyFactory

pytestmark = pytest.mark.django_db


def conflict_of(number: int = 0) -> Conflict:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    return Conflict.objects.create(device=device, hardware_uuid=f"NEW{number}")


def entry_of(number: int = 0) -> BlockedHardware:
    return BlockedHardware.objects.create(kind="serial_number", value=f"X{number}")


def policy_of(number: int = 0) -> Any:
    policy = PolicyFactory.create(name=f"P{number}")
    versions.save(policy, None)
    return policy


@pytest.mark.parametrize(("name", "make"), [("blockedhardware", entry_of), ("conflict", conflict_of)])
def test_a_list_costs_the_same_number_of_queries_for_2_rows_and_for_20(
    administrator_client: Client, name: str, make: Callable[[int], Model]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert administrator_client.get(f"/admin/enrollment/{name}/").status_code == 200
        return len(caught)

    for number in range(2):
        make(number)
    queries()  # what is cached once
    few = queries()
    for number in range(2, 20):
        make(number)
    assert queries() == few


def test_the_page_of_a_device_costs_the_same_for_2_policies_and_for_20(administrator_client: Client) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED, policies=[policy_of(number) for number in range(2)])

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert administrator_client.get(f"/admin/devices/device/{device.pk}/change/").status_code == 200
        return len(caught)

    queries()
    few = queries()
    device.policies.add(*(policy_of(number) for number in range(2, 20)))
    assert queries() == few

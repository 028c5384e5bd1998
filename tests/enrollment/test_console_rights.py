"""Who may come in at the addresses that enrollment has in the console, and what does each list cost?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from devices.models import Device
from devices.policies import versions
from enrollment.models import BlockedHardware, Conflict, Lockout
from tests.enrollment.attempts import attempt_of
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    PolicyFactory,
)

pytestmark = pytest.mark.django_db


def conflict_of(number: int = 0) -> Conflict:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    return Conflict.objects.create(device=device, hardware_uuid=f"NEW{number}")


def entry_of(number: int = 0) -> BlockedHardware:
    return BlockedHardware.objects.create(kind="serial_number", value=f"X{number}")


def lockout_of(number: int = 0) -> Lockout:
    return Lockout.objects.create(key=f"wrong:{number}", account="ada@example.com", until=timezone.now())


def policy_of(number: int = 0) -> Any:
    policy = PolicyFactory.create(name=f"P{number}")
    versions.save(policy, None)
    return policy


MADE: dict[str, Callable[[], Any]] = {
    "blockedhardware": entry_of,
    "conflict": conflict_of,
    "enrollmentattempt": lambda: attempt_of(device=DeviceFactory.create(), user=DeviceUserFactory.create()),
    "lockout": lockout_of,
    "device": lambda: DeviceFactory.create(status=Device.Status.ENROLLED),
    "devicegroup": DeviceGroupFactory.create,
    "deviceuser": DeviceUserFactory.create,
    "domain": DomainFactory.create,
    "importbatch": ImportBatchFactory.create,
    "policy": policy_of,
}


def console_addresses() -> list[str]:
    """Return every address of the console that belongs to a model of enrollment or devices."""
    found: list[str] = []

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            address = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, address)
            elif isinstance(pattern, URLPattern) and address.startswith(("enrollment/", "devices/")):
                found.append(address)

    walk(admin.site.get_urls(), "")
    return sorted(set(found))


def addresses_of(made: dict[str, Model]) -> list[str]:
    found = ["/enroll/settings/", f"/enroll/devices/{made['device'].pk}/hand-over/"]
    for address in console_addresses():
        parts = address.replace("<int:version>", "1").split("/")
        found.append("/admin/" + "/".join(str(made[parts[1]].pk) if "<" in part else part for part in parts))
    return found


def test_a_stranger_gets_403_at_every_address(stranger_client: Client) -> None:
    made = {name: make() for name, make in MADE.items()}
    addresses = addresses_of(made)
    for name in ("approve", "block", "accept", "keep", "unlock", "unblock", "disenroll", "hand-over", "restore"):
        assert any(address.endswith(f"/{name}/") for address in addresses), name
    for address in addresses:
        answers = [call(address) for call in (stranger_client.get, stranger_client.post)]
        # The short address of an object leads to its page, and a batch's page to the wizard, which asks.
        if all(answer.status_code == 302 for answer in answers):
            assert all("/change/" in answer["Location"] or "importbatch" in address for answer in answers), address
            continue
        # Some pages take one method only, and say so before they ask who it is.
        statuses = {answer.status_code for answer in answers}
        assert 403 in statuses <= {403, 405}, (address, statuses)


def test_who_is_not_signed_in_is_asked_to_at_every_address(client: Client) -> None:
    made = {name: make() for name, make in MADE.items()}
    for address in addresses_of(made):
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert "/login/" in answer["Location"] or "/change/" in answer["Location"], address


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

"""Does the undo of an import leave what somebody put into groups, or gave policies, since?"""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from devices.bulk import carry_out
from devices.bulk.kinds import KINDS
from devices.groups import filling_by_hand
from devices.models import Device, DeviceGroup, ImportBatch, Policy
from hexenroll.api_keys import keys
from tests.devices.groups import files
from tests.factories import DeviceFactory, DeviceGroupFactory, PolicyFactory

from .importing import checked_rows, committed, device, row, undone

pytestmark = pytest.mark.django_db


def bulk(name: str, given: DeviceGroup | Policy, person: User) -> None:
    chosen = {"rows": [given.pk], "names": [given.name]}
    carry_out.begin(KINDS[name], chosen, person, query="", chosen=[device().pk], last=device().pk)


def ask(person: User, method: str, path: str, body: object) -> None:
    _key, text = keys.make(person, "Inventory sync", made_by=person)
    headers = {"Authorization": f"Bearer {text}"}
    answer = getattr(Client(), method)(f"/api/v1/{path}", json.dumps(body), "application/json", headers=headers)
    assert answer.status_code == 200, answer.content


def import_members(group: DeviceGroup, *members: str) -> None:
    batch = files.committed(files.checked(files.table((group.name, ";".join(members))), removes=True))
    assert batch.state == "committed", batch.failure


Way = Callable[[DeviceGroup, DeviceGroup, Policy, User], object]
# What somebody does to the device of the import, which is in the group `old` by it.
WAYS: dict[str, Way] = {
    "bulk groups": lambda new, old, policy, person: bulk("add_groups", new, person),
    "bulk removal": lambda new, old, policy, person: bulk("remove_groups", old, person),
    "bulk policies": lambda new, old, policy, person: bulk("add_policies", policy, person),
    "put in": lambda new, old, policy, person: filling_by_hand.put_in(new, [device().pk], person),
    "taken out": lambda new, old, policy, person: filling_by_hand.take_out(old, [device().pk], person),
    "file": lambda new, old, policy, person: import_members(new, str(device().serial_number)),
    "file without it": lambda new, old, policy, person: import_members(old),
    "API group": lambda new, old, policy, person: ask(
        person, "post", f"device-groups/{new.pk}/devices/add/", {"devices": [device().pk]}
    ),
    "API policy": lambda new, old, policy, person: ask(
        person, "post", f"policies/{policy.pk}/assign/", {"devices": [device().pk]}
    ),
    "API patch": lambda new, old, policy, person: ask(
        person, "patch", f"devices/{device().pk}/", {"groups": [new.pk], "policies": [policy.pk]}
    ),
}


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_a_device_that_was_assigned_to_something_since_is_left_and_named(
    way: str, is_known: bool, administrator: User
) -> None:
    if is_known:
        DeviceFactory.create(serial_number=row()["serial_number"])
    old, new = DeviceGroupFactory.create(name="Old"), DeviceGroupFactory.create(name="New")
    policy = PolicyFactory.create()
    batch = committed(checked_rows(row(1, groups="Old"), row(2)), "replace")
    WAYS[way](new, old, policy, administrator)
    given = assigned()
    assert given != ({"Old"}, set())
    undone(batch)
    assert batch.state == ImportBatch.State.UNDONE, batch.failure
    assert (assigned(), batch.counts["undo"]["left"]) == (given, [row()["serial_number"]])
    assert Device.objects.count() == 1  # the other one went


def test_what_was_so_already_is_no_change(administrator: User) -> None:
    batch = committed(checked_rows(row(1, groups="Old")))
    old = DeviceGroup.objects.get()
    filling_by_hand.put_in(old, [device().pk], administrator)
    bulk("add_groups", old, administrator)
    undone(batch)
    assert not Device.objects.exists()


def assigned() -> tuple[set[str], set[str]]:
    """Return the names of the groups and policies of the device of row 1."""
    groups, policies = device().groups, device().policies
    return set(groups.values_list("name", flat=True)), set(policies.values_list("name", flat=True))

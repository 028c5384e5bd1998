"""Whose is a device that Apple or somebody here has moved: to another account, or into another domain?"""

import pytest

from devices.models import Device
from devices.policies.effective import document_of
from enrollment.ade.account_policies import devices_with
from enrollment.models import AdeAccount
from hexenroll.models import AuditEntry
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import Approval, account_of, approval, counts, synced
from tests.factories import DomainFactory, PolicyFactory

pytestmark = pytest.mark.django_db


def with_policy(account: AdeAccount, name: str) -> AdeAccount:
    account.policies.add(PolicyFactory.create(name=name))
    return account


def policies(device: Device) -> list[str]:
    return [policy["name"] for policy in document_of(device)["policies"]]


# --- to another account ------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_told_first", [True, False])
def test_what_another_account_has_made_since_is_not_the_former_ones(
    ade_simulator: Simulator, is_told_first: bool
) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    former = with_policy(account_of(ade_simulator), "Former")
    later = with_policy(account_of(ade_simulator, "second"), "Later")
    synced(former)
    Device.objects.get(serial_number=serial).delete()
    ade_simulator.add_as_they_are([{"serial_number": serial, "os": "iOS", "model": "iPad"}], "second")
    if is_told_first:
        assert counts(synced(later)) == (1, 0, 0, 1, 0)
        assert approval(former, serial) == Approval.OTHER_ACCOUNT
        ade_simulator.delete([serial])
        assert counts(synced(former)) == (0, 0, 1, 0, 0)
    else:
        ade_simulator.delete([serial])
        assert counts(synced(former)) == (0, 0, 1, 0, 0)
        assert counts(synced(later)) == (1, 0, 0, 1, 0)
    device = Device.objects.get(serial_number=serial)
    assert policies(device) == ["Later"]
    assert approval(later, serial) == Approval.MADE
    synced(later, full=True)
    assert Device.objects.filter(pk=device.pk).exists()


# --- into another domain -----------------------------------------------------------------------------------
def test_a_device_that_somebody_moved_into_another_domain_is_not_withdrawn(ade_simulator: Simulator) -> None:
    ours, theirs = ade_simulator.add(2, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    Device.objects.filter(serial_number=theirs).update(domain=DomainFactory.create())
    ade_simulator.delete([ours, theirs])
    assert counts(synced(account)) == (0, 0, 2, 0, 1)
    assert list(Device.objects.values_list("serial_number", flat=True)) == [theirs]
    assert approval(account, theirs) == Approval.KEPT
    deleted = AuditEntry.objects.filter(action=AuditEntry.Action.DELETE, additional_data__what="ade.withdrawn")
    assert [(entry.object_repr, entry.domain_id) for entry in deleted] == [(ours, account.domain_id)]


def test_a_device_of_another_domain_gets_no_policies_of_the_account(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    account = with_policy(account_of(ade_simulator), "Wi-Fi")
    keys = list(account.policies.values_list("pk", flat=True))
    synced(account)
    device = Device.objects.get(serial_number=serial)
    assert policies(device) == ["Wi-Fi"]
    assert list(devices_with(keys)) == [device]
    device.domain = DomainFactory.create()
    device.save()
    assert policies(device) == []
    assert list(devices_with(keys)) == []

"""Does a device get the policies of the ADE account that pre-approved it, and only of that one?"""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from devices.filters import DeviceFilter
from devices.models import Device, Domain
from devices.policies.effective import document_of, effective_of
from enrollment.delivery import fingerprint_of
from enrollment.models import AdeAccount, AdeDevice
from enrollment.policy_standing import standings_of
from tests.conftest import sign_in
from tests.factories import DeviceFactory, DeviceGroupFactory, PolicyFactory

pytestmark = pytest.mark.django_db


def account_with(name: str, *policies: str) -> AdeAccount:
    account = AdeAccount.objects.create(name=name, domain=Domain.objects.local(), private_key="not used")
    account.policies.set([PolicyFactory.create(name=policy) for policy in policies])
    return account


def device_of(account: AdeAccount, serial: str = "C02XK1ZZJG5J", **facts: object) -> Device:
    """Return a device that an account has pre-approved."""
    device = DeviceFactory.create(serial_number=serial, platform="macos", source=Device.Source.ADE)
    made = {"approval": AdeDevice.Approval.MADE, "has_made_device": True, **facts}
    AdeDevice.objects.create(account=account, serial_number=serial, platform="macos", **made)
    return device


def names(device: Device) -> list[str]:
    return [policy["name"] for policy in document_of(device)["policies"]]


def test_a_device_gets_the_policies_that_stand_in_its_account_now() -> None:
    account = account_with("School", "Wi-Fi")
    device = device_of(account)
    assert names(device) == ["Wi-Fi"]
    before = fingerprint_of(device)
    account.policies.add(PolicyFactory.create(name="VPN"))
    assert names(device) == ["Wi-Fi", "VPN"]
    assert fingerprint_of(device) != before


def test_policies_for_other_platforms_are_left_out() -> None:
    account = account_with("School", "Wi-Fi")
    account.policies.update(platforms=["ios"])
    assert names(device_of(account)) == []


def test_a_device_that_another_account_or_nobody_made_gets_nothing() -> None:
    account, other = account_with("School", "Wi-Fi"), account_with("Shop", "VPN")
    device = device_of(account)
    same = {"serial_number": device.serial_number, "platform": "macos"}
    AdeDevice.objects.create(account=other, **same, approval=AdeDevice.Approval.OTHER_ACCOUNT)
    assert names(device) == ["Wi-Fi"]
    # Deleted by somebody, and brought back by a file.
    Device.objects.filter(pk=device.pk).update(source=Device.Source.IMPORT)
    assert names(device) == []


def test_a_device_that_apple_lists_no_longer_keeps_them() -> None:
    device = device_of(account_with("School", "Wi-Fi"), approval=AdeDevice.Approval.KEPT, is_listed=False)
    assert names(device) == ["Wi-Fi"]


def test_where_a_policy_comes_from_is_said_on_the_pages(administrator: User) -> None:
    account = account_with("School", "Wi-Fi")
    policy = account.policies.get()
    device = device_of(account)
    group = DeviceGroupFactory.create(name="Berlin")
    group.policies.add(policy)
    device.groups.add(group)
    (standing,) = standings_of(device)
    assert (standing.is_own, standing.groups, standing.others) == (False, ("Berlin",), ("the ADE account “School”",))
    client = sign_in(administrator)
    page = client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()
    assert "<bdi>Berlin</bdi>, <bdi>the ADE account “School”</bdi>" in page
    page = client.get(f"/admin/devices/policy/{policy.pk}/change/").content.decode()
    assert "<dt>Devices, by their ADE account</dt><dd>1</dd>" in page


def test_deleting_a_policy_says_in_how_many_accounts_it_stands(administrator_client: Client) -> None:
    policy = account_with("School", "Wi-Fi").policies.get()
    account_with("Office").policies.add(policy)
    page = administrator_client.get(f"/admin/devices/policy/{policy.pk}/delete/")
    counted = {str(name): count for name, count in page.context["model_count"]}
    assert counted["assignments to ADE accounts"] == 2


def test_the_filter_by_policy_finds_devices_by_their_account(administrator: User) -> None:
    account = account_with("School", "Wi-Fi")
    device, unrelated = device_of(account), DeviceFactory.create(source=Device.Source.ADE)
    query = QueryDict(f"status=all&policy={account.policies.get().pk}")
    found = DeviceFilter(query, Device.objects.all(), request=SimpleNamespace(user=administrator))
    assert list(found.qs) == [device]
    assert unrelated not in found.qs


def test_it_is_one_query_for_one_device_and_for_twenty() -> None:
    account = account_with("School", "Wi-Fi", "VPN")
    devices = [device_of(account, f"C02XK1ZZJG{number:02}") for number in range(20)]
    for some in (devices[:1], devices):
        with CaptureQueriesContext(connection) as queries:
            found = effective_of([device.pk for device in some])
        assert len(queries) == 1
        assert all(len(found[device.pk].policies) == 2 for device in some)

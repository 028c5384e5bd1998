"""Which policies does a device get, from where, and with how many queries?"""

import base64

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Policy
from devices.policies.effective import document_of, effective_of
from tests.factories import DeviceFactory, DeviceGroupFactory, PolicyFactory

pytestmark = pytest.mark.django_db


def test_a_device_gets_its_own_policies_and_those_of_all_its_groups_each_once() -> None:
    passcode, wifi, vpn = (PolicyFactory.create(name=name) for name in ("Passcode", "Wi-Fi", "VPN"))
    berlin, sales = DeviceGroupFactory.create(name="Berlin"), DeviceGroupFactory.create(name="Sales")
    berlin.policies.set([passcode, wifi])
    sales.policies.set([wifi, vpn])
    device = DeviceFactory.create(groups=[berlin, sales], policies=[passcode])
    found = effective_of([device.pk])[device.pk]
    assert [(policy.name, policy.is_own, policy.groups) for policy in found.policies] == [
        ("Passcode", True, ("Berlin",)),
        ("Wi-Fi", False, ("Berlin", "Sales")),
        ("VPN", False, ("Sales",)),
    ]


def test_policies_of_other_devices_and_other_groups_are_not_among_them() -> None:
    theirs = DeviceGroupFactory.create()
    theirs.policies.set([PolicyFactory.create()])
    DeviceFactory.create(groups=[theirs], policies=[PolicyFactory.create()])
    assert document_of(DeviceFactory.create()) == {"groups": [], "policies": [], "apps": []}


def test_a_policy_for_other_platforms_is_left_out_and_one_without_platforms_is_for_every_platform() -> None:
    policies = [
        PolicyFactory.create(name="Apple", platforms=["ios", "macos"]),
        PolicyFactory.create(name="Every"),
        PolicyFactory.create(name="Linux", platforms=["linux"]),
    ]
    device = DeviceFactory.create(platform="macos", policies=policies)
    assert [policy["name"] for policy in document_of(device)["policies"]] == ["Apple", "Every"]


def test_the_document_has_versions_settings_apps_and_the_profile_in_base64() -> None:
    policy = PolicyFactory.create(
        name="Mac",
        settings={"passcode": {"min_length": 8}},
        apps=[{"identifier": "com.example.crm", "install": "required"}],
        profile=b"<plist/>",
        version=3,
    )
    device = DeviceFactory.create(platform="macos", policies=[policy])
    assert document_of(device)["policies"] == [
        {
            "id": policy.pk,
            "name": "Mac",
            "version": 3,
            "settings": {"passcode": {"min_length": 8}},
            "apps": [{"identifier": "com.example.crm", "install": "required"}],
            "profile": base64.b64encode(b"<plist/>").decode(),
        }
    ]


def test_a_profile_goes_to_apple_devices_alone() -> None:
    policy = PolicyFactory.create(profile=b"<plist/>")
    profiles = {
        platform: document_of(DeviceFactory.create(platform=platform, policies=[policy]))["policies"][0]["profile"]
        for platform in ("android", "ios", "linux", "macos", "tvos", "windows")
    }
    assert {platform for platform, profile in profiles.items() if profile} == {"ios", "macos", "tvos"}


def test_groups_are_named_in_order_those_without_policies_too() -> None:
    device = DeviceFactory.create(groups=[DeviceGroupFactory.create(name=name) for name in ("Sales", "Berlin")])
    assert document_of(device)["groups"] == ["Berlin", "Sales"]


def test_an_app_of_several_policies_is_there_once_and_required_if_one_of_them_requires_it() -> None:
    crm = {"identifier": "com.example.crm"}
    policies = [
        PolicyFactory.create(apps=[crm | {"install": "optional"}, {"name": "Without an identifier"}]),
        PolicyFactory.create(apps=[crm | {"install": "required"}]),
        PolicyFactory.create(apps=[crm | {"install": "optional"}]),
    ]
    device = DeviceFactory.create(policies=policies)
    assert document_of(device)["apps"] == [crm | {"install": "required"}, {"name": "Without an identifier"}]


def test_versions_are_those_of_the_document() -> None:
    policies = [PolicyFactory.create(version=2), PolicyFactory.create(version=7, platforms=["tvos"])]
    device = DeviceFactory.create(platform="macos", policies=policies)
    found = effective_of([device.pk], with_content=False)[device.pk].policies
    assert [(policy.id, policy.version) for policy in found] == [(policies[0].pk, 2)]
    assert [(policy["id"], policy["version"]) for policy in document_of(device)["policies"]] == [(policies[0].pk, 2)]


def test_one_query_for_one_device_and_for_twenty() -> None:
    group = DeviceGroupFactory.create()
    group.policies.set([PolicyFactory.create(settings={"custom": {"a": 1}}) for _ in range(3)])
    devices = [DeviceFactory.create(groups=[group], policies=[PolicyFactory.create()]) for _ in range(20)]
    for some in (devices[:1], devices):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = effective_of([device.pk for device in some])
        assert len(queries) == 1
        for device in some:
            assert [policy.content.settings for policy in found[device.pk].policies][:3] == [{"custom": {"a": 1}}] * 3
            assert len(found[device.pk].policies) == 4
    with CaptureQueriesContext(connection) as queries:
        document_of(devices[0])
        effective_of([devices[0].pk], with_content=False)
    assert len(queries) == 2


def test_no_devices_get_nothing_and_a_device_that_is_not_there_gets_no_policies() -> None:
    assert effective_of([]) == {}
    assert effective_of([10**15])[10**15].policies == ()


def test_what_was_stored_before_the_schema_is_still_handed_out() -> None:
    old = {"single_app": "Calendar", "encryption": "required", "wifi": {"ssid": "northwind"}}
    device = DeviceFactory.create(policies=[Policy.objects.create(name="Old", settings=old, apps=[{"name": "CRM"}])])
    assert document_of(device)["policies"][0]["settings"] == old


def test_an_app_that_is_no_object_is_left_out() -> None:
    policy = PolicyFactory.create(apps=["com.example.crm", None, {"name": "CRM"}], settings={})
    document = document_of(DeviceFactory.create(policies=[policy]))
    assert document["apps"] == document["policies"][0]["apps"] == [{"name": "CRM"}]

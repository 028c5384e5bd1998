"""What is a contradiction between the policies of one device, and which of them wins?"""

from typing import Any

import pytest

from devices.policies.conflicts import conflicts_of
from devices.policies.effective import document_of, effective_of
from devices.policies.kept_secret import MASK, seal, seal_profile
from tests.data.profiles import mobileconfig
from tests.factories import DeviceFactory, DeviceGroupFactory, PolicyFactory

pytestmark = pytest.mark.django_db
CRM = {"identifier": "com.example.crm", "source": "app_store", "install": "optional"}


def conflicts(*contents: dict[str, Any]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return places, with what each policy says and whether it wins, of a device with policies of these contents."""
    policies = [PolicyFactory.create(**content) for content in contents]
    device = DeviceFactory.create(platform="macos", policies=policies)
    found = conflicts_of(effective_of([device.pk])[device.pk])
    return [(conflict.place, [(claim.text, claim.wins) for claim in conflict.claims]) for conflict in found]


def test_two_policies_that_set_a_key_differently_contradict_each_other_and_the_youngest_wins() -> None:
    assert conflicts({"settings": {"passcode": {"min_length": 6}}}, {"settings": {"passcode": {"min_length": 8}}}) == [
        ("passcode.min_length", [("6", False), ("8", True)])
    ]


def test_the_same_value_and_other_keys_are_no_contradiction() -> None:
    first = {"settings": {"passcode": {"min_length": 8, "history": 3}, "wifi": [{"ssid": "a", "security": "open"}]}}
    second = {"settings": {"passcode": {"min_length": 8}, "wifi": [{"ssid": "b", "security": "wpa3"}]}}
    assert conflicts(first, second) == []


def test_true_and_one_are_different_values() -> None:
    assert len(conflicts({"settings": {"custom": {"a": 1}}}, {"settings": {"custom": {"a": True}}})) == 1


def test_one_network_with_two_passwords_is_a_contradiction_that_shows_neither() -> None:
    networks = [
        {"settings": seal({"wifi": [{"ssid": "northwind", "security": "wpa3", "password": word}]}, {})}
        for word in ("one", "two", "two")
    ]
    assert conflicts(*networks) == [("wifi[northwind].password", [(MASK, False), (MASK, False), (MASK, True)])]
    assert conflicts(*networks[1:]) == []


def test_passwords_are_not_shown_of_networks_that_are_no_entries_by_todays_schema_either() -> None:
    networks = [{"settings": {"wifi": [{"ssid": "a", "password": word}] * 2}} for word in ("correct-horse", "otter")]
    shown = str(conflicts(*networks))
    assert "wifi" in shown
    assert "correct-horse" not in shown


def test_custom_settings_are_compared_by_their_first_name() -> None:
    assert conflicts({"settings": {"custom": {"a": {"b": 1}}}}, {"settings": {"custom": {"a": {"c": 2}}}}) == [
        ("custom.a", [('{"b": 1}', False), ('{"c": 2}', True)])
    ]


def test_an_app_from_two_sources_is_a_contradiction_and_required_against_optional_is_none() -> None:
    assert conflicts({"apps": [CRM]}, {"apps": [CRM | {"install": "required"}]}) == []
    assert conflicts({"apps": [CRM]}, {"apps": [CRM | {"source": "homebrew"}]}) == [
        ("apps[com.example.crm].source", [("app_store", False), ("homebrew", True)])
    ]


def test_the_app_that_wins_is_the_one_that_is_handed_out_required_if_any_policy_says_so() -> None:
    policies = [
        PolicyFactory.create(apps=[CRM | {"install": "required"}]),
        PolicyFactory.create(apps=[CRM | {"source": "homebrew"}]),
    ]
    device = DeviceFactory.create(policies=policies)
    assert document_of(device)["apps"] == [CRM | {"source": "homebrew", "install": "required"}]


def test_two_profiles_of_one_identifier_replace_each_other() -> None:
    one, two = seal_profile(mobileconfig()), seal_profile(mobileconfig(PayloadDisplayName="Other"))
    other = seal_profile(mobileconfig(PayloadIdentifier="com.example.other"))
    assert [place for place, _claims in conflicts({"profile": one}, {"profile": two})] == [
        "profile[com.example.office]"
    ]
    assert conflicts({"profile": one}, {"profile": other}) == []


def test_policies_of_groups_count_and_those_for_other_platforms_do_not() -> None:
    group = DeviceGroupFactory.create()
    group.policies.set([PolicyFactory.create(settings={"passcode": {"min_length": 6}})])
    own = [
        PolicyFactory.create(settings={"passcode": {"min_length": 8}}),
        PolicyFactory.create(settings={"passcode": {"min_length": 10}}, platforms=["tvos"]),
    ]
    device = DeviceFactory.create(platform="macos", groups=[group], policies=own)
    (conflict,) = conflicts_of(effective_of([device.pk])[device.pk])
    assert [claim.text for claim in conflict.claims] == ["6", "8"]


def test_what_was_stored_before_the_schema_is_compared_as_it_is() -> None:
    old = {"settings": {"wifi": {"ssid": "a"}, "encryption": "required"}, "apps": [{"name": "CRM"}, {"name": "CRM"}]}
    assert conflicts(old, {"settings": {"wifi": {"ssid": "b"}}}) == [
        ("wifi", [('{"ssid": "a"}', False), ('{"ssid": "b"}', True)])
    ]

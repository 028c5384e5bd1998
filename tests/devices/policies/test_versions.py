"""Is each change of a policy a version, with what became different, and without its secrets?"""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from devices.models import Policy, PolicyVersion
from devices.policies import versions
from devices.policies.effective import document_of
from devices.policies.kept_secret import MASK, mask, seal, seal_profile, unknown_masks
from tests.data.profiles import WIFI, WIFI_KEY, mobileconfig
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db
NETWORK = {"ssid": "northwind", "security": "wpa3", "password": "correct horse"}


def made(**values: Any) -> Policy:
    policy = Policy(**{"name": "Office", **values})
    versions.save(policy, None)
    return policy


def saved(policy: Policy, **values: Any) -> bool:
    found = Policy.objects.get(pk=policy.pk)
    for name, value in values.items():
        setattr(found, name, value)
    return versions.save(found, None)


def differences(policy: Policy) -> list[tuple[str, str, str, str]]:
    """Return what the last version changed."""
    after, before = (version.content for version in PolicyVersion.objects.filter(policy=policy)[:2])
    return [(change.place, change.kind, change.before, change.after) for change in versions.changes(before, after)]


def test_a_new_policy_is_version_one_and_each_change_the_next_with_its_author(administrator: User) -> None:
    policy = made()
    policy.settings = {"passcode": {"min_length": 8}}
    assert versions.save(policy, administrator)
    found = PolicyVersion.objects.filter(policy=policy).values_list("version", "saved_by__username")
    assert list(found) == [(2, "administrator"), (1, None)]
    assert Policy.objects.get().version == 2


def test_passwords_of_networks_that_are_no_entries_by_todays_schema_are_shown_neither() -> None:
    policy = made(settings={"wifi": [NETWORK, NETWORK]})
    saved(policy, settings={"wifi": [NETWORK]})
    assert "correct horse" not in str(differences(policy))
    content = PolicyVersion.objects.get(version=1).content
    assert "correct horse" not in str(versions.shown(content))


def test_saving_without_a_change_makes_no_version() -> None:
    policy = made(settings=seal({"wifi": [NETWORK]}, {}), profile=seal_profile(mobileconfig()))
    assert not saved(policy)
    assert not saved(policy, settings=seal({"wifi": [NETWORK]}, {}), profile=seal_profile(mobileconfig()))
    assert (Policy.objects.get().version, PolicyVersion.objects.count()) == (1, 1)


def test_a_policy_from_before_the_history_keeps_what_it_said() -> None:
    policy = Policy.objects.create(name="Old", settings={"single_app": "Calendar"}, version=1)
    assert saved(policy, settings={})
    assert differences(policy) == [("single_app", "removed", "Calendar", "")]


def test_the_difference_names_places_and_both_values() -> None:
    crm = {"identifier": "com.example.crm", "source": "app_store", "install": "optional"}
    policy = made(
        settings={"passcode": {"min_length": 6, "history": 3}, "wifi": [NETWORK | {"password": "x"}]}, apps=[crm]
    )
    saved(
        policy,
        name="Head office",
        platforms=["ios"],
        settings={"passcode": {"min_length": 8}, "wifi": [{"ssid": "guests", "security": "open"}]},
        apps=[crm | {"install": "required"}],
    )
    assert differences(policy) == [
        ("name", "changed", "Office", "Head office"),
        ("platforms", "changed", "every platform", "ios"),
        ("passcode.min_length", "changed", "6", "8"),
        ("passcode.history", "removed", "3", ""),
        ("wifi[northwind].security", "removed", "wpa3", ""),
        ("wifi[northwind].password", "removed", MASK, ""),
        ("apps[com.example.crm].install", "changed", "optional", "required"),
        ("wifi[guests].security", "added", "", "open"),
    ]


def test_everything_of_the_first_version_is_added() -> None:
    first = PolicyVersion.objects.get(policy=made(settings={"passcode": {"min_length": 8}}))
    assert [(change.place, change.kind, change.after) for change in versions.changes({}, first.content)] == [
        ("name", "added", "Office"),
        ("platforms", "added", "every platform"),
        ("passcode.min_length", "added", "8"),
    ]


def test_the_order_of_entries_is_no_difference() -> None:
    guests = {"ssid": "guests", "security": "open"}
    policy = made(settings={"wifi": [NETWORK, guests]})
    saved(policy, settings={"wifi": [guests, NETWORK]})
    assert differences(policy) == []


def test_a_profile_is_compared_by_what_it_sets_up() -> None:
    policy = made()
    saved(policy, profile=seal_profile(mobileconfig()))
    assert [(place, kind, after) for place, kind, _before, after in differences(policy)][:1] == [
        ("profile", "added", "Office")
    ]
    saved(policy, profile=seal_profile(mobileconfig([WIFI | {"Password": "another"}])))
    assert [(place, kind) for place, kind, *_texts in differences(policy)] == [("profile.sha256", "changed")]
    saved(policy, profile=None)
    assert {kind for _place, kind, *_texts in differences(policy)} == {"removed"}


# --- secrets ----------------------------------------------------------------------------------------------
def test_a_secret_is_encrypted_in_the_policy_and_in_its_history_and_devices_get_it() -> None:
    policy = made(settings=seal({"wifi": [NETWORK]}, {}), profile=seal_profile(mobileconfig()))
    stored = json.dumps([Policy.objects.values_list("settings")[0], list(PolicyVersion.objects.values_list("content"))])
    assert "correct horse" not in stored
    kept = bytes(Policy.objects.get().profile or b"")
    assert WIFI_KEY.encode() not in kept
    told = document_of(DeviceFactory.create(platform="macos", policies=[policy]))["policies"][0]
    assert told["settings"]["wifi"] == [NETWORK]
    assert told["profile"]


def test_the_mask_means_the_secret_that_is_kept() -> None:
    kept = seal({"wifi": [NETWORK]}, {})
    shown = mask(kept)
    assert shown["wifi"][0]["password"] == MASK
    assert seal(shown, kept) == kept
    assert unknown_masks(shown, kept) == []
    assert unknown_masks({"wifi": [{"ssid": "guests", "password": MASK}]}, kept) == ["wifi[guests].password"]


def test_a_changed_secret_is_a_difference_that_shows_neither() -> None:
    policy = made(settings=seal({"wifi": [NETWORK]}, {}))
    saved(policy, settings=seal({"wifi": [NETWORK | {"password": "battery staple"}]}, {}))
    assert differences(policy) == [("wifi[northwind].password", "changed", MASK, MASK)]


def test_a_secret_of_another_key_is_left_out_and_the_rest_handed_out(caplog: pytest.LogCaptureFixture) -> None:
    sealed = {"wifi": [{"ssid": "northwind", "security": "wpa3", "password": {"sealed": "gAAAAAno"}}]}
    policy = made(settings=sealed, profile=b"gAAAAAno")
    told = document_of(DeviceFactory.create(platform="macos", policies=[policy]))["policies"][0]
    assert told["settings"] == {"wifi": [{"ssid": "northwind", "security": "wpa3"}]}
    assert told["profile"] is None
    assert "wifi[northwind].password of a policy was encrypted with another SECRET_KEY or SALT_KEY" in caplog.text


# --- going back -------------------------------------------------------------------------------------------
def test_an_earlier_version_is_restored_as_a_new_one_with_its_profile_and_secrets() -> None:
    policy = made(settings=seal({"wifi": [NETWORK]}, {}), platforms=["ios"], profile=seal_profile(mobileconfig()))
    saved(policy, name="Renamed")
    saved(policy, settings={}, platforms=[], profile=None, apps=[{"name": "x"}])
    second = PolicyVersion.objects.get(policy=policy, version=2)
    assert versions.restore(second, None)
    found = Policy.objects.get()
    assert (found.version, found.platforms, found.apps) == (4, ["ios"], [])
    told = document_of(DeviceFactory.create(platform="ios", policies=[found]))["policies"][0]
    assert told["settings"]["wifi"] == [NETWORK]
    assert told["profile"]
    assert not versions.restore(second, None)

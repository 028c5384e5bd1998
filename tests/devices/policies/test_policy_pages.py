"""Does the console make, check, compare and restore policies, and show on a device what contradicts itself?"""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.models import DevicePolicy, Policy, PolicyVersion
from devices.policies.effective import document_of
from devices.policies.kept_secret import MASK
from tests.conftest import make_person, sign_in
from tests.data.profiles import WIFI_KEY, mobileconfig, signed
from tests.factories import DeviceFactory, DeviceGroupFactory, PolicyFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/devices/policy/add/"
NETWORK = {"ssid": "northwind", "security": "wpa3", "password": "correct horse"}


def change_url(policy: Policy) -> str:
    return reverse("admin:devices_policy_change", args=[policy.pk])


def versions_url(policy: Policy) -> str:
    return reverse("admin:policy_versions", args=[policy.pk])


def form(settings: Any = None, apps: Any = None, **values: Any) -> dict[str, Any]:
    return {"name": "Office", "settings": json.dumps(settings or {}), "apps": json.dumps(apps or []), **values}


def upload(content: bytes, name: str = "office.mobileconfig") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer.status_code
    return {name: list(map(str, found)) for name, found in answer.context["adminform"].form.errors.items()}


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the form ---------------------------------------------------------------------------------------------
def test_a_policy_is_made_with_platforms_settings_apps_and_a_profile(administrator_client: Client) -> None:
    app = {"identifier": "com.example.crm", "source": "app_store", "install": "required"}
    values = form({"wifi": [NETWORK]}, [app], platforms=["ios", "macos"], profile_file=upload(mobileconfig()))
    assert administrator_client.post(ADD, values).status_code == 302
    policy = Policy.objects.get()
    assert (policy.platforms, policy.apps, policy.version) == (["ios", "macos"], [app], 1)
    assert PolicyVersion.objects.get().saved_by is not None
    told = document_of(DeviceFactory.create(platform="macos", policies=[policy]))["policies"][0]
    assert told["settings"] == {"wifi": [NETWORK]}
    assert told["profile"]


def test_every_mistake_is_said_at_its_field(administrator_client: Client) -> None:
    answer = administrator_client.post(
        ADD,
        form({"passcode": {"minLength": 8, "history": 0}}, [{"name": "x"}], profile_file=upload(b"none")),
    )
    assert errors(answer) == {
        "settings": [
            "passcode.minLength is not known. Did you mean “min_length”?",
            "passcode.history: write a whole number from 1 to 50.",
        ],
        "apps": [f"apps[1]: “{name}” is missing. Add it." for name in ("identifier", "install", "source")],
        "profile_file": ["This is no configuration profile: it can't be read as an XML property list."],
    }
    assert "passcode.minLength is not known. Did you mean “min_length”?" in answer.content.decode()
    assert not Policy.objects.exists()


def test_a_profile_for_platforms_that_know_none_is_refused(administrator_client: Client) -> None:
    answer = administrator_client.post(ADD, form(platforms=["linux"], profile_file=upload(mobileconfig())))
    text = "Only Apple's platforms know profiles: choose one of them, or no platform at all."
    assert errors(answer) == {"profile_file": [text]}


def test_a_platform_that_is_none_and_a_profile_that_is_too_large_are_refused(administrator_client: Client) -> None:
    answer = administrator_client.post(ADD, form(platforms=["amiga"], profile_file=upload(b" " * 2_000_000)))
    assert errors(answer) == {
        "platforms": ["Select a valid choice. amiga is not one of the available choices."],
        "profile_file": ["The file is too large: at most 1024 KiB."],
    }


def test_secrets_are_shown_as_dots_and_stay_when_the_dots_do(administrator_client: Client) -> None:
    values = form({"wifi": [NETWORK]}, profile_file=upload(mobileconfig()))
    administrator_client.post(ADD, values)
    policy = Policy.objects.get()
    for address in (change_url(policy), versions_url(policy), f"{change_url(policy)[:-7]}history/"):
        page = text_of(administrator_client, address)
        assert "correct horse" not in page
        assert WIFI_KEY not in page
        assert "gAAAA" not in page
    shown: dict[str, list[dict[str, Any]]] = {"wifi": [NETWORK | {"password": MASK}]}
    assert (
        json.loads(administrator_client.get(change_url(policy)).context["adminform"].form["settings"].value()) == shown
    )
    shown["wifi"][0]["hidden"] = True
    assert administrator_client.post(change_url(policy), form(shown)).status_code == 302
    found = Policy.objects.get()
    device = DeviceFactory.create(platform="ios", policies=[found])
    told = document_of(device)["policies"][0]
    assert told["settings"]["wifi"] == [NETWORK | {"hidden": True}]
    assert (told["version"], bool(told["profile"])) == (2, True)


def test_a_secret_stands_on_no_other_page_in_no_log_entry_and_no_mistake(administrator_client: Client) -> None:
    administrator_client.post(ADD, form({"wifi": [NETWORK]}, profile_file=upload(mobileconfig())))
    policy, device = Policy.objects.get(), DeviceFactory.create(platform="ios")
    device.policies.add(policy, PolicyFactory.create(settings={"wifi": [NETWORK | {"password": "battery staple"}]}))
    administrator_client.post(change_url(policy), form({"wifi": [NETWORK | {"password": "new phrase"}]}))
    mistaken = administrator_client.post(change_url(policy), form({"wifi": [NETWORK | {"password": ["x" * 8]}]}))
    addresses = [f"{change_url(policy)[:-7]}delete/", "/admin/devices/policy/", "/admin/"]
    addresses.append(reverse("admin:devices_device_change", args=[device.pk]))
    shown = [text_of(administrator_client, address) for address in addresses]
    shown += [f"{entry.object_repr} {entry.get_change_message()}" for entry in LogEntry.objects.all()]
    assert "Policies that contradict each other" in shown[3]
    shown += errors(mistaken)["settings"]
    for secret in ("correct horse", "battery staple", "new phrase", WIFI_KEY, "gAAAA", "xxxxxxxx"):
        assert [text for text in shown if secret in text] == []


def test_dots_for_a_password_that_is_not_kept_are_refused(administrator_client: Client) -> None:
    answer = administrator_client.post(ADD, form({"wifi": [NETWORK | {"password": MASK}]}))
    assert errors(answer) == {
        "settings": ["wifi[northwind].password: write the password itself. None is kept under this name."]
    }


def test_saving_what_is_there_already_makes_no_version(administrator_client: Client) -> None:
    administrator_client.post(ADD, form({"passcode": {"min_length": 8}}))
    policy = Policy.objects.get()
    answer = administrator_client.post(change_url(policy), form({"passcode": {"min_length": 8}}), follow=True)
    assert "It says what it said before: there is no new version." in answer.content.decode()
    assert Policy.objects.get().version == 1


def test_who_saves_over_somebody_elses_version_is_told(administrator_client: Client) -> None:
    administrator_client.post(ADD, form())
    policy = Policy.objects.get()
    administrator_client.post(change_url(policy), form({"custom": {"a": 1}}, base_version="1"))
    answer = administrator_client.post(change_url(policy), form({"custom": {"a": 2}}, base_version="1"))
    text = "Somebody saved version 2 of this policy since you opened the page. Load it again."
    assert errors(answer) == {"__all__": [text]}
    assert text in answer.content.decode()
    assert Policy.objects.get().settings == {"custom": {"a": 1}}


def test_a_profile_is_shown_with_its_signer_and_can_be_removed(administrator_client: Client) -> None:
    administrator_client.post(ADD, form(profile_file=upload(signed(mobileconfig()))))
    policy = Policy.objects.get()
    page = text_of(administrator_client, change_url(policy))
    assert "Signed with the certificate of Northwind IT; devices check whether they trust it." in page
    assert "com.apple.wifi.managed" in page
    administrator_client.post(change_url(policy), form(remove_profile="on"))
    assert Policy.objects.get().profile is None


def test_a_policy_from_before_the_schema_opens_and_says_what_to_change(administrator_client: Client) -> None:
    policy = PolicyFactory.create(settings={"single_app": "Calendar"}, apps=[{"name": "CRM"}], profile=b"old")
    assert "single_app" in text_of(administrator_client, change_url(policy))
    answer = administrator_client.post(change_url(policy), form({"single_app": "Calendar"}))
    assert errors(answer)["settings"][0].endswith("What is no setting of hexenroll goes into “custom”.")


def test_the_page_says_where_the_policy_is_and_what_devices_did_with_this_version(administrator_client: Client) -> None:
    policy = PolicyFactory.create(version=2)
    DeviceGroupFactory.create().policies.set([policy])
    devices = [DeviceFactory.create(policies=[policy], status="enrolled") for _ in range(3)]
    for device, version, state in zip(devices, (2, 2, 1), ("applied", "failed", "applied"), strict=True):
        DevicePolicy.objects.create(device=device, policy=policy, version=version, state=state)
    page = administrator_client.get(change_url(policy))
    assert (page.context["group_count"], page.context["device_count"]) == (1, 3)
    text = page.content.decode()
    assert "Applied: 1" in text
    assert "Failed: 1" in text


def test_the_help_names_every_section_and_field(administrator_client: Client) -> None:
    page = text_of(administrator_client, ADD)
    for name in ("passcode", "min_length", "restrictions", "wifi", "vpn", "certificates", "custom", "identifier"):
        assert f"<code>{name}</code>" in page


# --- the list ---------------------------------------------------------------------------------------------
def test_the_list_says_for_which_platforms_and_what_is_in_it(administrator_client: Client) -> None:
    PolicyFactory.create(settings={"passcode": {}, "wifi": []}, apps=[{}, {}], profile=b"x", platforms=["ios", "linux"])
    page = text_of(administrator_client, reverse("admin:devices_policy_changelist"))
    assert "passcode, wifi, 2 apps, profile" in page
    assert "iOS and iPadOS, Linux" in page


def test_the_list_costs_the_same_for_two_and_for_twenty(administrator_client: Client) -> None:
    counts = []
    for number in (2, 18):
        for _policy in range(number):
            PolicyFactory.create(profile=b"x" * 1_000)
        with CaptureQueriesContext(connection) as queries:
            text_of(administrator_client, reverse("admin:devices_policy_changelist"))
        counts.append(len(queries))
        assert not any('"devices_policy"."profile",' in query["sql"] for query in queries)
    assert counts[0] == counts[1]


def test_deleting_counts_the_devices_and_names_none(administrator_client: Client) -> None:
    policy = PolicyFactory.create()
    devices = [DeviceFactory.create(policies=[policy]) for _ in range(5)]
    address = reverse("admin:devices_policy_delete", args=[policy.pk])
    with CaptureQueriesContext(connection) as queries:
        page = text_of(administrator_client, address)
    assert devices[0].serial_number not in page
    assert len(queries) < 12
    assert administrator_client.post(address, {"post": "yes"}).status_code == 302
    assert not Policy.objects.exists()


# --- the history ------------------------------------------------------------------------------------------
def test_the_versions_show_what_changed_who_changed_it_and_go_back(administrator_client: Client) -> None:
    administrator_client.post(ADD, form({"passcode": {"min_length": 6}}))
    policy = Policy.objects.get()
    administrator_client.post(change_url(policy), form({"passcode": {"min_length": 8}}))
    page = text_of(administrator_client, versions_url(policy))
    for part in ("passcode.min_length", "by administrator", "Changed", 'po-before">6<', "Current"):
        assert part in page
    restore = reverse("admin:policy_restore", args=[policy.pk, 1])
    assert administrator_client.get(restore).status_code == 405
    answer = administrator_client.post(restore, follow=True)
    assert "The policy says again what it said in version 1." in answer.content.decode()
    assert Policy.objects.get().settings == {"passcode": {"min_length": 6}}
    assert Policy.objects.get().version == 3
    assert "Restored version 1." in LogEntry.objects.first().get_change_message()  # type: ignore[union-attr]
    answer = administrator_client.post(restore, follow=True)
    assert "The policy says now what it said in version 1." in answer.content.decode()


def test_a_hostile_text_does_no_harm_in_the_history(administrator_client: Client) -> None:
    administrator_client.post(ADD, form({"custom": {"<script>alert(1)</script>": "<script>alert(2)</script>"}}))
    page = text_of(administrator_client, versions_url(Policy.objects.get()))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(2)" in page


@pytest.mark.parametrize("version", [2, 10**12, 2**63])
def test_a_version_that_is_not_there_is_not_found(administrator_client: Client, version: int) -> None:
    policy = PolicyFactory.create()
    assert administrator_client.post(reverse("admin:policy_restore", args=[policy.pk, version])).status_code == 404
    assert administrator_client.get(reverse("admin:policy_versions", args=[version])).status_code == 404


@pytest.mark.parametrize("page", ["", "0", "x", "9" * 30, "\0"])
def test_any_page_of_the_versions_is_answered(administrator_client: Client, page: str) -> None:
    assert administrator_client.get(versions_url(PolicyFactory.create()), {"page": page}).status_code == 200


def test_the_versions_cost_the_same_for_two_and_for_twenty(administrator_client: Client) -> None:
    counts = []
    for number in (2, 20):
        policy = PolicyFactory.create()
        for version in range(1, number + 1):
            PolicyVersion.objects.create(policy=policy, version=version, content={"name": f"Version {version}"})
        with CaptureQueriesContext(connection) as queries:
            text_of(administrator_client, versions_url(policy))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- rights -----------------------------------------------------------------------------------------------
def test_a_stranger_gets_403_on_the_versions(stranger_client: Client) -> None:
    policy = PolicyFactory.create()
    assert stranger_client.get(versions_url(policy)).status_code == 403
    assert stranger_client.post(reverse("admin:policy_restore", args=[policy.pk, 1])).status_code == 403


def test_who_may_only_look_sees_what_it_says_without_secrets_and_changes_nothing(administrator_client: Client) -> None:
    values = form({"wifi": [NETWORK]}, profile_file=upload(mobileconfig()))
    administrator_client.post(ADD, values)
    policy = Policy.objects.get()
    looking = sign_in(make_person("looking", ("view_policy",)))
    page = text_of(looking, change_url(policy))
    assert "wifi[northwind].security" in page
    assert MASK in page
    for hidden in ("correct horse", "gAAAA", 'name="settings"', "Restore"):
        assert hidden not in page
    assert text_of(looking, versions_url(policy)).count("Restore") == 0
    assert looking.post(change_url(policy), form()).status_code == 403
    assert looking.post(reverse("admin:policy_restore", args=[policy.pk, 1])).status_code == 403


# --- a device's page --------------------------------------------------------------------------------------
def test_a_devices_page_shows_which_policies_contradict_each_other(administrator_client: Client) -> None:
    group = DeviceGroupFactory.create(name="Berlin")
    group.policies.set([PolicyFactory.create(name="Loose", settings={"passcode": {"min_length": 4}})])
    strict = PolicyFactory.create(name="Strict", settings={"passcode": {"min_length": 12}})
    device = DeviceFactory.create(groups=[group], policies=[strict])
    address = reverse("admin:devices_device_change", args=[device.pk])
    page = text_of(administrator_client, address)
    assert "Policies that contradict each other" in page
    assert "passcode.min_length" in page
    device.policies.clear()
    assert "Policies that contradict each other" not in text_of(administrator_client, address)


def test_who_may_not_see_policies_sees_no_contradictions(operator_client: Client) -> None:
    policies = [PolicyFactory.create(settings={"custom": {"a": number}}) for number in range(2)]
    device = DeviceFactory.create(policies=policies)
    page = text_of(operator_client, reverse("admin:devices_device_change", args=[device.pk]))
    assert "Policies that contradict each other" not in page

"""Apple ADE > Enrollment profiles in the console: the form, the list, assigning and removing."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from devices.models import DeviceGroup, Domain
from enrollment.ade.profiles import CONTENT as CONTENT_FIELDS
from enrollment.ade.skip_keys import KNOWN, SKIP_KEYS, groups
from enrollment.models import AdeAccount, AdeDevice, AdeProfile
from hexenroll.models import AuditEntry
from tests.conftest import make_person, sign_in
from tests.enrollment.ade.profiled import URL, AssignState, listed, profile_of, states
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db
LIST, DEVICES = "/admin/enrollment/adeprofile/", "/admin/enrollment/adedevice/"
CONTENT = {"name": "Sales iPads", "url": URL, "is_supervised": "on", "is_mandatory": "on"}
RIGHTS = ("view_adeprofile", "change_adeprofile", "add_adeprofile", "delete_adeprofile", "assign_adeprofile")


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[int]:
    """Return the accounts that a worker was called for."""
    found: list[int] = []
    monkeypatch.setattr("enrollment.ade.profiles.call_worker", found.append)
    return found


def account_named(name: str, domain: Domain | None = None) -> AdeAccount:
    return AdeAccount.objects.create(
        name=name, domain=domain or Domain.objects.local(), private_key="-", state=AdeAccount.State.OK
    )


def domain_named(name: str) -> Domain:
    return Domain.objects.create(name=name, kind=Domain.Kind.ENTRA_ID)


@pytest.fixture
def account(db: None) -> AdeAccount:
    """Return a connected account."""
    return account_named("School")


def words(answer: Any) -> str:
    """Return the visible text of a page, without markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def address(profile: AdeProfile, page: str) -> str:
    return f"{LIST}{profile.pk}/{page}/"


# --- the steps ---------------------------------------------------------------------------------------------
@pytest.mark.once
def test_each_step_is_shown_once_in_words_under_the_devices_that_have_it() -> None:
    shown = [step.key for group in groups() for step in group.steps]
    assert sorted(shown) == sorted(KNOWN)
    assert len(shown) == len(set(shown))
    by_name = {group.name: {step.key for step in group.steps} for group in groups()}
    assert "AppleID" in by_name["all"]
    assert "Intelligence" in by_name["ios-macos"]
    assert "SIMSetup" in by_name["ios"]
    assert "FileVault" in by_name["macos"]
    assert "TVRoom" in by_name["tvos"]
    assert {"Wallpaper", "Zoom"} <= by_name["older"]
    assert not by_name["older"] & by_name["ios"]


@pytest.mark.once
def test_step_says_on_which_versions_it_can_be_skipped() -> None:
    versions = {step.key: step.versions for step in SKIP_KEYS}
    assert versions["EnableLockdownMode"] == "iOS 17.1, macOS 14"
    assert versions["Wallpaper"] == "macOS 14.1–26"


# --- the form ----------------------------------------------------------------------------------------------
def test_profile_is_added_with_its_steps_and_then_asks_for_devices(
    administrator_client: Client, account: AdeAccount
) -> None:
    entered = {**CONTENT, "account": account.pk, "skip_setup_items": ["AppleID", "Siri"], "department": "Sales"}
    answer = administrator_client.post(f"{LIST}add/", entered, follow=True)
    profile = AdeProfile.objects.get()
    assert profile.skip_setup_items == ["AppleID", "Siri"]
    assert (profile.account, profile.state, profile.department) == (account, "waiting", "Sales")
    assert answer.redirect_chain[-1][0] == address(profile, "assign")
    assert "“Sales iPads” was saved, and is sent to Apple. Choose the devices that get it." in words(answer)


def test_every_field_has_its_help_beside_it(administrator_client: Client, account: AdeAccount) -> None:
    page = administrator_client.get(f"{LIST}add/").content.decode()
    for name in ("account", *CONTENT_FIELDS[:-1]):
        assert f'name="{name}"' in page, name
        assert re.search(rf'id="{name}-help">\s*\S', page), name
    assert page.count('name="skip_setup_items"') == len(KNOWN)


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ({"url": "http://mdm.example.com/"}, "It must begin with https://: Apple takes no other address."),
        ({"is_supervised": ""}, "Without supervision Apple lets the user remove the management."),
        ({"auto_advance_setup": "on"}, "A device that is set up without anybody needs it."),
        ({"language": "English"}, "Write two or three small letters, such as en."),
        ({"region": "us"}, "Write two capital letters, such as US."),
        ({"skip_setup_items": "Everything"}, "Select a valid choice."),
        ({"name": "Kiosk"}, "This account has an enrollment profile of this name."),
        ({"account": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    administrator_client: Client, account: AdeAccount, entered: dict[str, str], said: str
) -> None:
    profile_of(account, "Kiosk")
    answer = administrator_client.post(f"{LIST}add/", {**CONTENT, "account": account.pk, **entered})
    assert answer.status_code == 200
    assert said in words(answer)
    assert AdeProfile.objects.count() == 1


def test_profile_cannot_take_the_name_of_another_one_of_its_account(
    administrator_client: Client, account: AdeAccount
) -> None:
    profile_of(account, "Kiosk")
    profile = profile_of(account)
    answer = administrator_client.post(address(profile, "change"), {**CONTENT, "name": "Kiosk"})
    assert "This account has an enrollment profile of this name." in words(answer)


def test_changed_profile_waits_to_be_sent_and_an_unchanged_one_does_not(
    administrator_client: Client, account: AdeAccount
) -> None:
    profile = profile_of(account)
    AdeProfile.objects.update(state=AdeProfile.State.DEFINED, uuid="OF-APPLE")
    answer = administrator_client.post(address(profile, "change"), CONTENT, follow=True)
    assert "It says what it said before: Apple isn't told." in words(answer)
    assert AdeProfile.objects.get().state == "defined"
    administrator_client.post(address(profile, "change"), {**CONTENT, "department": "Sales"})
    assert AdeProfile.objects.get().state == "waiting"


def test_refused_profile_says_why_and_is_tried_again(administrator_client: Client, account: AdeAccount) -> None:
    profile = profile_of(account)
    AdeProfile.objects.update(state=AdeProfile.State.FAILED, last_error="DEPARTMENT_INVALID")
    page = administrator_client.get(address(profile, "change"))
    assert "Apple doesn't take the department. Write it shorter, or leave it empty." in words(page)
    answer = administrator_client.post(address(profile, "try-again"), follow=True)
    assert "It is sent to Apple once more." in words(answer)
    assert AdeProfile.objects.get().state == "waiting"


def test_who_may_only_look_reads_what_a_profile_says(account: AdeAccount) -> None:
    profile = profile_of(account, skip_setup_items=["FileVault", "AppleID"])
    page = words(sign_in(make_person("reader", ("view_adeprofile",))).get(address(profile, "change")))
    assert "Apple Account" in page
    assert "FileVault" in page
    assert URL in page


# --- the list ----------------------------------------------------------------------------------------------
def test_list_says_on_how_many_devices_a_profile_is_and_costs_the_same_for_many(
    administrator_client: Client, account: AdeAccount, django_assert_num_queries: Any
) -> None:
    profile = profile_of(account)
    listed(account, ["A", "B"], wanted_profile=profile, assign_state=AssignState.ASSIGNED)
    listed(account, ["C"], wanted_profile=profile, assign_state=AssignState.THROTTLED)
    row = re.search(r"<tr.*?</tr>", administrator_client.get(LIST).content.decode().split("<tbody")[1], re.DOTALL)
    assert row is not None
    assert "Sales iPads" in row.group()
    assert re.findall(r">\s*(\d)\s*<", row.group()) == ["3", "2"]
    with CaptureQueriesContext(connection) as few:
        administrator_client.get(LIST)
    for number in range(18):
        profile_of(account, f"Profile {number}")
    with django_assert_num_queries(len(few)):
        administrator_client.get(LIST)


# --- assigning ---------------------------------------------------------------------------------------------
def test_profile_is_assigned_to_devices_without_one_to_a_group_and_to_all(
    administrator_client: Client, account: AdeAccount
) -> None:
    profile, group = profile_of(account), DeviceGroup.objects.create(name="Sales")
    listed(account, ["NEW"], profile_status="empty")
    listed(account, ["OLD", "OTHER"], profile_status="pushed")
    DeviceFactory(serial_number="OLD", platform="ios", groups=[group])
    page = words(administrator_client.get(address(profile, "assign")))
    assert "Devices without an enrollment profile (1)" in page
    assert "All devices of the account (3)" in page
    answer = administrator_client.post(address(profile, "assign"), {"which": "without"}, follow=True)
    assert "Apple will assign “Sales iPads” to 1 device in a moment." in words(answer)
    assert states(account) == {"NEW": "waiting", "OLD": "none", "OTHER": "none"}
    administrator_client.post(address(profile, "assign"), {"which": "group", "group": group.pk})
    assert states(account) == {"NEW": "waiting", "OLD": "waiting", "OTHER": "none"}
    administrator_client.post(address(profile, "assign"), {"which": "all"})
    assert set(states(account).values()) == {"waiting"}
    again = administrator_client.post(address(profile, "assign"), {"which": "all"}, follow=True)
    assert "There is nothing to do: it is so already" in words(again)


def test_group_must_be_chosen_where_a_group_is_meant(administrator_client: Client, account: AdeAccount) -> None:
    profile = profile_of(account)
    assert "Choose a device group." in words(
        administrator_client.post(address(profile, "assign"), {"which": "group", "group": ""})
    )
    assert "Choose which devices get it." in words(administrator_client.post(address(profile, "assign"), {}))


def test_devices_of_a_group_that_somebody_does_not_see_get_nothing() -> None:
    mine, theirs = domain_named("mine.example"), domain_named("theirs.example")
    account = account_named("Mine", mine)
    profile, group = profile_of(account), DeviceGroup.objects.create(name="Sales")
    listed(account, ["SEEN", "HIDDEN"])
    DeviceFactory(serial_number="SEEN", platform="ios", domain=mine, groups=[group])
    DeviceFactory(serial_number="HIDDEN", platform="ios", domain=theirs, groups=[group])
    operator = sign_in(make_person("limited", (*RIGHTS, "view_device"), domains=[mine]))
    operator.post(address(profile, "assign"), {"which": "group", "group": group.pk})
    assert states(account) == {"SEEN": "waiting", "HIDDEN": "none"}


def act(client: Client, name: str, devices: list[AdeDevice], **more: Any) -> Any:
    """Choose an action for ticked devices of the list."""
    chosen = {"action": name, "_selected_action": [device.pk for device in devices], "select_across": "0"}
    return client.post(DEVICES, {**chosen, **({} if more else {"index": "0"}), **more}, follow=True)


def test_ticked_devices_get_a_profile_of_their_account(administrator_client: Client, account: AdeAccount) -> None:
    other = account_named("Office")
    profile, foreign = profile_of(account), profile_of(other, "Office Macs")
    devices = listed(account, ["A", "B"]) + listed(other, ["C"])
    page = act(administrator_client, "assign_profile", devices)
    assert "Which enrollment profile do 3 devices get?" in words(page)
    assert "School : 2 devices" in words(page)
    assert "Office Macs" in words(page)
    answer = act(administrator_client, "assign_profile", devices, confirmed="1", profile=profile.pk)
    assert "Apple will assign “Sales iPads” to 2 devices in a moment." in words(answer)
    assert states(account) == {"A": "waiting", "B": "waiting"}
    assert states(other) == {"C": "none"}
    refused = act(administrator_client, "assign_profile", devices[:2], confirmed="1", profile=foreign.pk)
    assert "Choose one of these profiles." in words(refused)


def test_all_devices_of_the_list_can_be_chosen(administrator_client: Client, account: AdeAccount) -> None:
    profile, devices = profile_of(account), listed(account, [f"S{number}" for number in range(120)])
    chosen = {"confirmed": "1", "profile": profile.pk, "select_across": "1"}
    act(administrator_client, "assign_profile", devices[:1], **chosen)
    assert set(states(account).values()) == {"waiting"}


def test_removing_says_what_follows_and_is_asked_before(administrator_client: Client, account: AdeAccount) -> None:
    devices = listed(account, ["A"], wanted_profile=profile_of(account), assign_state=AssignState.ASSIGNED)
    page = words(act(administrator_client, "remove_profile", devices))
    assert "Remove the enrollment profile of 1 device?" in page
    assert "gets a device that nobody manages" in page
    assert states(account) == {"A": "assigned"}
    answer = act(administrator_client, "remove_profile", devices, confirmed="1")
    assert "The enrollment profile of 1 device will be removed at Apple in a moment." in words(answer)
    assert account.devices.get().wanted_profile is None


def test_who_may_not_assign_is_offered_neither(account: AdeAccount) -> None:
    devices = listed(account, ["A"])
    reader = sign_in(make_person("reader", ("view_adedevice", "view_adeprofile")))
    assert "Assign enrollment profile" not in words(reader.get(DEVICES))
    act(reader, "remove_profile", devices, confirmed="1")
    assert states(account) == {"A": "none"}
    assert reader.get(address(profile_of(account), "assign")).status_code == 403


# --- other domains, and deleting ---------------------------------------------------------------------------
def test_profiles_of_other_domains_are_not_there() -> None:
    mine, theirs = domain_named("mine.example"), domain_named("theirs.example")
    own, foreign = account_named("Mine", mine), account_named("Theirs", theirs)
    profile_of(own, "My profile")
    hidden = profile_of(foreign, "Their profile")
    limited = sign_in(make_person("limited", RIGHTS, domains=[mine]))
    page = words(limited.get(LIST))
    assert "My profile" in page
    assert "Their profile" not in page
    for name in ("assign", "try-again"):
        assert limited.post(address(hidden, name), {"which": "all"}).status_code == 404
    answer = limited.post(f"{LIST}add/", {**CONTENT, "account": foreign.pk})
    assert "Select a valid choice." in words(answer)
    assert foreign.profiles.count() == 1


def test_deleting_says_what_becomes_of_its_devices(administrator_client: Client, account: AdeAccount) -> None:
    profile = profile_of(account)
    listed(account, ["A", "B"], wanted_profile=profile, assign_state=AssignState.ASSIGNED)
    AdeAccount.objects.update(default_profile=profile)
    page = words(administrator_client.get(address(profile, "delete")))
    assert "2 devices have it at Apple and keep it there" in page
    assert "New devices of “School” get no profile any more, until you choose another default." in page
    administrator_client.post(address(profile, "delete"), {"post": "yes"})
    account.refresh_from_db()
    assert account.default_profile is None
    assert set(states(account).values()) == {"none"}


def test_every_change_of_a_profile_is_in_the_audit_log(administrator: User, account: AdeAccount) -> None:
    client = sign_in(administrator)
    client.post(f"{LIST}add/", {**CONTENT, "account": account.pk})
    profile = AdeProfile.objects.get()
    client.post(address(profile, "change"), {**CONTENT, "skip_setup_items": ["Siri"]})
    client.post(address(profile, "delete"), {"post": "yes"})
    entries = AuditEntry.objects.filter(content_type__model="adeprofile").order_by("pk")
    assert [(entry.get_action_display(), entry.actor) for entry in entries] == [
        (action, administrator) for action in ("create", "update", "delete")
    ]
    assert entries[1].changes == {"skip_setup_items": ["[]", '["Siri"]']}


def test_assigning_and_removing_by_tick_is_in_the_audit_log_with_account_and_number(
    administrator: User, account: AdeAccount
) -> None:
    client, other = sign_in(administrator), account_named("Office")
    profile = profile_of(account)
    devices = listed(account, ["A", "B"])
    act(client, "assign_profile", devices, confirmed="1", profile=profile.pk)
    act(client, "assign_profile", devices, confirmed="1", profile=profile.pk)  # it is so already: no entry
    devices += listed(other, ["C", "D", "E"], wanted_profile=profile_of(other), assign_state=AssignState.ASSIGNED)
    act(client, "remove_profile", devices, confirmed="1")
    entries = AuditEntry.objects.filter(content_type__model="adedevice", object_repr="").order_by("pk")
    assert [
        (entry.additional_data["what"], entry.additional_data["count"], entry.additional_data["source"][2])
        for entry in entries
    ] == [
        ("ade.profile_assigned", 2, "School"),
        ("ade.profile_removed", 2, "School"),
        ("ade.profile_removed", 3, "Office"),
    ]
    assert {entry.actor for entry in entries} == {administrator}
    assert entries[0].changes == {"wanted_profile": ["various", "Sales iPads"]}
    assert AuditEntry.objects.filter(content_type__model="adedevice", object_repr="A").count() == 2
    page = words(client.get("/admin/hexenroll/auditentry/"))
    assert "Enrollment profile chosen" in page
    assert "Enrollment profile taken away" in page

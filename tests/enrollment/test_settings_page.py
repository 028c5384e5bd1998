"""Can who may do so change Enroll > Settings in the browser, and nobody else?"""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from enrollment.models import BlockedHardware, EnrollmentSettings, SettingsChange
from tests.conftest import make_person, sign_in
from tests.enrollment.settings_pages import filled, saved, shown_for, url
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    """Return what the page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- who may do what -----------------------------------------------------------------------------------------
def test_who_is_not_signed_in_is_sent_to_the_sign_in(client: Client) -> None:
    assert client.get(url())["Location"] == f"/admin/login/?next={url()}"
    assert client.post(url(), {"save": "1"})["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("person", ["stranger", "operator"])
def test_without_the_permission_the_page_is_closed(request: pytest.FixtureRequest, person: str) -> None:
    client = request.getfixturevalue(f"{person}_client")
    assert client.get(url()).status_code == 403
    assert client.post(url(), {"save": "1"}).status_code == 403
    assert url() not in client.get("/admin/").content.decode()


def test_who_may_look_sees_the_settings_and_can_change_nothing() -> None:
    client = sign_in(make_person("auditor", ("view_enrollmentsettings",)))
    response = client.get(url())
    assert response.status_code == 200
    assert "You may look, but not change anything" in text_of(response)
    assert '<fieldset class="wz-stack es-plain" disabled>' in response.content.decode()
    assert 'name="save"' not in response.content.decode()
    assert client.post(url(), filled(pre_approved_devices_only="true")).status_code == 403
    assert not saved().pre_approved_devices_only


def test_who_may_only_change_may_not_look() -> None:
    assert sign_in(make_person("odd", ("change_enrollmentsettings",))).get(url()).status_code == 403


def test_the_sidebar_leads_to_the_settings_and_the_block_list(administrator_client: Client) -> None:
    page = administrator_client.get("/admin/").content.decode()
    assert url() in page
    assert "/admin/enrollment/blockedhardware/" in page


# --- saving --------------------------------------------------------------------------------------------------
def test_the_restriction_is_ticked_and_remembered(administrator_client: Client, administrator: User) -> None:
    response = administrator_client.post(url(), filled(pre_approved_devices_only="true"), follow=True)
    assert messages_of(response) == ["The settings were saved."]
    assert saved().pre_approved_devices_only
    change = SettingsChange.objects.get()
    assert (change.by, change.by_name) == (administrator, "administrator")
    assert (change.before, change.after) == (
        {"pre_approved_devices_only": False},
        {"pre_approved_devices_only": True},
    )
    assert "Pre-approved Devices Only: no → yes" in text_of(response)


def test_the_audit_entry_outlives_the_account(administrator_client: Client, administrator: User) -> None:
    administrator_client.post(url(), filled(pre_approved_devices_only="true"))
    administrator.delete()
    change = SettingsChange.objects.get()
    assert (change.by, change.by_name) == (None, "administrator")


def test_what_is_saved_as_it_was_changes_and_remembers_nothing(administrator_client: Client) -> None:
    response = administrator_client.post(url(), filled(), follow=True)
    assert messages_of(response) == ["Nothing was changed."]
    assert not SettingsChange.objects.exists()


def test_every_setting_can_be_changed(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(email="it@example.com")
    form = filled(
        require_credentials=None,
        default_user="it@example.com",
        allow_personal=None,
        personal_limit="2",
        corporate_limit=" 5 ",
        ordinary_ownership="corporate",
        allowed_platforms=["macos", "ios"],
        approval_days="30",
        returning="ask",
        retry_minutes="0",
        **{"minimum_os-macos": "14.5"},
    )
    assert administrator_client.post(url(), form).status_code == 302
    found = saved()
    assert (found.require_credentials, found.default_user, found.allow_personal) == (False, user, False)
    assert (found.personal_limit, found.corporate_limit, found.ordinary_ownership) == (2, 5, "corporate")
    assert (found.allowed_platforms, found.minimum_os) == (["ios", "macos"], {"macos": "14.5"})
    assert (found.approval_days, found.returning, found.retry_minutes) == (30, "ask", 0)
    again = filled(default_user="local/it@example.com")
    assert messages_of(administrator_client.post(url(), again, follow=True))[-1] == "Nothing was changed."


def test_exclusions_are_added_changed_and_removed(administrator_client: Client) -> None:
    changes: dict[str, Any] = {
        "exclusion-0-os_from": "11",
        "exclusion-1-remove": "1",
        "exclusion-2000-platform": "linux",
        "exclusion-2000-methods": ["qr", "self"],
        "exclusion-2001-platform": "",
    }
    assert administrator_client.post(url(), filled(**changes)).status_code == 302
    assert [(item["platform"], item["os_from"], item["methods"]) for item in saved().exclusions] == [
        ("android", "11", ["email", "sms", "self", "qr"]),
        ("windows", "", []),
        ("linux", "", ["self", "qr"]),
    ]


def test_what_is_wrong_stands_at_its_place_and_nothing_is_saved(administrator_client: Client) -> None:
    form = filled(
        pre_approved_devices_only="true",
        personal_limit="many",
        default_user="nobody@example.com",
        allowed_platforms=[],
        **{"exclusion-3-os_from": "10", "exclusion-3-platform": "", "minimum_os-ios": "new"},
    )
    response = administrator_client.post(url(), form)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {
        "personal_limit",
        "default_user",
        "allowed_platforms",
        "exclusions",
        "minimum_os",
    }
    assert response.context["form"].rows[3].error.startswith("Choose its platform:")
    page = response.content.decode()
    assert 'value="many"' in page
    assert 'value="new"' in page
    assert "This can’t be saved yet" in page
    assert not saved().pre_approved_devices_only


def test_somebody_elses_change_is_not_overwritten(administrator_client: Client) -> None:
    form = filled(personal_limit="3")
    administrator_client.post(url(), filled(pre_approved_devices_only="true"))
    response = administrator_client.post(url(), form, follow=True)
    assert messages_of(response)[-1].startswith("Nothing was saved: somebody else changed the settings meanwhile.")
    assert (saved().pre_approved_devices_only, saved().personal_limit) == (True, None)


# --- what it would refuse ------------------------------------------------------------------------------------
def test_looking_shows_the_change_and_whom_it_refuses_and_saves_nothing(administrator_client: Client) -> None:
    DeviceFactory.create(platform="linux", one_time_password="secret")
    response = administrator_client.post(url(), filled("look", allowed_platforms=["ios"]))
    shown = text_of(response)
    assert response.status_code == 200
    assert "Android, iOS and iPadOS, macOS, Linux, tvOS, Windows → iOS and iPadOS" in shown
    assert "1 device on the list that can come in now would be refused." in shown
    assert "status=pre_approved&amp;platform=linux" in response.content.decode()
    assert saved().allowed_platforms != ["ios"]
    assert not SettingsChange.objects.exists()


def test_what_refuses_devices_is_saved_only_once_that_was_shown(administrator_client: Client) -> None:
    DeviceFactory.create(platform="linux", one_time_password="secret")
    response = administrator_client.post(url(), filled(allowed_platforms=["ios"]))
    assert response.status_code == 200
    assert "Nothing is saved yet: this refuses devices that could come in so far." in text_of(response)
    assert saved().allowed_platforms != ["ios"]
    shown = response.context["shown"]
    assert shown == shown_for(allowed_platforms=["ios"])
    other = administrator_client.post(url(), filled(allowed_platforms=["tvos"], shown=shown))
    assert other.status_code == 200, "it was shown for another change"
    assert administrator_client.post(url(), filled(allowed_platforms=["ios"], shown=shown)).status_code == 302
    assert saved().allowed_platforms == ["ios"]


def test_an_open_door_is_said(administrator_client: Client) -> None:
    shown = text_of(administrator_client.post(url(), filled("look", require_credentials=None)))
    assert "Anybody who reaches the portal can enroll a device" in shown


@pytest.mark.parametrize(
    ("changes", "is_said"),
    [
        ({}, True),
        ({"corporate_limit": "3"}, True),
        ({"personal_limit": "3"}, False),
        ({"ordinary_ownership": "corporate", "personal_limit": "3"}, True),
        ({"ordinary_ownership": "corporate", "corporate_limit": "3"}, False),
        ({"pre_approved_devices_only": "on"}, False),
        ({"require_credentials": None}, False),
    ],
)
def test_a_limit_is_recommended_where_one_password_brings_in_any_number_of_devices(
    administrator_client: Client, changes: dict[str, Any], *, is_said: bool
) -> None:
    shown = text_of(administrator_client.post(url(), filled("look", **changes)))
    assert ("one user can bring in any number" in shown) == is_said


def test_the_page_says_whom_the_settings_refuse_as_they_are(administrator_client: Client) -> None:
    DeviceFactory.create(platform="macos")
    shown = text_of(administrator_client.get(url()))
    assert "It has neither a one-time password nor a valid invitation." in shown
    assert "Nothing is changed." in shown


def test_the_page_takes_as_many_statements_for_two_devices_as_for_twenty(
    administrator_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (2, 18):
        for _number in range(number):
            DeviceFactory.create(one_time_password="secret")
        with django_assert_max_num_queries(20):
            administrator_client.get(url())


# --- what no page of ours sends ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes",
    [
        {"personal_limit": "9" * 5000},
        {"personal_limit": "\x00"},
        {"personal_limit": "1e3"},
        {"retry_minutes": ""},
        {"approval_days": "0"},
        {"approval_days": "٣"},
        {"default_user": "\x00@example.com"},
        {"default_user": "x" * 100_000},
        {"returning": "<script>"},
        {"ordinary_ownership": "\ud800"},
        {"minimum_os-macos": "14\x00"},
        {"minimum_os-macos": "1." * 5000},
        {"exclusion-7-platform": "amiga"},
        {"exclusion-7-platform": "ios", "exclusion-7-os_from": "<b>"},
        {"exclusion-7-platform": "ios", "exclusion-7-methods": ["\x00"]},
        {"exclusion-7-platform": "ios", "exclusion-7-management_modes": ["device_owner"]},
        {f"exclusion-{number}-platform": "ios" for number in range(3, 200)},
        {"allow_personal": None, "allow_corporate": None},
    ],
    ids=lambda changes: ",".join(f"{name}={value!r}"[:40] for name, value in list(changes.items())[:2]),
)
@pytest.mark.parametrize("button", ["look", "save"])
def test_hostile_values_are_said_to_be_wrong(
    administrator_client: Client, button: str, changes: dict[str, Any]
) -> None:
    changes = {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in changes.items()
    }
    response = administrator_client.post(url(), filled(button, **changes))
    assert response.status_code == (422 if button == "save" else 200)
    assert response.context["form"].errors
    assert "<script>" not in response.content.decode().split('id="settings"')[1].split("</form>")[0]
    assert not SettingsChange.objects.exists()


@pytest.mark.parametrize("seen", ["", "\x00", "x" * 10_000, "2026-99-99"])
def test_a_page_that_was_never_shown_is_out_of_date(administrator_client: Client, seen: str) -> None:
    form = filled(pre_approved_devices_only="true", seen=seen)
    assert administrator_client.post(url(), form).status_code == 302
    assert not saved().pre_approved_devices_only


def test_other_methods_are_refused(administrator_client: Client) -> None:
    assert administrator_client.put(url()).status_code == 405
    assert administrator_client.delete(url()).status_code == 405


def test_a_post_from_elsewhere_is_refused(administrator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator, backend="hexenroll.accounts.people.PeopleBackend")
    EnrollmentSettings.objects.current()
    assert client.post(url(), filled(pre_approved_devices_only="true")).status_code == 403
    assert not saved().pre_approved_devices_only


# --- the block list ------------------------------------------------------------------------------------------
def add(client: Client, **values: str) -> Any:
    data = {"kind": "serial_number", "value": "X1", "note": "", **values}
    return client.post("/admin/enrollment/blockedhardware/add/", data, follow=True)


def test_the_block_list_says_which_devices_on_the_list_it_refuses(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    response = add(administrator_client, value=device.serial_number)
    assert "1 device on the list has this serial number: it is refused from now on." in messages_of(response)
    assert BlockedHardware.objects.get().value == device.serial_number
    assert "1 serial number, hardware UUID or manufacturer never comes in" in text_of(administrator_client.get(url()))


def test_an_entry_that_is_there_already_and_one_that_can_t_be_seen_are_refused(administrator_client: Client) -> None:
    add(administrator_client)
    assert "already exists" in text_of(add(administrator_client))
    assert "can&#x27;t be seen" in text_of(add(administrator_client, value="X\u202e2"))
    assert BlockedHardware.objects.count() == 1


@pytest.mark.parametrize("page", ["", "add/", "1/change/", "1/delete/"])
def test_the_block_list_is_closed_to_strangers(stranger_client: Client, page: str) -> None:
    BlockedHardware.objects.create(pk=1, kind="serial_number", value="X1")
    assert stranger_client.get(f"/admin/enrollment/blockedhardware/{page}").status_code == 403


@pytest.mark.parametrize("query", ["q=%00", "kind__exact=%00", "kind__regex=(", f"p={'9' * 30}"])
def test_hostile_filters_of_the_block_list_are_no_failure(administrator_client: Client, query: str) -> None:
    assert administrator_client.get(f"/admin/enrollment/blockedhardware/?{query}").status_code in (200, 302, 400)

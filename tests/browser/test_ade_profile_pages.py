"""Can everybody use the pages of enrollment profiles: the form and its mistakes, assigning, the list's two actions?"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Domain
from enrollment.models import AdeAccount, AdeDevice, AdeProfile
from tests.conftest import make_person
from tests.enrollment.ade.profiled import AssignState, listed, profile_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=str)
def console(
    request: pytest.FixtureRequest, sign_in_browser: SignIn, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> Page:
    """Return a browser that is signed in, wide or narrow."""
    monkeypatch.setattr("enrollment.ade.profiles.call_worker", lambda account_id: True)
    width, scheme = request.param
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    return page


@pytest.fixture
def account(live_server: LiveServer) -> AdeAccount:
    """Return a connected account with three devices."""
    account = AdeAccount.objects.create(
        name="School", domain=Domain.objects.local(), private_key="-", state=AdeAccount.State.OK
    )
    listed(account, ["FIRST", "SECOND", "THIRD"], profile_status="empty")
    return account


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_profile_is_added_corrected_assigned_and_removed(
    console: Page, live_server: LiveServer, account: AdeAccount, assert_accessible: Callable[[Page], None]
) -> None:
    console.goto(live_server.url + reverse("admin:enrollment_adeprofile_add"))
    assert_accessible(console)
    assert_fits(console)
    console.get_by_label("Name").fill("Pupils' iPads")
    console.get_by_label("Address of the MDM server").fill("http://mdm.example.com/enroll")
    console.get_by_role("button", name="Tick all: Apple TV", exact=True).click()
    expect(console.get_by_label("TV provider")).to_be_checked()
    console.get_by_role("button", name="Tick none: Apple TV", exact=True).click()
    expect(console.get_by_label("TV provider")).not_to_be_checked()
    console.get_by_label("Siri").check()
    console.get_by_role("button", name="Save", exact=True).click()
    expect(console.get_by_text("It must begin with https://: Apple takes no other address.")).to_be_visible()
    expect(console.get_by_label("Siri")).to_be_checked()
    assert_accessible(console)
    console.get_by_label("Address of the MDM server").fill("https://mdm.example.com/enroll")
    console.get_by_role("button", name="Save", exact=True).click()
    console.get_by_label("Devices without an enrollment profile (3)").check()
    assert_accessible(console)
    assert_fits(console)
    console.get_by_role("button", name="Assign", exact=True).click()
    expect(console.get_by_text("Apple will assign “Pupils' iPads” to 3 devices in a moment.")).to_be_visible()
    assert_accessible(console)
    assert_fits(console)
    assert AdeProfile.objects.get().skip_setup_items == ["Siri"]
    AdeDevice.objects.update(assign_state=AssignState.ASSIGNED)
    console.goto(live_server.url + reverse("admin:enrollment_adeprofile_changelist"))
    assert_accessible(console)
    console.goto(live_server.url + reverse("admin:enrollment_adeprofile_delete", args=[AdeProfile.objects.get().pk]))
    expect(console.get_by_text("3 devices have it at Apple and keep it there")).to_be_visible()
    assert_accessible(console)


def test_ticked_devices_of_the_list_get_a_profile_and_lose_it(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    account: AdeAccount,
    assert_accessible: Callable[[Page], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("enrollment.ade.profiles.call_worker", lambda account_id: True)
    profile_of(account, "Pupils' iPads")
    page = sign_in_browser(administrator)
    page.set_viewport_size({"width": 1440, "height": 900})
    for action, button in (("Assign enrollment profile", "Assign"), ("Remove enrollment profile", "Remove")):
        page.goto(live_server.url + reverse("admin:enrollment_adedevice_changelist"))
        page.locator("input.action-select").first.check()
        page.get_by_role("combobox").filter(has_text=action).select_option(label=action)
        page.get_by_role("button", name="Run", exact=False).first.click()
        assert_accessible(page)
        if button == "Assign":
            page.get_by_label("Enrollment profile").select_option(label="Pupils' iPads")
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_text("in a moment")).to_be_visible()
    assert AdeDevice.objects.filter(assign_state=AssignState.WAITING, wanted_profile=None).count() == 1


def test_who_may_only_look_reads_what_a_profile_says(
    sign_in_browser: SignIn, live_server: LiveServer, account: AdeAccount, assert_accessible: Callable[[Page], None]
) -> None:
    profile = profile_of(account, "Pupils' iPads", skip_setup_items=["Siri", "FileVault"])
    page = sign_in_browser(make_person("reader", ("view_adeprofile",)))
    page.goto(live_server.url + reverse("admin:enrollment_adeprofile_change", args=[profile.pk]))
    expect(page.get_by_text("FileVault")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    assert_accessible(page)

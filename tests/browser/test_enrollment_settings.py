"""Can everybody change Enroll > Settings in a browser, and see at once what that refuses?"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from enrollment.models import BlockedHardware, EnrollmentSettings
from enrollment.settings_change import change
from tests.conftest import make_person
from tests.enrollment.settings_pages import saved, url
from tests.factories import DeviceFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]
BLOCK_LIST = "/admin/enrollment/blockedhardware/"


@pytest.fixture(autouse=True)
def devices(transactional_db: None) -> None:
    for platform in ("android", "ios", "linux", "windows"):
        DeviceFactory.create(platform=platform, one_time_password="secret")
    DeviceFactory.create()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_state_is_accessible_and_as_wide_as_the_window(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Check,
    scheme: str,
    width: int,
) -> None:
    def look(state: str) -> None:
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), state

    change({"minimum_os": {"macos": "14"}, "exclusions": []}, by=administrator)
    change({"exclusions": EnrollmentSettings._meta.get_field("exclusions").get_default()})
    BlockedHardware.objects.create(kind="manufacturer", value="<b>Bad</b> " + "long" * 20)
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(live_server.url + url())
    look("as it is")
    page.get_by_label("Pre-approved Devices Only").check()
    page.get_by_role("button", name="Add an exclusion").click()
    expect(page.get_by_text("1 device on the list that can come in now would be refused.")).to_be_visible()
    look("what it changes")
    page.get_by_label("Personal devices of one user").fill("many")
    expect(page.get_by_text("Something that was typed can’t be right:")).to_be_visible()
    look("something is wrong")
    assert not complaints
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This can’t be saved yet")).to_be_visible()
    look("refused")
    for address in (BLOCK_LIST, f"{BLOCK_LIST}add/"):
        page.goto(live_server.url + address)
        look(address)


def test_what_is_changed_and_refused_follows_the_choices_and_one_click_saves_it(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url())
    page.get_by_label("Pre-approved Devices Only").check()
    expect(page.locator("#forecast")).to_contain_text("1 device on the list that can come in now would be refused.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings were saved.")).to_be_visible()
    assert saved().pre_approved_devices_only
    expect(page.locator("#changes").locator("xpath=..")).to_contain_text("Pre-approved Devices Only: no → yes")


def test_exclusions_are_added_and_removed(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url())
    page.get_by_role("group", name="Exclusion 3").get_by_label("Remove this exclusion").check()
    page.get_by_role("button", name="Add an exclusion").click()
    new = page.get_by_role("group", name="New exclusion")
    expect(new.get_by_label("Platform")).to_be_focused()
    new.get_by_label("Platform").select_option("ios")
    new.get_by_label("OS version from").fill("18")
    new.get_by_label("QR code").check()
    expect(page.locator("#forecast")).to_contain_text("iOS and iPadOS 18 or later; QR code")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings were saved.")).to_be_visible()
    assert [item["platform"] for item in saved().exclusions] == ["android", "android", "ios"]


def test_enter_in_a_field_shows_what_it_means_and_saves_nothing(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url())
    field = page.get_by_label("Corporate devices of one user")
    field.fill("0")
    field.press("Enter")
    expect(page.locator("#forecast")).to_contain_text("would be refused")
    assert saved().corporate_limit is None


def test_without_scripts_save_shows_whom_it_refuses_and_saves_the_second_time(
    browser: Browser, sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    cookies = sign_in_browser(administrator).context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live_server.url + url())
    page.get_by_label("Linux", exact=True).first.uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    assert "linux" in saved().allowed_platforms
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings were saved.")).to_be_visible()
    context.close()
    assert "linux" not in saved().allowed_platforms


def test_who_may_only_look_can_touch_nothing(
    sign_in_browser: SignIn, live_server: LiveServer, assert_accessible: Check
) -> None:
    page = sign_in_browser(make_person("auditor", ("view_enrollmentsettings",)))
    page.goto(live_server.url + url())
    expect(page.get_by_label("Pre-approved Devices Only")).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    assert_accessible(page)

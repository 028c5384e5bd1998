"""Can everybody correct, review and import in a browser: by scripts, without them, by keys alone, on a phone?"""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.imports import check, commit
from devices.models import ImportBatch, ImportRow
from tests.devices.importing import checked_rows, committed, row
from tests.devices.wizard_pages import url
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]


def mixed_batch() -> ImportBatch:
    """Return a batch with a new row, a known user, a known device, warnings and hostile values."""
    DeviceUserFactory.create(email="user2@example.com")
    DeviceFactory.create(serial_number=row(3)["serial_number"])
    return checked_rows(
        row(1, name="<b>Zoë</b> \u202e😀" + "long" * 40), row(2), row(3), row(4, email="a@gmail.com", groups="Sales")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_accessible_and_as_wide_as_the_window(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Check,
    scheme: str,
    width: int,
) -> None:
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    wrong = checked_rows(
        row(50, platform="iOS"), row(51, ownership="S"), row(52, name=" x"), row(53), row(54, platform="a" * 190)
    )
    review = mixed_batch()
    done = committed(checked_rows(row(60), row(61, platform="iOS")), accept_good_rows=True)
    for address in (url("check", wrong), url("review", review), url("row", review, 4), url("done", done)):
        page.goto(live_server.url + address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    page.get_by_text("Undo this import").click()
    assert_accessible(page)
    assert not complaints


def test_a_tick_is_saved_at_once_and_the_forecast_follows(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    batch = mixed_batch()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("review", batch))
    expect(page.get_by_text("2 rows still need a choice.")).to_be_visible()
    page.get_by_label("Replace", exact=True).check()
    expect(page.locator("#forecast")).to_contain_text(re.compile(r"Devices replaced\s*1"))
    expect(page.get_by_text("Before the import")).to_have_count(0)
    page.get_by_label("Invite line 2").uncheck()
    expect(page.locator("#forecast")).to_contain_text(re.compile(r"Ticked for an invitation\s*3"))
    page.get_by_label("What happens to line 4").select_option("Skip")
    expect(page.locator("#forecast")).to_contain_text(re.compile(r"Devices replaced\s*0"))
    expect(page.get_by_role("button", name="Import 3 devices")).to_be_visible()
    expect(page.locator("#saving")).to_have_text("Saved")
    batch.refresh_from_db()
    assert batch.duplicates == "replace"


def test_long_lists_of_groups_can_be_searched(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    for number in range(30):
        DeviceGroupFactory.create(name=f"Office {number}")
    batch = checked_rows(row(1))
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("review", batch))
    page.get_by_text("Device groups", exact=True).last.click()
    page.get_by_label("Search in Device groups").fill("office 17")
    expect(page.get_by_label("Office 18")).to_be_hidden()
    with page.expect_response("**/review/"):
        page.get_by_label("Office 17").check()
    expect(page.locator("#saving")).to_have_text("Saved")
    assert [group.name for group in batch.groups.all()] == ["Office 17"]


def test_without_scripts_the_import_button_saves_everything(
    browser: Browser, administrator: User, live_server: LiveServer, sign_in_browser: SignIn
) -> None:
    batch = mixed_batch()
    cookies = sign_in_browser(administrator).context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live_server.url + url("review", batch))
    page.get_by_label("Keep the user, add the device").first.check()
    page.get_by_label("Invite line 2").uncheck()
    page.get_by_role("button", name="Import 2 devices").click()
    expect(page.get_by_text("Importing the devices")).to_be_visible()
    context.close()
    batch.refresh_from_db()
    assert (batch.state, batch.duplicates) == ("committing", "keep")
    assert not ImportRow.objects.get(batch=batch, line=2).invite


def test_a_file_is_corrected_reviewed_and_imported_by_keys_alone(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, platform="iOS"), row(3))
    page = sign_in_browser(administrator)

    def press(name: str) -> None:
        button = page.get_by_role("button", name=name)
        for _ in range(200):
            page.keyboard.press("Tab")
            if button.evaluate("(element) => element === document.activeElement"):
                break
        expect(button).to_be_focused()
        page.keyboard.press("Enter")

    page.goto(live_server.url + url("check", batch))
    press("Accept Platform, iOS")
    expect(page.get_by_text("Checking every row of the file")).to_be_visible()
    check.run(batch.pk)
    expect(page.get_by_role("heading", name="No errors")).to_be_visible()
    page.get_by_role("link", name="Continue to the review").press("Enter")
    press("Import 3 devices")
    expect(page.get_by_text("Importing the devices")).to_be_visible()
    commit.run(batch.pk)
    expect(page.get_by_role("heading", name="3 devices are pre-approved")).to_be_visible()

"""Can an administrator who has just started hexenroll take a real file with errors into the portal, in a browser?

A portal of its own, as `make run` starts it; Chromium; nothing leaves the machine.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import twelve_errors
from tests.portal import Portal
from tests.servers import Servers

pytestmark = pytest.mark.once

Check = Callable[[Page], None]
# A check or a commit, with its progress page, on a machine that does something else besides.
WORK_MS = 60_000
FOCUSED = """
() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const label = e.labels && e.labels[0] ? e.labels[0].innerText : "";
  return { name: (e.getAttribute("aria-label") || label || e.innerText || e.value || "").trim(), seen: box.width > 0 };
}
"""


@pytest.fixture(scope="module")
def portal(servers: Servers) -> Iterator[Portal]:
    """Return a portal that was just started for the first time."""
    portal = Portal(servers.folder, is_postgresql=False, environment={})
    try:
        yield portal.start()
    finally:
        portal.close()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Return what the browser complains of, and every request to another machine; it has to stay empty."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda request: found.append(request.url) if not is_local(request.url) else None)
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield found
    assert not found


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"


def counted(number: str) -> re.Pattern[str]:
    """Return what the device list says below the last row."""
    return re.compile(rf"^\W*{number}\s+devices\s*$")


def problems_on(page: Page) -> dict[int, str]:
    """Return the codes of the errors that the check's page lists, by line."""
    rows = page.locator(".st-problems tbody tr", has=page.locator(".is-error"))
    lines = rows.locator("th").all_inner_texts()
    codes = rows.locator(".st-code").all_inner_texts()
    return {int(re.sub(r"\D", "", line)): code for line, code in zip(lines, codes, strict=True)}


def test_a_thousand_rows_with_twelve_errors_from_the_sign_in_to_the_device_list(
    portal: Portal, page: Page, complaints: list[str], assert_accessible: Check, tmp_path: Path
) -> None:
    file = twelve_errors.write(tmp_path, seed=2)
    page.goto(portal.base_url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("link", name="Pre-approve").first.click()
    page.wait_for_url(f"{portal.base_url}/enroll/pre-approve/")
    assert_accessible(page)
    page.get_by_role("link", name="Pre-approve devices").click()
    assert_accessible(page)
    page.locator("input[type=file]").set_input_files(file.wrong)
    page.get_by_role("button", name="Upload and map").click()

    page.wait_for_url("**/mapping/")
    assert_accessible(page)
    page.get_by_role("button", name="Save and check").click()

    expect(page.get_by_role("heading", name="12 rows have errors")).to_be_visible(timeout=WORK_MS)
    assert_accessible(page)
    page.get_by_label("Severity").select_option("Errors")
    page.get_by_role("button", name="Filter").click()
    assert problems_on(page) == file.errors
    page.get_by_role("button", name="Accept Platform, iOS").click()

    expect(page.get_by_role("heading", name="11 rows have errors")).to_be_visible(timeout=WORK_MS)
    assert "unknown_choice" not in problems_on(page).values()
    page.get_by_role("link", name="Upload a corrected file").click()
    assert_accessible(page)
    page.locator("input[type=file]").set_input_files(file.corrected)
    page.get_by_role("button", name="Upload and check").click()

    expect(page.get_by_role("heading", name="No errors")).to_be_visible(timeout=WORK_MS)
    assert_accessible(page)
    page.get_by_role("link", name="Continue to the review").click()

    page.wait_for_url("**/review/")
    assert_accessible(page)
    page.get_by_role("button", name="Import 1,000 devices").click()

    expect(page.get_by_role("heading", name="1,000 devices are pre-approved")).to_be_visible(timeout=WORK_MS)
    expect(page.locator(".wz-trail [aria-current=step]")).to_contain_text("Import")
    assert_accessible(page)

    page.goto(f"{portal.base_url}/admin/devices/device/")
    expect(page.get_by_text(counted("0"))).to_be_visible()  # MISSION.md: not before they are asked for
    page.locator("a, button").filter(has_text="Filters").first.click()
    page.get_by_label("Pre-approved", exact=True).check()
    page.get_by_role("button", name="Apply Filters").click()
    expect(page.get_by_text(counted("1,000"))).to_be_visible()
    assert page.locator("td.field-serial_number").first.inner_text() in file.serials


def reach(page: Page, name: str) -> None:
    """Press Tab until what bears the name has the focus, and can be seen."""
    passed = []
    for _press in range(150):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        passed.append(focused["name"].split("\n")[-1])
        if re.fullmatch(name, " ".join(focused["name"].split())):
            assert focused["seen"], f"{name} has the focus but can't be seen"
            return
    raise AssertionError(f"Tab never reached {name!r}: {passed}")


def choose_file(page: Page, path: Path) -> None:
    reach(page, r"File( \*)?")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(path)


def test_the_same_with_the_keyboard_alone(portal: Portal, page: Page, complaints: list[str], tmp_path: Path) -> None:
    file = twelve_errors.write(tmp_path, seed=3)
    page.on("filechooser", lambda chooser: None)  # from now on Chromium asks the test, not the desktop
    page.goto(f"{portal.base_url}/enroll/pre-approve/")
    reach(page, r"User name or e-mail address ?\*?")
    page.keyboard.type("admin")
    reach(page, r"Password ?\*?")
    page.keyboard.type(portal.password)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{portal.base_url}/enroll/pre-approve/")
    reach(page, r".*Pre-approve devices")
    page.keyboard.press("Enter")
    page.wait_for_url("**/new/")
    choose_file(page, file.wrong)
    reach(page, "Upload and map")
    page.keyboard.press("Enter")

    page.wait_for_url("**/mapping/")
    reach(page, "Save and check")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="12 rows have errors")).to_be_visible(timeout=WORK_MS)
    reach(page, "Accept Platform, iOS")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="11 rows have errors")).to_be_visible(timeout=WORK_MS)
    reach(page, "Upload a corrected file")
    page.keyboard.press("Enter")
    page.wait_for_url("**/file/")
    choose_file(page, file.corrected)
    reach(page, "Upload and check")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="No errors")).to_be_visible(timeout=WORK_MS)
    reach(page, "Continue to the review")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/")
    reach(page, r"Import 1,000 devices")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1,000 devices are pre-approved")).to_be_visible(timeout=WORK_MS)
    reach(page, "Show the new devices")
    page.keyboard.press("Enter")
    expect(page.get_by_text(counted("1,000"))).to_be_visible()
    assert page.locator("td.field-serial_number").first.inner_text() in file.serials

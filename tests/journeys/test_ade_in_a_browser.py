"""Does an administrator connect Apple Business Manager, see its devices come, and does one of them enroll?

A portal of its own, as `make run` starts it; Chromium; Apple's service as the simulator; a device asks at the endpoint.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.ade_simulator.running import Simulator
from tests.portal import Portal
from tests.servers import Servers

pytestmark = pytest.mark.once

WORK_MS = 60_000
MAKE_POLICY = """
from devices.models import Policy
from devices.policies.versions import save
save(Policy(name="School Wi-Fi", settings={"wifi": [{"ssid": "school", "security": "open"}]}), None)
"""
FACTS: dict[str, Any] = {
    "os": "iPadOS",
    "device_family": "iPad",
    "model": "iPad Air",
    "color": "SPACE GRAY",
    "asset_tag": "A-0815",
}


@pytest.fixture(scope="module")
def portal(servers: Servers) -> Iterator[Portal]:
    """Return a running portal with a policy, which lets devices of its list in without credentials, and no others."""
    portal = Portal(servers.folder, is_postgresql=False, environment={})
    try:
        portal.start()
        made = portal.manage("shell", "--no-imports", "-c", MAKE_POLICY)
        assert made.returncode == 0, made.stderr
        chosen = portal.manage("enrollment_settings", "pre_approved_devices_only=true", "require_credentials=false")
        assert chosen.returncode == 0, chosen.stderr
        yield portal
    finally:
        portal.close()


@pytest.fixture
def console(portal: Portal, browser: Browser) -> Iterator[Page]:
    """Return a browser in which the administrator has signed in, and of which nothing is to be complained of."""
    page = browser.new_page(locale="en-GB", timezone_id="UTC", viewport={"width": 1440, "height": 900})
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(f"{page.url} {error.stack}"))
    page.on("request", lambda request: found.append(request.url) if not is_local(request.url) else None)
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.goto(portal.base_url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Apple ADE").first).to_be_attached()
    yield page
    page.context.close()
    assert not found


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"


def counted(number: str) -> re.Pattern[str]:
    """Return what the device list says below the last row."""
    return re.compile(rf"^\W*{number}\s+devices?\s*$")


def filtered(page: Page, portal: Portal) -> None:
    """Filter the device list by Pre-approved and the source Apple ADE."""
    page.goto(f"{portal.base_url}/admin/devices/device/")
    page.locator("a, button").filter(has_text="Filters").first.click()
    page.get_by_label("Pre-approved", exact=True).check()
    page.get_by_label("Apple ADE", exact=True).check()
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**source=ade**")


def test_an_account_is_added_and_synced_and_a_device_of_it_enrolls_and_gets_its_policies(
    portal: Portal, console: Page, ade_simulator: Simulator, assert_accessible: Callable[[Page], None], tmp_path: Path
) -> None:
    ade_simulator.change_account(org_name="Heath School", server_name="hexenroll")
    serials = ade_simulator.add(25, **FACTS)

    console.get_by_role("link", name="Apple ADE").first.click()
    console.wait_for_url("**/adeaccount/")
    assert_accessible(console)
    console.goto(f"{portal.base_url}/admin/enrollment/adeaccount/add/")
    console.get_by_label("Name", exact=False).first.fill("Heath iPads")
    expect(console.get_by_label("Add as Pre-approved Device")).to_be_checked()
    choose(console, "policies", "School Wi-Fi")
    console.get_by_text("Test without Apple").click()
    console.get_by_label("Address of the service").fill(ade_simulator.base_url)
    assert_accessible(console)
    console.get_by_role("button", name="Save").first.click()

    console.wait_for_url("**/key/")
    assert_accessible(console)
    with console.expect_download() as download:
        console.get_by_role("link", name="hexenroll-heath-ipads.pem").click()
    token = tmp_path / "hexenroll_Token_smime.p7m"
    token.write_bytes(ade_simulator.token_file(download.value.path().read_text()))  # what Apple does with it
    console.get_by_role("link", name="I have the token file").click()
    assert_accessible(console)
    console.get_by_label("Token file").set_input_files(token)
    console.get_by_role("button", name="Upload and check").click()

    expect(console.get_by_text("Apple knows this account.")).to_be_visible()
    expect(console.get_by_text("Heath School")).to_be_visible()
    assert_accessible(console)
    console.get_by_role("button", name="Sync now").click()
    syncs = console.get_by_role("region", name="Last syncs")
    expect(syncs.get_by_text("Done")).to_be_visible(timeout=WORK_MS)  # the page loads itself anew
    assert_accessible(console)

    filtered(console, portal)
    expect(console.get_by_text(counted("25"))).to_be_visible()
    shown = console.locator("td.field-serial_number").all_inner_texts()
    assert {text.strip() for text in shown} == set(serials)
    assert_accessible(console)

    said = {"serial_number": serials[3], "platform": "ios", "os_version": "18.1", "method": "ade"}
    answer = requests.post(f"{portal.base_url}/api/v1/enroll", json=said, timeout=30)
    assert answer.status_code == 200, answer.text
    assert [policy["name"] for policy in answer.json()["policies"]] == ["School Wi-Fi"]
    refused = requests.post(
        f"{portal.base_url}/api/v1/enroll", json={**said, "serial_number": "DMPNOBODYS1"}, timeout=30
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not_pre_approved")

    console.goto(f"{portal.base_url}/admin/devices/device/?q={serials[3]}")
    console.locator("#result_list tbody a").first.click()
    expect(console.locator(".dv-head")).to_contain_text("Enrolled")
    at_apple = console.locator("section", has=console.get_by_role("heading", name="Apple ADE", exact=True))
    for text in ("Heath iPads", "iPad Air", "SPACE GRAY", "A-0815"):
        expect(at_apple).to_contain_text(text)
    policies = console.get_by_role("region", name="Policies")
    expect(policies.get_by_role("row", name="School Wi-Fi")).to_contain_text("the ADE account “Heath iPads”")
    history = console.get_by_text("Listed by Apple for the ADE account “Heath iPads”, and pre-approved")
    expect(history).to_be_visible()
    assert_accessible(console)
    filtered(console, portal)
    expect(console.get_by_text(counted("24"))).to_be_visible()


def test_a_file_gives_devices_of_the_account_their_users(
    portal: Portal, console: Page, assert_accessible: Callable[[Page], None], tmp_path: Path
) -> None:
    filtered(console, portal)
    first, second = (text.strip() for text in console.locator("td.field-serial_number").all_inner_texts()[:2])
    file = tmp_path / "pupils.csv"
    file.write_text(
        "Name,Email,Ownership,Serial number,Platform\n"
        f"Ada Lovelace,ada@example.com,corporate,{first},ios\n"
        f"Grace Hopper,grace@example.com,corporate,{second},ios\n"
    )
    console.goto(f"{portal.base_url}/enroll/pre-approve/")
    console.get_by_role("link", name="Pre-approve devices").click()
    console.locator("input[type=file]").set_input_files(file)
    console.get_by_role("button", name="Upload and map").click()
    console.get_by_role("button", name="Save and check").click()
    said = console.get_by_role("heading", name="2 of the rows add users to devices of Apple ADE")
    expect(said).to_be_visible(timeout=WORK_MS)
    assert_accessible(console)
    console.get_by_role("link", name="Continue to the review").click()
    expect(said).to_be_visible()
    expect(console.get_by_label("What happens to line 2")).to_have_value("")  # it may be skipped; nothing is asked
    expect(console.get_by_text("What happens to it?")).to_have_count(0)
    expect(console.get_by_text("What happens to them?")).to_have_count(0)
    assert_accessible(console)
    console.get_by_role("link", name="Before and after").first.click()
    expect(console.get_by_text("After the import").first).to_be_visible()
    assert_accessible(console)
    console.get_by_role("link", name="Back to the rows").click()
    console.get_by_role("button", name="Import 2 devices").click()
    expect(console.get_by_role("heading", name="2 devices are pre-approved")).to_be_visible(timeout=WORK_MS)
    assert_accessible(console)

    said_by_device = {"serial_number": first, "platform": "ios", "os_version": "18.1", "method": "ade"}
    answer = requests.post(f"{portal.base_url}/api/v1/enroll", json=said_by_device, timeout=30).json()
    assert (answer["status"], answer["user"]["email"]) == ("enrolled", "ada@example.com"), json.dumps(answer)
    assert [policy["name"] for policy in answer["policies"]] == ["School Wi-Fi"]


def choose(page: Page, field: str, name: str) -> None:
    """Choose something in a field that searches while one types."""
    box = page.locator(f"#id_{field} + .select2, .field-{field} .select2").first
    box.click()
    page.locator(f".field-{field} input.select2-search__field, .select2-dropdown input").first.fill(name)
    page.get_by_role("option", name=name).click()

"""Does an administrator who closes the door see who comes in, who is refused and why, and can they let one in?

A portal of its own, as `make run` starts it; Chromium; the agent as a program; other devices ask at the endpoint.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.portal import ROOT, Portal, wait_until
from tests.servers import Servers

pytestmark = pytest.mark.once

AGENT = ROOT / "enrollment" / "agent" / "hexenroll_agent.py"
SERIAL = "PF-2ABCDE"
FILE = f"""Name,Email,Ownership,Serial number,Platform,Device name,Policies,Password
Ada Lovelace,ada@example.com,corporate,{SERIAL},linux,Ada's ThinkPad,Passcode;Office Wi-Fi,
Ada Lovelace,ada@example.com,corporate,PF-9ZZZZZ,linux,Ada's spare one,Passcode,k4t7-Mw9@x
Grace Hopper,grace@example.com,corporate,R58N30ABCDE,android,Grace's Pixel,Passcode,
"""
MAKE_POLICIES = """
from devices.models import Policy
from devices.policies.versions import save
save(Policy(name="Passcode", settings={"passcode": {"min_length": 8}}), None)
save(Policy(name="Office Wi-Fi", settings={"wifi": [{"ssid": "office", "security": "open"}]}), None)
"""
TOKENS = """
import json
from invitations.link_token import token_of
from invitations.models import Invitation
rows = Invitation.objects.filter(state__in=["sent", "delivered"]).select_related("device")
print("FOUND", json.dumps({row.device.serial_number: token_of(row.public_id) for row in rows}))
"""
DEVICES, ATTEMPTS = "/admin/devices/device/", "/admin/enrollment/enrollmentattempt/"
REFUSED = (
    "Devices of this platform can't be enrolled here.",
    "Android 10 and later hide the serial number from this way of enrolling",
    "Android 12 and later hide the serial number in a work profile",
    "The device is not on the list of pre-approved devices.",
)


def ask(portal: Portal, code: str) -> Any:
    """Run code in the portal's shell; return what it prints behind FOUND."""
    done = portal.manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
    found = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    return json.loads(found[0].removeprefix("FOUND")) if found else None


@pytest.fixture(scope="module")
def portal(servers: Servers) -> Iterator[Portal]:
    """Return a running portal with two policies, to which devices were imported and their users invited."""
    portal = Portal(servers.folder, is_postgresql=False, environment={})
    try:
        portal.start()
        ask(portal, MAKE_POLICIES)
        file = portal.data / "devices.csv"
        file.write_text(FILE)
        options = ["--domain", "local", "--on-duplicate", "replace", "--invite", "email"]
        imported = portal.manage("import_devices", str(file), *options)
        assert imported.returncode == 0, imported.stdout + imported.stderr
        yield portal
    finally:
        portal.close()


@pytest.fixture(scope="module")
def tokens(portal: Portal) -> dict[str, str]:
    """Return the token of each device's link, by its serial number."""
    found: dict[str, str] = {}

    def are_sent() -> bool:
        found.update(ask(portal, TOKENS))
        return len(found) == 3

    wait_until(are_sent, 60)
    return found


@pytest.fixture(scope="module")
def cookies(portal: Portal, browser: Browser) -> Any:
    """Return what a browser holds in which the administrator has signed in."""
    page = browser.new_page(locale="en-GB")
    page.goto(f"{portal.base_url}/enroll/settings/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Enrollment Restrictions")).to_be_visible()
    found = page.context.cookies()
    page.context.close()
    return found


@pytest.fixture
def console(portal: Portal, page: Page, cookies: Any) -> Page:
    """Return a browser in which the administrator is about to open something."""
    page.context.add_cookies(cookies)
    page.goto(f"{portal.base_url}/enroll/settings/")
    return page


def run_agent(portal: Portal, home: Path, *arguments: str, serial: str = SERIAL) -> subprocess.CompletedProcess[str]:
    """Enroll a computer that reads this serial number."""
    home.mkdir(mode=0o700, exist_ok=True)
    places = ["--state-dir", str(home / "state"), "--config", str(home / "none.json"), "--policy-dir", str(home / "to")]
    who = ["--server", portal.base_url, "--serial-number", serial, *arguments]
    line = [sys.executable, "-I", str(AGENT), "enroll", *places, *who]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


def knock(portal: Portal, **said: str) -> tuple[int, dict[str, Any]]:
    """Ask at the endpoint to come in; return the status and the answer."""
    answer = requests.post(f"{portal.base_url}/api/v1/enroll", json=said, timeout=30)
    return answer.status_code, answer.json()


def open_device(console: Page, portal: Portal, serial: str) -> None:
    console.goto(f"{portal.base_url}{DEVICES}?status=pre_approved&q={serial}")
    if not console.locator("#result_list").count():
        console.goto(f"{portal.base_url}{DEVICES}?q={serial}")
    console.locator("#result_list tbody a").first.click()


def test_the_restriction_is_ticked_and_its_forecast_seen(
    portal: Portal, tokens: dict[str, str], console: Page, assert_accessible: Callable[[Page], None]
) -> None:
    assert_accessible(console)
    console.get_by_label("Pre-approved Devices Only").check()
    forecast = console.locator("#forecast")
    expect(forecast).to_contain_text("Pre-approved Devices Only: no → yes")
    expect(forecast).to_contain_text("3 pre-approved devices wait")
    expect(forecast).to_contain_text("1 device on the list would be refused with some OS versions")  # Grace's Android
    assert_accessible(console)
    console.get_by_role("button", name="Save").click()
    expect(console.get_by_text("The settings were saved.")).to_be_visible()
    expect(console.get_by_label("Pre-approved Devices Only")).to_be_checked()


def test_a_listed_computer_enrolls_and_the_agent_names_its_policies(
    portal: Portal, tokens: dict[str, str], console: Page, tmp_path: Path, assert_accessible: Callable[[Page], None]
) -> None:
    open_device(console, portal, SERIAL)
    expect(console.get_by_role("heading", name="Pre-approved Device")).to_be_visible()
    expect(console.get_by_text("Not available until the device enrolls.")).to_have_count(2)  # hardware, location
    assert_accessible(console)

    refused = run_agent(portal, tmp_path / "case", "--token", tokens[SERIAL], serial=SERIAL.lower())
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert "[not_pre_approved]" in refused.stderr
    done = run_agent(portal, tmp_path / "ada", "--token", tokens[SERIAL])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Policy: Passcode (version 1), applied" in done.stdout
    assert "Policy: Office Wi-Fi (version 1), applied" in done.stdout

    console.reload()
    expect(console.get_by_role("heading", name="Pre-approved Device")).to_have_count(0)
    policies = console.get_by_role("region", name="Policies")
    for name in ("Passcode", "Office Wi-Fi"):
        expect(policies.get_by_role("row", name=name)).to_contain_text("Applied")
    hardware = console.locator("section", has=console.get_by_role("heading", name="Hardware"))
    expect(hardware).to_contain_text("127.0.0.1")
    assert_accessible(console)


def test_who_is_refused_stands_among_the_attempts_with_the_reason(
    portal: Portal, tokens: dict[str, str], console: Page, assert_accessible: Callable[[Page], None]
) -> None:
    token = tokens["R58N30ABCDE"]
    mode = {"management_mode": "profile_owner", "method": "zero_touch"}
    asked = {
        "platform_not_supported": {"platform": "windows", "os_version": "11", "method": "email"},
        "android_generic_method": {"platform": "android", "os_version": "10", "method": "email"},
        "android_profile_owner": {"platform": "android", "os_version": "12", **mode},
    }
    for reason, said in asked.items():
        serial = {"serial_number": "5CG1234WIN"} if said["platform"] == "windows" else {}  # others hide it
        status, answer = knock(portal, **said, **serial, token=token)
        assert (status, answer["code"]) == (403, reason)

    console.get_by_role("link", name="Attempts").click()
    rows = console.locator("#result_list tbody")
    for reason in REFUSED:
        expect(rows.filter(has_text=reason).first).to_contain_text("Refused")
    expect(rows.filter(has_text="It is on the list.")).to_contain_text("Let in")
    assert_accessible(console)
    console.goto(f"{portal.base_url}{ATTEMPTS}?reason__exact=android_profile_owner")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()
    expect(console.get_by_role("heading", name="It was refused")).to_be_visible()
    expect(console.get_by_text("Work profile (profile owner)")).to_be_visible()
    assert_accessible(console)


def test_the_refused_one_is_approved_from_its_attempt_and_enrolls(
    portal: Portal, tokens: dict[str, str], console: Page, tmp_path: Path, assert_accessible: Callable[[Page], None]
) -> None:
    console.goto(f"{portal.base_url}{ATTEMPTS}?reason__exact=not_pre_approved")
    console.get_by_role("link", name=SERIAL.lower()).click()
    assert_accessible(console)
    console.get_by_role("link", name="Approve this device").click()
    form = console.locator("#device_form")
    expect(form).to_contain_text(SERIAL.lower())
    expect(form).to_contain_text("Ada Lovelace")  # whose link it used
    console.get_by_label("A one-time password, which the next page shows").check()
    assert_accessible(console)
    console.get_by_role("button", name="Save").click()
    password = tmp_path / "password"
    password.write_text(console.locator(".at-password").inner_text())
    assert_accessible(console)

    who = ["--email", "ada@example.com", "--password-file", str(password)]
    done = run_agent(portal, tmp_path / "case", *who, serial=SERIAL.lower())
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_hardware_is_a_conflict_that_is_accepted(
    portal: Portal, console: Page, assert_accessible: Callable[[Page], None]
) -> None:
    """A mainboard was swapped: the enrolled serial number, with what its user has for another device."""
    uuid = "9B1C7C3E-0000-4000-8000-1234567890AB"
    said = {"serial_number": SERIAL, "platform": "linux", "os_version": "12", "method": "agent", "hardware_uuid": uuid}
    status, answer = knock(portal, **said, email="ada@example.com", password="k4t7-Mw9@x")
    assert (status, answer["code"]) == (403, "conflict")
    console.get_by_role("link", name="Conflicts").click()
    assert_accessible(console)
    console.locator("#result_list").get_by_role("link", name="Ada's ThinkPad").click()
    expect(console.get_by_text(uuid).first).to_be_visible()
    assert_accessible(console)
    console.get_by_label("A one-time password, which the next page shows").check()
    console.get_by_role("button", name="Accept the new hardware").click()
    password = console.locator(".at-password").inner_text()
    assert_accessible(console)
    console.get_by_role("link", name="I have noted it down").click()
    expect(console.get_by_text("New hardware accepted")).to_be_visible()
    assert_accessible(console)
    status, answer = knock(portal, **said, email="ada@example.com", password=password)
    assert (status, answer.get("status"), answer.get("name")) == (200, "enrolled", "Ada's ThinkPad"), answer


def test_a_device_is_blocked_from_its_attempt(
    portal: Portal, tokens: dict[str, str], console: Page, assert_accessible: Callable[[Page], None]
) -> None:
    console.goto(f"{portal.base_url}{ATTEMPTS}?q=5CG1234WIN")
    console.get_by_role("link", name="5CG1234WIN").click()
    console.locator("summary", has_text="Never let it in").click()
    console.get_by_label("Serial number: 5CG1234WIN").check()
    assert_accessible(console)
    console.get_by_role("button", name="Block", exact=True).click()
    expect(console.get_by_text("“5CG1234WIN” is blocked.")).to_be_visible()
    said = {"platform": "windows", "os_version": "11", "method": "email", "serial_number": "5CG1234WIN"}
    assert knock(portal, **said, token=tokens["R58N30ABCDE"])[1]["code"] == "blocked"
    console.get_by_role("link", name="Block list").click()
    expect(console.get_by_role("link", name="5CG1234WIN")).to_be_visible()
    assert_accessible(console)


def test_the_other_pages_are_accessible(
    portal: Portal, console: Page, assert_accessible: Callable[[Page], None]
) -> None:
    policy = "/admin/devices/policy/"
    addresses = [policy, f"{policy}add/", f"{policy}1/change/", f"{policy}1/versions/", "/enroll/devices/1/hand-over/"]
    addresses += ["/admin/enrollment/blockedhardware/add/", DEVICES]
    for address in addresses:
        answer = console.goto(portal.base_url + address)
        assert answer is not None
        assert answer.status == 200, address
        assert_accessible(console)

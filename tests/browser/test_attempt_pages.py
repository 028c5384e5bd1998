"""Can everybody use the pages of attempts and conflicts: wide, narrow, dark, and with whatever a device said?"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Device, DeviceInventory
from enrollment.models import BlockedHardware, Conflict
from enrollment.reasons import LETS_IN, Reason
from tests.enrollment.attempts import HOSTILE, LIST, attempt_of
from tests.enrollment.knocking import choose, code_of
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]
CONFLICTS = "/admin/enrollment/conflict/"


def eventful() -> list[str]:
    """Fill the portal with attempts of every reason and conflicts; return the addresses of the pages to look at."""
    user = DeviceUserFactory.create(name="<b>Zoë</b> \u202e😀" + "long" * 40)
    for number in range(3):
        DeviceFactory.create(user=user, name="A very long name of a device " * 3, serial_number=f"EXPECTED{number}")
    for reason in Reason:
        attempt_of(reason=reason, is_let_in=reason in LETS_IN, user=user)
    hostile = attempt_of(
        serial_number=HOSTILE + "x" * 60,
        hardware_uuid=HOSTILE,
        user_agent="M" * 300,
        reason=Reason.INVALID,
        problem=HOSTILE + "x" * 200,
    )
    refused = attempt_of(user=user, hardware_uuid="4A3E" * 20, manufacturer="", reason=Reason.OS_TOO_OLD)
    BlockedHardware.objects.create(kind="hardware_uuid", value=HOSTILE)
    device = DeviceFactory.create(status=Device.Status.ENROLLED, name="Long " * 30)
    now = timezone.now()
    DeviceInventory.objects.create(device=device, hardware_uuid="OLD", enrolled_at=now, last_seen_at=now)
    conflict = Conflict.objects.create(device=device, hardware_uuid="U" * 100)
    attempt_of(device=device, hardware_uuid="U" * 100, reason=Reason.CONFLICT)
    return [
        f"{LIST}{hostile.pk}/change/",
        f"{LIST}{refused.pk}/change/",
        f"{LIST}{refused.pk}/approve/",
        f"{CONFLICTS}{conflict.pk}/change/",
        f"/enroll/devices/{DeviceFactory.create(status=Device.Status.ENROLLED).pk}/hand-over/",
    ]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_every_page_is_accessible_and_as_wide_as_the_window(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Check,
    width: int,
    scheme: str,
) -> None:
    addresses = eventful()
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for address in addresses:
        page.goto(live_server.url + address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        assert_accessible(page)
    for address in (LIST, CONFLICTS):  # the console's own tables scroll inside
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    assert not complaints


def test_a_refused_device_is_approved_for_a_user_who_was_searched_and_comes_in(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, assert_accessible: Check
) -> None:
    choose(pre_approved_devices_only=True, require_credentials=False)
    DeviceUserFactory.create(name="Rosa Weber")
    body = {"serial_number": "C02xG2JHJG5J", "platform": "macos", "os_version": "14.5", "method": "agent"}
    assert code_of(body) == "not_pre_approved"
    page = sign_in_browser(administrator)
    page.goto(live_server.url + LIST)
    page.get_by_role("link", name="C02xG2JHJG5J").click()
    page.get_by_role("link", name="Approve this device").click()
    page.locator("span.select2-selection").first.click()
    page.locator(".select2-dropdown input.select2-search__field").fill("Rosa")
    page.get_by_role("option", name="Rosa Weber").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("C02xG2JHJG5J is pre-approved.")).to_be_visible()
    assert code_of(body) == "enrolled"


def test_a_one_time_password_is_shown_once(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, assert_accessible: Check
) -> None:
    attempt = attempt_of(user=DeviceUserFactory.create())
    page = sign_in_browser(administrator)
    page.goto(f"{live_server.url}{LIST}{attempt.pk}/approve/")
    page.get_by_label("A one-time password").check()
    page.get_by_role("button", name="Save").click()
    password = Device.objects.get().one_time_password
    expect(page.locator(".at-password")).to_have_text(str(password))
    assert_accessible(page)
    expect(page.get_by_text("is pre-approved.")).to_be_visible()
    page.get_by_role("link", name="I have noted it down").click()
    expect(page.get_by_role("heading", name="It was refused")).to_be_visible()
    assert str(password) not in page.content()


def test_a_device_is_blocked_and_a_conflict_decided_by_a_click(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    *_others, conflict, _hand_over = eventful()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + LIST + f"{attempt_of(serial_number='STOLEN1').pk}/change/")
    page.locator("summary", has_text="Never let it in").click()
    page.get_by_label("Serial number: STOLEN1").check()
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.get_by_text("“STOLEN1” is blocked.")).to_be_visible()
    page.goto(live_server.url + conflict)
    page.get_by_role("button", name="Accept the new hardware").click()
    expect(page.get_by_text("It is accepted, and comes in with the invitation")).to_be_visible()

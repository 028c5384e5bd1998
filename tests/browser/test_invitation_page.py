"""Can a device user use the page behind the link: on a small phone, in the dark, in both languages, by keys alone?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from invitations.link_token import token_of
from invitations.models import Invitation
from tests.factories import DeviceFactory, DeviceUserFactory, InvitationFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"
PASSWORD = "k4t7mw9xhjpq"
# As long as they get, and without a place to break.
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"


@pytest.fixture(autouse=True)
def _portal(settings: Settings, live_server: LiveServer) -> None:
    settings.PUBLIC_URL = live_server.url
    settings.HEXENROLL_ORGANISATION = f"{LONG} & Co. KG"


def invite(platform: str, **fields: Any) -> Invitation:
    user = DeviceUserFactory.create(name=f"Dr. Ada {LONG}", email=f"ada.{LONG[:50]}@example.com")
    device = DeviceFactory.create(
        name=f"iPad {LONG}", serial_number="X" * 64, platform=platform, user=user, one_time_password=PASSWORD
    )
    fields = {"state": Invitation.State.SENT, "expires_at": timezone.now() + timedelta(days=6, hours=1)} | fields
    invitation: Invitation = InvitationFactory.create(device=device, **fields)
    return invitation


def link(live_server: LiveServer, invitation: Invitation) -> str:
    return f"{live_server.url}/i/{token_of(invitation.public_id)}"


def complaints_of(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains of, and with every request to somewhere else."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", lambda request: found.append(f"failed: {request.url}"))
    return found


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_the_page_is_accessible_and_fits(
    page: Page,
    live_server: LiveServer,
    assert_accessible: Callable[[Page], None],
    width: int,
    scheme: str,
    language: str,
) -> None:
    complaints = complaints_of(page)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{link(live_server, invite('ios'))}?lang={language}")
    assert_page_fits(page)
    assert_accessible(page)
    page.get_by_role("button").click()
    expect(page.locator(".password", has_text=PASSWORD)).to_be_in_viewport()
    page.locator("summary").click()
    assert_page_fits(page)
    assert_accessible(page)
    assert not complaints


@pytest.mark.parametrize(("platform", "language"), [("linux", "en"), ("macos", "de")])
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1440, "light")])
def test_the_command_of_a_computer_fits_and_is_marked_as_a_whole_by_one_click(
    page: Page,
    live_server: LiveServer,
    assert_accessible: Callable[[Page], None],
    platform: str,
    language: str,
    width: int,
    scheme: str,
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{link(live_server, invite(platform))}?lang={language}")
    page.locator(".command code").click()
    marked = page.evaluate("getSelection().toString()").strip()
    assert marked.startswith("curl -fsS -o hexenroll-agent.py ")
    assert marked.endswith(" --install-service --allow-http")
    assert "\n" not in marked
    assert_page_fits(page)
    assert_accessible(page)


def assert_page_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_link_that_leads_nowhere_is_accessible(
    page: Page, live_server: LiveServer, assert_accessible: Callable[[Page], None], scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 320, "height": 600})
    page.goto(link(live_server, invite("ios", state=Invitation.State.EXPIRED)))
    expect(page.get_by_role("heading", name="This link has expired")).to_be_visible()
    assert_page_fits(page)
    assert_accessible(page)


def test_everything_can_be_done_by_keys_alone(page: Page, live_server: LiveServer) -> None:
    page.goto(link(live_server, invite("linux")))
    for text in ("Deutsch", "Einmalpasswort anzeigen"):
        reach(page, text)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    reach(page, "Zeichen für Zeichen")
    page.keyboard.press("Enter")
    expect(page.locator(".password", has_text=PASSWORD)).to_be_visible()
    expect(page.locator(".spelled li").first).to_be_visible()


def reach(page: Page, text: str) -> None:
    """Press Tab until the element with this text has the focus, and can be seen to have it."""
    for _press in range(20):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.matches('a, button, summary') && document.activeElement.textContent")
            == text
        ):
            break
    assert page.evaluate("document.activeElement.textContent") == text
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_one_tap_selects_the_whole_password(page: Page, live_server: LiveServer) -> None:
    page.goto(link(live_server, invite("linux")))
    page.get_by_role("button", name="Show the one-time password").click()
    page.locator(".password", has_text=PASSWORD).click()
    assert page.evaluate("getSelection().toString()") == PASSWORD


def test_a_phone_gets_the_steps_for_phones_and_a_way_to_others(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(user_agent=IPHONE, viewport={"width": 390, "height": 800}, locale="de-CH")
    page = context.new_page()
    page.goto(link(live_server, invite("ios")))
    expect(page.get_by_text("Das sieht nach einem iPhone oder iPad aus.")).to_be_visible()
    expect(page.get_by_role("heading", name="So geht es: iPhone oder iPad")).to_be_visible()
    page.get_by_role("link", name="Mac").click()
    expect(page.get_by_role("heading", name="So geht es: Mac")).to_be_in_viewport()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="What to do: Mac")).to_be_visible()
    assert context.cookies() == []
    context.close()


def test_every_target_is_large_enough_for_a_finger(page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(link(live_server, invite("android")))
    sizes = page.evaluate(
        "[...document.querySelectorAll('a, button, summary')].map(e => e.getBoundingClientRect().height)"
    )
    assert len(sizes) > 5
    assert min(sizes) >= 43.9

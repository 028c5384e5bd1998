"""Do the pages of one's own account work for everybody? Narrow and wide, light and dark, by keyboard."""

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
PAGES = ("preferences", "2fa", "2fa/totp/activate", "sessions", "password/change", "logout")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_pages_fit_and_are_accessible(
    page: Page, live_server: LiveServer, assert_accessible: Callable[[Page], None], width: int, scheme: str
) -> None:
    User.objects.create_superuser("admin", "ada@example.com", "correct-horse-battery")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{live_server.url}/accounts/password/reset/")
    assert_accessible(page)
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("correct-horse-battery")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    for name in PAGES:
        page.goto(f"{live_server.url}/accounts/{name}/")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert not complaints


def test_the_time_zone_is_found_by_typing(
    page: Page, sign_in_browser: Callable[[User], Page], live_server: LiveServer
) -> None:
    person = User.objects.create_superuser("admin")
    sign_in_browser(person)
    page.goto(f"{live_server.url}/accounts/preferences/")
    page.locator("#select2-id_time_zone-container").click()
    page.keyboard.type("berl")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    person.refresh_from_db()
    assert person.preferences.time_zone == "Europe/Berlin"


def test_the_second_steps_page_is_accessible(
    page: Page, live_server: LiveServer, assert_accessible: Callable[[Page], None]
) -> None:
    TOTP.activate(User.objects.create_superuser("admin", password="correct-horse-battery"), "JBSWY3DPEHPK3PXP")
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("correct-horse-battery")
    page.keyboard.press("Enter")
    page.get_by_label("Code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    assert_accessible(page)

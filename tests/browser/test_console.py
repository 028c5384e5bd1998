"""Can everybody use the console's frame: sign-in page and start page, wide and narrow, light and dark?"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_sign_in_and_start_page_are_accessible_and_complete(
    page: Page, live_server: LiveServer, assert_accessible: Callable[[Page], None], scheme: str, width: int
) -> None:
    administrator = User.objects.create_superuser("admin", password="correct-horse")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(live_server.url)
    assert_accessible(page)
    page.get_by_label("User name").fill(administrator.username)
    page.get_by_label("Password").fill("correct-horse")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Dashboard | hexenroll")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not complaints

"""Does the sidebar's search open the palette, and can everybody use what it finds?"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import DeviceFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_device_is_found_and_opened_by_keys_alone(
    sign_in_browser: Callable[[User], Page],
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Callable[[Page], None],
    scheme: str,
) -> None:
    device = DeviceFactory.create(serial_number="C02XK0AAJG5J", name="Ada's Mac")
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("button", name="Find").press("Enter")
    expect(page.get_by_placeholder("Type to search")).to_be_focused()
    page.keyboard.type("c02xk0", delay=30)
    expect(page.locator("#command-results-list a")).to_contain_text("Ada's Mac")
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/admin/devices/device/{device.pk}/change/")

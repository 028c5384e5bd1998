"""Are the pages on which devices are blocked, and conflicts decided, readable and accessible, narrow and dark, too?"""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Device, DeviceInventory
from enrollment.blocking import block
from enrollment.models import BlockedHardware, Conflict
from tests.enrollment.attempts import attempt_of
from tests.enrollment.enrolled import enrolled_device

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def addresses() -> list[str]:
    """Return the pages: of a conflict, and of devices that are to be blocked and let go."""
    device, _token = enrolled_device(name="MacBook of Ada")
    stolen, _token = enrolled_device(name="Stolen MacBook")
    other, _token = enrolled_device(name="Odd MacBook")
    DeviceInventory.objects.filter(device=stolen).update(hardware_uuid="STOLEN-UUID")
    DeviceInventory.objects.filter(device=other).update(manufacturer="Evil Corp")
    away = Device.objects.filter(pk__in=(stolen.pk, other.pk))
    block(away, None, with_hardware=True)
    BlockedHardware.objects.create(kind="manufacturer", value="Evil Corp")
    conflict = Conflict.objects.create(device=device, hardware_uuid="4C4C4544-0042-3510-8057-B8C04F4E3132")
    attempt_of(device=device, hardware_uuid=conflict.hardware_uuid, reason="conflict")
    return [
        reverse("admin:enrollment_conflict_change", args=[conflict.pk]),
        *(reverse("admin:devices_device_block", args=[found.pk]) for found in (device,)),
        *(reverse("admin:devices_device_unblock", args=[found.pk]) for found in (stolen, other)),
    ]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_pages_are_accessible_and_fit(
    width: int,
    scheme: str,
    addresses: list[str],
    administrator: User,
    live_server: LiveServer,
    sign_in_browser: Callable[[User], Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    page = sign_in_browser(administrator)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for address in addresses:
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        assert_accessible(page)


def test_an_entry_shows_whom_it_blocks_and_devices_are_let_go_from_the_list(
    administrator: User,
    live_server: LiveServer,
    sign_in_browser: Callable[[User], Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    for number in range(12):
        enrolled_device(name=f"iPad {number}")
    DeviceInventory.objects.update(hardware_uuid="SHARED")
    page = sign_in_browser(administrator)
    page.goto(live_server.url + reverse("admin:enrollment_blockedhardware_add"))
    page.locator("#id_kind").select_option("hardware_uuid")
    page.locator("#id_value").fill("SHARED")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="This blocks 12 enrolled devices")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Block them").click()
    expect(page.get_by_text("12 enrolled devices are blocked.")).to_be_visible()

    page.goto(f"{live_server.url}{reverse('admin:devices_device_changelist')}?{urlencode({'status': 'blocked'})}")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("unblock")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("12 ticked devices.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Unblock: 12 devices").click()
    expect(page.get_by_text("Unblock: 12 devices changed.")).to_be_visible()
    assert Device.objects.filter(status=Device.Status.DISENROLLED).count() == 12

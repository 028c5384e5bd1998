"""Is the page of one device readable and accessible, before it enrolls, after, narrow and dark?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Device
from tests.enrollment.enrolled import ask, check_in, enrolled_device
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def waiting() -> Device:
    device: Device = DeviceFactory.create(policies=[PolicyFactory.create(name="Passcode")])
    return device


def reporting() -> Device:
    """Return a device whose policies are in every state."""
    policies = [PolicyFactory.create(name=name) for name in ("Passcode", "Wi-Fi", "VPN", "Certificates", "Old")]
    group = DeviceGroupFactory.create(name="Research")
    group.policies.add(policies[1])
    device, token = enrolled_device(policies=policies, groups=[group])
    ask(token)
    states: list[dict[str, Any]] = [
        {"id": policies[0].pk, "version": 1, "state": "applied"},
        {"id": policies[1].pk, "version": 1, "state": "failed", "message": "The network “Guests” is not in reach."},
    ]
    hardware = {"manufacturer": "Apple Inc.", "model": "Mac14,2", "memory": 17_179_869_184, "disks": ["a", "b"]}
    place = {"latitude": 52.52, "longitude": 13.405, "accuracy": 30}
    check_in(token, {"battery": 0.83, "hardware": hardware, "location": place, "policies": states})
    type(policies[2]).objects.filter(pk=policies[2].pk).update(version=2)
    device.policies.remove(policies[4])
    device.policies.add(PolicyFactory.create(name="New"))
    return device


def left() -> Device:
    device, _token = enrolled_device()
    Device.objects.update(status=Device.Status.DISENROLLED)
    return device


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)], ids=["wide-light", "narrow-dark"])
@pytest.mark.parametrize("make", [waiting, reporting, left])
def test_the_page_of_a_device_is_accessible_and_fits(
    make: Callable[[], Device],
    width: int,
    dark: bool,
    administrator: User,
    operator: User,
    live_server: LiveServer,
    sign_in_browser: Callable[[User], Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    address = live_server.url + reverse("admin:devices_device_change", args=[make().pk])
    for person in (administrator, operator):
        page = sign_in_browser(person)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(address)
        expect(page.get_by_role("heading", name="Hardware")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), person
        assert_accessible(page)


def test_an_administrator_lets_a_device_go(
    administrator: User,
    live_server: LiveServer,
    sign_in_browser: Callable[[User], Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    device = reporting()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + reverse("admin:devices_device_change", args=[device.pk]))
    page.get_by_role("button", name="Copy the serial number").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("link", name="Disenroll").click()
    assert_accessible(page)
    page.get_by_label("Lost or stolen").check()
    page.get_by_label("In your own words").fill("In a taxi")
    page.get_by_role("button", name="Disenroll").click()
    expect(page.get_by_text("The device is disenrolled.")).to_be_visible()
    expect(page.get_by_role("heading", name="Disenrolled Device")).to_be_visible()
    expect(page.get_by_text("Lost or stolen: In a taxi").first).to_be_visible()
    page.get_by_role("link", name="Pre-approve again").click()
    expect(page.get_by_role("heading", name="Pre-approve this device again")).to_be_visible()
    assert_accessible(page)
    device.refresh_from_db()
    assert device.status == Device.Status.DISENROLLED


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)], ids=["wide-light", "narrow-dark"])
def test_the_pages_of_a_device_user_are_accessible_and_fit(
    width: int,
    dark: bool,
    administrator: User,
    live_server: LiveServer,
    sign_in_browser: Callable[[User], Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    user = reporting().user
    assert user is not None
    page = sign_in_browser(administrator)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if dark else "light")
    for name in ("change", "edit", "hand_over"):
        page.goto(live_server.url + reverse(f"admin:devices_deviceuser_{name}", args=[user.pk]))
        expect(page.get_by_role("heading").first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        assert_accessible(page)


def test_all_devices_of_a_leaver_go_to_somebody_who_is_found_by_typing(
    administrator: User, live_server: LiveServer, sign_in_browser: Callable[[User], Page]
) -> None:
    leaver, newcomer = reporting().user, DeviceUserFactory.create(name="Grace Newcomer")
    assert leaver is not None
    page = sign_in_browser(administrator)
    page.goto(live_server.url + reverse("admin:devices_deviceuser_change", args=[leaver.pk]))
    page.get_by_role("link", name="Hand over all devices").click()
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("grace")
    page.get_by_role("option", name="Grace Newcomer").click()
    page.get_by_label("stay enrolled: only the user changes").check()
    page.get_by_label("Delete the former device user afterwards").check()
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("1 device is handed over to Grace Newcomer")).to_be_visible()
    device = Device.objects.get()
    assert (device.user, device.status) == (newcomer, Device.Status.ENROLLED)

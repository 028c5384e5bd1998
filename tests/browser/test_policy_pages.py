"""Can everybody use the pages of policies: the form, its mistakes, the versions, and contradictions on a device?"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Policy
from devices.policies import versions
from devices.policies.kept_secret import MASK
from tests.conftest import make_person
from tests.data.profiles import mobileconfig
from tests.factories import DeviceFactory, DeviceGroupFactory, PolicyFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
SETTINGS = '{"passcode": {"min_length": 8}, "wifi": [{"ssid": "northwind", "security": "wpa3", "password": "secret"}]}'


@pytest.fixture(params=[(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")], ids=str)
def console(
    request: pytest.FixtureRequest, sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> Page:
    """Return a browser that is signed in, wide or narrow, light or dark."""
    width, scheme = request.param
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    return page


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_policy_is_written_corrected_saved_changed_and_restored(
    console: Page, live_server: LiveServer, assert_accessible: Callable[[Page], None], tmp_path: Path
) -> None:
    console.goto(live_server.url + reverse("admin:devices_policy_add"))
    assert_accessible(console)
    console.get_by_label("Name").fill("Office")
    console.get_by_label("macOS").check()
    console.get_by_label("JSON object").fill('{"passcode": {"minLength": 8}}')
    console.get_by_role("button", name="Save", exact=True).click()
    expect(console.get_by_text("passcode.minLength is not known. Did you mean “min_length”?")).to_be_visible()
    assert_accessible(console)
    assert_fits(console)
    console.get_by_label("JSON object").fill(SETTINGS)
    (tmp_path / "office.mobileconfig").write_bytes(mobileconfig())
    console.get_by_label("File", exact=True).set_input_files(tmp_path / "office.mobileconfig")
    expect(console.get_by_label("Name")).to_have_value("Office")
    console.get_by_role("button", name="Save and stay here").click()
    expect(console.get_by_role("heading", name="Version 1")).to_be_visible()
    expect(console.get_by_label("JSON object")).to_have_value(re.compile(MASK))
    expect(console.get_by_text("com.apple.wifi.managed")).to_be_visible()
    assert_accessible(console)
    assert_fits(console)
    console.get_by_label("JSON object").fill('{"passcode": {"min_length": 10}}')
    console.get_by_role("button", name="Save and stay here").click()
    console.get_by_role("link", name="Versions and what changed").click()
    expect(console.get_by_role("heading", name="Version 2")).to_be_visible()
    assert_accessible(console)
    assert_fits(console)
    console.get_by_role("button", name="Restore version 1").click()
    expect(console.get_by_role("heading", name="Version 3")).to_be_visible()
    assert Policy.objects.get().version == 3


@pytest.mark.parametrize("width", [1440, 390])
def test_contradictions_stand_on_the_page_of_a_device(
    sign_in_browser: SignIn, live_server: LiveServer, assert_accessible: Callable[[Page], None], width: int
) -> None:
    group = DeviceGroupFactory.create(name="Berlin")
    group.policies.set([PolicyFactory.create(name="Loose", settings={"passcode": {"min_length": 4}})])
    strict = PolicyFactory.create(name="Strict", settings={"passcode": {"min_length": 12}})
    device = DeviceFactory.create(groups=[group], policies=[strict], status="enrolled")
    page = sign_in_browser(make_person("looking", ("view_policy", "view_device")))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + reverse("admin:devices_device_change", args=[device.pk]))
    expect(page.get_by_role("heading", name="Policies that contradict each other")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_who_may_only_look_reads_a_policy(
    sign_in_browser: SignIn, live_server: LiveServer, assert_accessible: Callable[[Page], None]
) -> None:
    policy = Policy(name="Office", settings={"passcode": {"min_length": 8}}, apps=[])
    versions.save(policy, None)
    page = sign_in_browser(make_person("looking", ("view_policy",)))
    for name in ("admin:devices_policy_change", "admin:policy_versions", "admin:devices_policy_changelist"):
        page.goto(live_server.url + reverse(name, args=[] if name.endswith("list") else [policy.pk]))
        assert_accessible(page)
        assert_fits(page)

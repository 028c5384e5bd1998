"""Can everybody use the pages of ADE accounts and devices: wide, narrow, dark, in each state, whatever is named how?"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Domain
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.profiled import listed
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]
ACCOUNTS, DEVICES = "/admin/enrollment/adeaccount/", "/admin/enrollment/adedevice/"
HOSTILE = "<b>Zoë</b> \u202e😀" + "long" * 15


def filled() -> Iterator[str]:
    """Fill the portal with accounts in each state, devices of each kind and syncs; yield the pages to look at."""
    domain, now = Domain.objects.local(), timezone.now()
    user = DeviceUserFactory.create(name=HOSTILE)
    made = []
    for number, state in enumerate(AdeAccount.State.values):
        account = AdeAccount.objects.create(
            name=f"{HOSTILE}{number}",
            domain=domain,
            private_key="-",
            certificate="-",
            state=state,
            default_user=user,
            org_name="Organisation " * 15,
            server_name=HOSTILE,
            admin_id="x" * 200,
            token_expires_at=None if state == "new" else now + timedelta(days=3 * number),
            checked_at=now,
            synced_at=now if number % 2 else None,
        )
        account.groups.add(DeviceGroupFactory.create(name=f"{HOSTILE}{number}"))
        account.policies.add(PolicyFactory.create(name=f"{HOSTILE}{number}"))
        made.append(account)
        yield f"{ACCOUNTS}{account.pk}/change/"
    new, well = made[0], made[1]
    for number, approval in enumerate(AdeDevice.Approval):
        facts = {"approval": approval, "model": HOSTILE, "description": "D" * 200, "color": "SPACE GRAY"}
        listed(well, [f"{'S' * 50}{number}"], profile_status="x" * 16, device_family="y" * 60, **facts)
    listed(made[2], [f"{'S' * 50}0"])
    DeviceFactory.create(serial_number=f"{'S' * 50}2", platform="ios")
    for ended in ("done", "failed", "running"):
        AdeSync.objects.create(
            account=well, kind="full", state=ended, phase="list", fetched=123456, error="T_C_NOT_SIGNED", alive_at=now
        )
    yield ACCOUNTS
    yield f"{ACCOUNTS}add/"
    yield from (f"{ACCOUNTS}{new.pk}/{page}/" for page in ("key", "token", "edit"))
    yield from (f"{ACCOUNTS}{well.pk}/{page}/" for page in ("key", "token", "check", "edit", "delete"))
    yield DEVICES
    yield f"{DEVICES}{AdeDevice.objects.latest('pk').pk}/change/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_every_page_is_accessible_and_as_wide_as_the_window(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Check,
    width: int,
    scheme: str,
) -> None:
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for address in list(filled()):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        assert_accessible(page)
    assert errors == []


def test_account_is_added_by_clicking(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, ade_simulator: Simulator
) -> None:
    page = sign_in_browser(administrator)
    page.goto(live_server.url + ACCOUNTS + "add/")
    page.get_by_label("Name").fill("Heath School")
    page.get_by_text("Test without Apple").click()
    page.get_by_label("Address of the service").fill(ade_simulator.base_url)
    page.get_by_role("button", name="Save and go on").click()

    with page.expect_download() as download:
        page.get_by_role("link", name="hexenroll-heath-school.pem").click()
    certificate = download.value.path().read_text()
    page.get_by_role("link", name="I have the token file").click()

    wrong = {"name": "key.pem", "mimeType": "application/x-pem-file", "buffer": certificate.encode()}
    page.get_by_label("Token file").set_input_files(wrong)  # type: ignore[arg-type]
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("alert")).to_contain_text("This is a certificate or public key")

    token = {
        "name": "t_smime.p7m",
        "mimeType": "application/pkcs7-mime",
        "buffer": ade_simulator.token_file(certificate),
    }
    page.get_by_label("Token file").set_input_files(token)  # type: ignore[arg-type]
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("Apple knows this account.")).to_be_visible()

    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="The sync is about to begin")).to_be_visible()
    AdeSync.objects.update(state="done", finished_at=timezone.now())
    expect(page.get_by_role("heading", name="The sync is about to begin")).to_be_hidden()
    expect(page.get_by_text("You can sync again at")).to_be_visible()

"""Can everybody use the pages of invitations: wide, narrow, dark, with scripts and without?"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Device
from invitations.models import Invitation, InvitationEvent, Sending
from tests.factories import DeviceFactory, DeviceUserFactory, ImportBatchFactory, InvitationFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]
State = Invitation.State
LIST = "/admin/invitations/invitation/"


def eventful(person: User) -> Invitation:
    """Return an invitation with a long life, and others in every state beside it."""
    now = timezone.now()
    batch = ImportBatchFactory.create(file_name="autumn-order-" + "long-" * 20 + ".csv")
    for state in State:
        InvitationFactory.create(state=state, batch=batch, last_error="550 5.1.1 No such user here. " * 4)
    device = DeviceFactory.create(user=DeviceUserFactory.create(name="<b>Zoë</b> \u202e😀" + "long" * 40))
    old = InvitationFactory.create(device=device, state=State.REVOKED, revoked_because="replaced")
    invitation: Invitation = InvitationFactory.create(
        device=device,
        state=State.OPENED,
        batch=batch,
        replaces=old,
        sent_at=now - timedelta(hours=2),
        delivered_at=now - timedelta(hours=1),
        opened_at=now,
        expires_at=now + timedelta(days=5),
        next_attempt_at=now + timedelta(days=2),
        provider_id="SM" + "0123456789abcdef" * 2,
        recipient="a.very.long.address." + "x" * 60 + "@example.com",
        sending__created_by=person,
    )
    kinds = InvitationEvent.Kind
    for kind in (kinds.RETRY, kinds.FAILED, kinds.UNCERTAIN, kinds.PROVIDER, kinds.COMPLAINED):
        invitation.note(kind, "451 4.7.1 Greylisting in action, please come back later" + "x" * 90)
    invitation.note(kinds.EXTENDED, (now + timedelta(days=5)).isoformat(timespec="minutes"), person)
    return invitation


def page_of(invitation: Invitation) -> str:
    return reverse("admin:invitations_invitation_change", args=[invitation.pk])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_accessible_and_as_wide_as_the_window(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Check,
    scheme: str,
    width: int,
) -> None:
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    invitation = eventful(administrator)
    failed, waiting = Invitation.objects.get(state=State.FAILED), Invitation.objects.get(state=State.QUEUED)
    addresses = [
        *(page_of(shown) for shown in (invitation, failed, waiting)),
        reverse("admin:devices_device_invite", args=[DeviceFactory.create(platform="android").pk]),
        reverse("admin:devices_device_invite", args=[invitation.device_id]),
    ]
    for address in addresses:
        page.goto(live_server.url + address)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    for address in (LIST, "/admin/invitations/sending/"):  # the console's own tables scroll inside
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    assert not complaints


def test_a_ticked_invitation_is_extended_by_the_list(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, assert_accessible: Check
) -> None:
    soon = timezone.now() + timedelta(days=1)
    for _number in range(2):
        InvitationFactory.create(state=State.SENT, expires_at=soon)
    page = sign_in_browser(administrator)
    page.goto(live_server.url + LIST)
    page.get_by_label("Select record").first.check()
    page.locator("select[name=action]").select_option(label="Extend…")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Extend 1 invitation")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Valid for days from now").fill("30")
    page.get_by_role("button", name="Extend").click()
    expect(page.get_by_text("1 invitation is valid for longer.")).to_be_visible()
    assert Invitation.objects.filter(expires_at__gt=soon + timedelta(days=20)).count() == 1


def test_an_invitation_is_revoked_on_its_page(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, assert_accessible: Check
) -> None:
    invitation = InvitationFactory.create(state=State.SENT)
    page = sign_in_browser(administrator)
    page.goto(live_server.url + page_of(invitation))
    page.locator("summary", has_text="Revoke").click()
    assert_accessible(page)
    page.get_by_role("button", name="Revoke the invitation").click()
    expect(page.get_by_text("The invitation is revoked")).to_be_visible()
    expect(page.locator(".iv-timeline")).to_contain_text("by administrator")
    invitation.refresh_from_db()
    assert invitation.state == State.REVOKED


def test_ticked_devices_are_invited_from_the_list_without_scripts_too(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, browser: Browser
) -> None:
    device: Device = DeviceFactory.create()
    page = sign_in_browser(administrator)
    page.goto(f"{live_server.url}/admin/devices/device/?status=pre_approved")
    page.get_by_label(f"Select this object for an action - {device}").check()
    page.locator("select[name=action]").select_option(label="Send invitation")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 device is chosen.")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(f"{live_server.url}{reverse('enroll:sending', args=[Sending.objects.get().pk])}")
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain = context.new_page()
    plain.goto(live_server.url + reverse("admin:devices_device_invite", args=[device.pk]))
    plain.get_by_label("SMS", exact=True).check()
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_text("1 device: The user has no mobile number.")).to_have_count(0)
    context.close()
    assert [sending.channel for sending in Sending.objects.order_by("pk")] == ["email", "sms"]

"""Can everybody send an import's invitations in a browser: by scripts, without them, by keys alone, on a phone?"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Device, DeviceUser, ImportBatch
from invitations import queueing
from invitations.models import Invitation, Lane, Sending
from tests.devices.importing import checked_rows, committed, row
from tests.devices.wizard_pages import url
from tests.factories import InvitationFactory, SendingFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]
MOBILE = "+491701234567"


def mixed_import() -> ImportBatch:
    """Return an import of which some are reached by mail, some by SMS, some not, with a hostile name."""
    batch = committed(
        checked_rows(
            row(1, name="<b>Zoë</b> \u202e😀" + "long" * 40),
            row(2, mobile=MOBILE),
            row(3, mobile=MOBILE, platform="android"),
            row(4),
        )
    )
    Device.objects.filter(serial_number=row(4)["serial_number"]).update(status="enrolled")
    DeviceUser.objects.filter(email="user3@example.com").update(email="")
    return batch


def busy_sending(batch: ImportBatch) -> Sending:
    """Return a sending with an invitation in every state, failures, and a provider in trouble."""
    sending = SendingFactory.create(batch=batch, channel="email_or_sms")
    for state in Invitation.State.values:
        InvitationFactory.create(sending=sending, batch=batch, state=state)
    Invitation.objects.filter(state__in=("failed", "bounced")).update(last_error="No <b> such user.", error_code="550")
    Lane.objects.update_or_create(
        channel="email",
        number=1,
        defaults={"paused_until": timezone.now() + timedelta(minutes=5), "trouble": "The server refuses the password."},
    )
    return sending


def press(page: Page, name: str) -> None:
    """Reach a button by Tab alone, and press Enter."""
    button = page.get_by_role("button", name=name)
    for _ in range(200):
        page.keyboard.press("Tab")
        if button.evaluate("(element) => element === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")


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
    batch, followed = mixed_import(), committed(checked_rows(row(60)))
    sending = busy_sending(followed)
    send = url("send", batch)
    for address in (
        send,
        send + "?channel=sms&obstacle=any",
        send + "?when=later&starts_at=2020-01-01T10:00&validity_days=0",
        url("send", followed),
        f"/enroll/sendings/{sending.pk}/",
        url("done", followed),
    ):
        page.goto(live_server.url + address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    assert not complaints


def test_what_is_chosen_is_shown_at_once_and_stays_in_the_address(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    batch = mixed_import()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("send", batch))
    expect(page.get_by_role("button", name="Send 2 invitations")).to_be_visible()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_text("<b>Zoë</b>").first).to_be_visible()
    expect(mail.get_by_role("img").first).to_be_visible()
    page.get_by_label("SMS", exact=True).check()
    expect(page.get_by_text(re.compile("characters, [12] SMS"))).to_be_visible()
    expect(page.locator("#send-box")).to_contain_text(re.compile(r"By SMS\s*2"))
    expect(page.get_by_text("Android 10 and later hide the serial number")).to_be_visible()
    page.get_by_label("E-mail, and SMS where no address works").check()
    expect(page.get_by_role("button", name="Send 3 invitations")).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.locator("#example")).to_contain_text("Line 3")
    page.get_by_label("Message for the serial number").fill(row(4)["serial_number"])
    page.keyboard.press("Enter")
    expect(page.locator("#example")).to_contain_text("The device is enrolled, disenrolled or blocked.")
    expect(page.locator("#looking")).to_have_text("Up to date")
    assert "csrfmiddlewaretoken" not in page.url and "channel=email_or_sms" in page.url
    page.reload()
    expect(page.get_by_label("E-mail, and SMS where no address works")).to_be_checked()
    assert not Sending.objects.exists()


def test_a_chosen_time_means_later(sign_in_browser: SignIn, administrator: User, live_server: LiveServer) -> None:
    batch = mixed_import()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("send", batch))
    page.get_by_label("Date and time").fill(f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}")
    page.get_by_label("Valid for days").focus()
    expect(page.get_by_label("At a time")).to_be_checked()
    page.get_by_role("button", name="Send 2 invitations").click()
    expect(page.get_by_text("The invitations are being prepared.")).to_be_visible()
    assert Sending.objects.get().starts_at is not None


def test_progress_moves_and_the_page_goes_on_when_it_is_over(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    batch = mixed_import()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("send", batch))
    page.get_by_role("button", name="Send 2 invitations").dblclick()
    expect(page.get_by_text("The invitations are being prepared.")).to_be_visible()
    expect(page.get_by_text("Nothing is lost: it goes on by itself")).to_be_visible(timeout=10_000)
    sending = Sending.objects.get()  # a double click is one
    queueing.run(sending.pk)
    expect(page.locator(".wz-progress-line")).to_have_text("0 of 2 messages are done.")
    first = Invitation.objects.order_by("pk")[0]
    Invitation.objects.filter(pk=first.pk).update(state="sent", next_attempt_at=None)
    expect(page.locator(".wz-progress-line")).to_have_text("1 of 2 messages are done.")
    expect(page.locator("[data-count=sent]")).to_contain_text("1")
    Invitation.objects.update(state="sent", next_attempt_at=None)
    Sending.objects.update(state="done")
    expect(page.locator("#sendings").get_by_text("Done", exact=True)).to_be_visible()


def test_by_keys_alone_it_is_sent_paused_and_cancelled(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    batch = mixed_import()
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("send", batch))
    page.get_by_label("E-mail", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#send-box")).to_contain_text(re.compile(r"By SMS\s*2"))
    press(page, "Send 2 invitations")
    expect(page.get_by_text("The invitations are being prepared.")).to_be_visible()
    sending = Sending.objects.get()
    assert sending.channel == "sms"
    queueing.run(sending.pk)
    expect(page.locator(".wz-progress-line")).to_have_text("0 of 2 messages are done.")
    press(page, "Pause")
    expect(page.get_by_text("Paused: 2 messages wait until you resume.")).to_be_visible()
    page.get_by_text("Cancel this sending").press("Enter")
    press(page, "Cancel the sending")
    expect(page.get_by_text("Cancelling").first).to_be_visible()
    sending.refresh_from_db()
    assert sending.state == "cancelling"


def test_without_scripts_the_choices_are_looked_at_and_sent(
    browser: Browser, administrator: User, live_server: LiveServer, sign_in_browser: SignIn
) -> None:
    batch = mixed_import()
    cookies = sign_in_browser(administrator).context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live_server.url + url("send", batch))
    page.get_by_label("SMS", exact=True).check()
    page.get_by_role("button", name="Show what this means").last.click()
    expect(page.locator("#send-box")).to_contain_text(re.compile(r"By SMS\s*2"))
    assert "csrfmiddlewaretoken" not in page.url
    page.get_by_role("link", name="The user has no mobile number.").click()
    expect(page.locator("#unreached tbody")).to_contain_text(row(1)["serial_number"])
    page.get_by_label("Valid for days").fill("3")
    page.get_by_role("button", name="Send 2 invitations").click()
    expect(page.get_by_text("The invitations are being prepared.")).to_be_visible()
    context.close()
    sending = Sending.objects.get()
    assert (sending.channel, sending.validity_days) == ("sms", 3)

"""Can everybody edit a message in a browser, and see at once what it will look like?"""

import io
from collections.abc import Callable, Iterator

import pytest
import zxingcpp
from django.contrib.auth.models import User
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from invitations.link_token import link_of
from invitations.messages.samples import TOKEN
from invitations.messages.shipped import ensure_rows
from invitations.models import MessageTemplate
from tests.invitations.smtp_server import SmtpServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
Check = Callable[[Page], None]
LIST = "/admin/invitations/messagetemplate/"


@pytest.fixture(autouse=True)
def shipped_rows(transactional_db: None, administrator: User) -> None:
    ensure_rows()
    User.objects.filter(pk=administrator.pk).update(email="root@example.com")
    administrator.refresh_from_db()


@pytest.fixture
def smtp_server(settings: Settings) -> Iterator[SmtpServer]:
    """Return a running mail server, through which the portal sends."""
    with SmtpServer() as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        yield server


def url(channel: str, page: str = "change") -> str:
    return f"{LIST}{MessageTemplate.objects.get(channel=channel, language='en', domain=None).pk}/{page}/"


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
    for address in (LIST, f"{LIST}add/", url("email"), url("sms"), url("email", "restore")):
        page.goto(live_server.url + address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    page.goto(live_server.url + url("sms"))
    page.get_by_label("SMS", exact=True).fill("{{ nothing }}")
    expect(page.get_by_text("This can't be saved yet:")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#text-wrong")).to_contain_text("there is no variable “nothing”")
    expect(page.get_by_label("SMS", exact=True)).to_be_focused()
    assert_accessible(page)
    assert not complaints


def test_the_preview_follows_the_keys(sign_in_browser: SignIn, administrator: User, live_server: LiveServer) -> None:
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("email"))
    frame = page.frame_locator(".ms-frame")
    expect(frame.get_by_text("Hello Alexandra Smith,")).to_be_visible()
    page.get_by_label("Subject").fill("New: {{ device_name }}")
    expect(page.locator("#preview").get_by_text("New: Alexandra's MacBook")).to_be_visible()
    page.get_by_label("HTML", exact=True).fill("<h1>Dear {{ user_name }}</h1><a href='{{ link }}'>Go</a>")
    expect(frame.get_by_role("heading", name="Dear Alexandra Smith")).to_be_visible()
    page.get_by_label("Subject").fill("{% if is_reminder %}Again: {% endif %}{{ device_name }}")
    page.get_by_label("As a reminder").check()
    expect(page.locator("#preview").get_by_text("Again: Alexandra's MacBook")).to_be_visible()
    page.get_by_label("Subject").press("Enter")
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert MessageTemplate.objects.get(channel="email", language="en").subject.startswith("{% if is_reminder %}Again")


def test_length_encoding_and_segments_follow_the_keys(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://a.example"
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("sms"))
    field, length = page.get_by_label("SMS", exact=True), page.locator(".ms-length")
    field.fill("{{ link }}")
    expect(length).to_contain_text("63")
    expect(length).to_contain_text("GSM-7")
    expect(length).to_contain_text("1 of at most 2")
    field.fill("{{ link }} Ж")
    expect(length).to_contain_text("UCS-2")
    field.fill("{{ link }} " + "x" * 120)
    expect(length).to_contain_text("2 of at most 2")
    field.fill("{{ link }} " + "x" * 300)
    expect(length).to_contain_text("3 of at most 2")
    expect(page.locator("#preview")).to_contain_text("With long names this is 3 SMS")


def test_the_qr_code_on_the_screen_leads_to_the_link(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer
) -> None:
    page = sign_in_browser(administrator)
    page.set_viewport_size({"width": 1440, "height": 1600})  # the bar with the buttons is below
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto(live_server.url + url("email"))
        code = page.frame_locator(".ms-frame").get_by_alt_text("QR code of the link")
        picture = Image.open(io.BytesIO(code.screenshot())).convert("L")
        assert zxingcpp.read_barcodes(picture)[0].text == link_of(TOKEN)


def test_a_test_message_is_sent_without_leaving_the_page(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, smtp_server: SmtpServer
) -> None:
    page = sign_in_browser(administrator)
    page.goto(live_server.url + url("email"))
    page.get_by_label("Subject").fill("Typed and not saved")
    page.get_by_role("button", name="Send a test message").click()
    expect(page.get_by_text("The test message to root@example.com was handed over.")).to_be_visible()
    assert len(smtp_server.to("root@example.com")) == 1
    expect(page.get_by_label("Subject")).to_have_value("Typed and not saved")


def test_without_scripts_preview_and_test_open_beside_the_editor(
    browser: Browser, administrator: User, live_server: LiveServer, sign_in_browser: SignIn, smtp_server: SmtpServer
) -> None:
    cookies = sign_in_browser(administrator).context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live_server.url + url("email"))
    page.get_by_label("Subject").fill("Typed {{ user_name }}")
    with context.expect_page() as opened:
        page.get_by_role("button", name="Preview").click()
    # Not "visible": Playwright parses a window that a page opens with scripts on, so its <noscript> is no element.
    expect(opened.value.get_by_text("Typed Alexandra Smith")).to_have_count(1)
    with context.expect_page() as opened:
        page.get_by_role("button", name="Send a test message").click()
    expect(opened.value.get_by_text("was handed over")).to_have_count(1)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(live_server.url + LIST)
    context.close()
    assert MessageTemplate.objects.get(channel="email", language="en").subject == "Typed {{ user_name }}"

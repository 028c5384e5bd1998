"""Do five rows with one address, imported and invited in a browser, arrive as five mails that a person can use?

A portal of its own, as `make run` starts it, with a real mail server; Chromium; nothing leaves the machine.
"""

import io
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.devices.importing import row, table
from tests.invitations.smtp_server import SmtpServer
from tests.portal import Portal, wait_until
from tests.servers import Servers

pytestmark = pytest.mark.once

# A check, a commit or a sending, with its progress page, on a machine that does something else besides.
WORK_MS = 60_000
ADDRESS = "ada.lovelace@example.com"
ROWS = [
    row(number, name="Ada Lovelace", email=ADDRESS, device_name=f"Ada's Mac {number}", password=f"Pass-{number}-word")
    for number in range(1, 6)
]


@pytest.fixture(scope="module")
def mail_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def portal(servers: Servers, mail_server: SmtpServer) -> Iterator[Portal]:
    """Return a portal that was just started for the first time, and that sends through the mail server."""
    settings = {
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "DEFAULT_FROM_EMAIL": "it@example.org",
        "HEXENROLL_ORGANISATION": "Analytical Engines Ltd",
    }
    portal = Portal(servers.folder, is_postgresql=False, environment=settings)
    try:
        yield portal.start()
    finally:
        portal.close()


def part(mail: EmailMessage, kind: str) -> str:
    """Return the plain or the HTML part of a mail."""
    (found,) = [found for found in mail.walk() if found.get_content_type() == kind]
    return str(found.get_content())


def picture(mail: EmailMessage) -> bytes:
    """Return the PNG that the HTML part shows by its Content-ID."""
    (found,) = [found for found in mail.walk() if found.get_content_type() == "image/png"]
    assert found["Content-ID"].strip("<>") in part(mail, "text/html")
    assert found.get_content_disposition() == "inline"
    return bytes(found.get_content())


def link_in(mail: EmailMessage) -> str:
    """Return the only link of an invitation in the plain part."""
    (link,) = set(re.findall(r"http://\S+/i/[\w-]{43}", part(mail, "text/plain")))
    return str(link)


def as_a_mail_program_shows_it(mail: EmailMessage) -> str:
    """Return the HTML part with its picture in place."""
    content_id = next(found["Content-ID"].strip("<>") for found in mail.walk() if found["Content-ID"])
    address = f"data:image/png;base64,{b64encode(picture(mail)).decode()}"
    return part(mail, "text/html").replace(f"cid:{content_id}", address)


@pytest.fixture(scope="module")
def mails(portal: Portal, mail_server: SmtpServer) -> Callable[[], list[EmailMessage]]:
    return lambda: [received.parsed for received in mail_server.messages]


def test_five_rows_with_one_address_arrive_as_five_mails(
    portal: Portal, page: Page, mail_server: SmtpServer, tmp_path: Path, assert_accessible: Callable[[Page], None]
) -> None:
    file = tmp_path / "devices.csv"
    file.write_bytes(table(*ROWS))
    page.goto(f"{portal.base_url}/enroll/pre-approve/new/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Log in").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Upload and map").click()
    page.get_by_role("button", name="Save and check").click()
    page.get_by_role("link", name="Continue to the review").click(timeout=WORK_MS)
    page.get_by_role("button", name="Import 5 devices").click()
    page.get_by_role("link", name="Next: send 5 invitations").click(timeout=WORK_MS)
    expect(page.locator(".wz-trail [aria-current=step]")).to_contain_text("Send")
    expect(page.frame_locator("iframe").get_by_text("Ada Lovelace").first).to_be_visible()
    assert_accessible(page)

    page.get_by_label("E-mail", exact=True).check()
    page.get_by_role("button", name="Send 5 invitations").click()
    sent = page.locator("[data-count=sent]")
    expect(sent).to_contain_text("5", timeout=WORK_MS)
    expect(page.locator("#sendings .wz-badge").first).to_have_text("Done", timeout=WORK_MS)
    assert_accessible(page)

    wait_until(lambda: len(mail_server.messages) >= 5, 10)
    found = [received.parsed for received in mail_server.messages]
    assert [mail["To"].addresses[0].addr_spec for mail in found] == [ADDRESS] * 5
    assert len({mail["Message-ID"] for mail in found}) == len({link_in(mail) for mail in found}) == 5
    for number in range(1, 6):
        (mine,) = [mail for mail in found if f"C02XK1ZZJ{number:03}" in part(mail, "text/plain")]
        assert f"Pass-{number}-word" in part(mine, "text/plain")
        assert mine["From"].addresses[0].addr_spec == "it@example.org"


def test_the_mail_says_everything_in_both_parts_and_its_qr_code_is_the_link(
    portal: Portal, page: Page, mails: Callable[[], list[EmailMessage]], tmp_path: Path
) -> None:
    mail = mails()[0]
    link = link_in(mail)
    assert link.startswith(portal.base_url + "/i/")
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture(mail))).convert("L"))
    assert [code.text for code in read] == [link]
    page.set_content(as_a_mail_program_shows_it(mail))
    page.screenshot(path=tmp_path / "mail.png", full_page=True)
    image = page.get_by_role("img")
    assert image.evaluate("(image) => image.complete && image.naturalWidth > 100")
    assert image.get_attribute("alt")
    password = re.search(r"Pass-\d-word", part(mail, "text/plain"))
    assert password is not None
    shown = page.locator("body").inner_text()
    for text in ("Ada Lovelace", "Analytical Engines Ltd", password[0], link):
        assert text in shown or page.locator(f'a[href="{text}"]').count(), text
        assert text in part(mail, "text/plain")


def test_the_link_opens_the_page_of_its_device_and_the_portal_knows(
    portal: Portal, page: Page, mails: Callable[[], list[EmailMessage]]
) -> None:
    page.goto(link_in(mails()[0]))
    expect(page.get_by_text("Ada Lovelace").first).to_be_visible()
    expect(page.get_by_text("Analytical Engines Ltd").first).to_be_visible()
    page.goto(f"{portal.base_url}/admin/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Sendings").first.click()
    page.get_by_role("link", name="Sending 1").click()
    expect(page.locator("[data-count=opened]")).to_contain_text("1")
    page.locator("[data-count=opened] a").click()
    expect(page.get_by_text(ADDRESS).first).to_be_visible()

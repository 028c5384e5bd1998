"""What do four people meet who sign in: an administrator, an operator of one domain, an auditor, a stranger?

Two domains full of everything, Chromium, and after each page: no error of a script, no request that leaves the
machine, the content security policy, and axe.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse
from guardian.shortcuts import assign_perm
from playwright.sync_api import ConsoleMessage, Page, Response, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import Device
from devices.scope import ACCESS
from enrollment.disenroll import LeaveReason
from hexenroll.api_keys import keys
from hexenroll.models import AuditEntry
from hexenroll.roles import AUDITOR, OPERATOR, ensure_roles
from hexenroll.sidebar import GROUPS
from tests.conftest import make_person
from tests.hexenroll.lands import Land, land

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
PASSWORD = "correct-horse-battery"
DEVICES = "/admin/devices/device/"
# Of every page of the console, as DESIGN.md says: the theme needs eval and inline styles; nothing is from elsewhere.
POLICY = {
    *("default-src 'self'", "script-src 'self' 'unsafe-eval'", "style-src 'self' 'unsafe-inline'"),
    *("img-src 'self' data:", "object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'"),
}
# What a reader's buttons may say: they look, or change one's own columns only.
HARMLESS = ("Show these", "The usual ones")


@dataclass
class Tour:
    """A browser that goes from page to page, and what is wrong with any of them.

    Attributes:
        page: of the browser.
        base_url: of the portal.
        check: fails with axe's findings about a page.
        complaints: what the browser complained of.
        refused: the addresses of pages that weren't there, or not for this person; the browser says so, too.
        said: errors in the browser's console, each with the address that it is about.
    """

    page: Page
    base_url: str
    check: Callable[[Page], None]
    complaints: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    said: list[tuple[str, str]] = field(default_factory=list)

    def listen(self) -> None:
        """Collect every error of a script or in the console, request to another machine, failure, and other policy."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self._hear(request.url))
        self.page.on("response", self._read)

    def wrong(self) -> list[str]:
        """Return all that is wrong: that a page is refused, the browser says in its console as an error, too."""
        return [*self.complaints, *(f"{text} ({url})" for url, text in self.said if url not in self.refused)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append((message.location["url"], message.text))

    def _hear(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "localhost":
            self.complaints.append(f"leaves the machine: {url}")

    def _read(self, answer: Response) -> None:
        if answer.status >= 500:
            self.complaints.append(f"{answer.status} {answer.url}")
        if answer.request.resource_type == "document" and answer.status not in (301, 302):
            policy = answer.headers.get("content-security-policy", "")
            if {part.strip() for part in policy.split(";")} != POLICY:
                self.complaints.append(f"another policy: {answer.url}: {policy}")
            if answer.status in (403, 404):
                self.refused.add(answer.url)

    def open(self, path: str, *, status: int = 200) -> Page:
        """Open a page, which has to answer with this status, and check it."""
        answer = self.page.goto(self.base_url + path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        self.check(self.page)
        return self.page

    def sign_in(self, person: User) -> Page:
        """Fill in the form of the sign-in page; return the page behind it."""
        self.page.goto(f"{self.base_url}/accounts/login/")
        self.page.get_by_label("User name").fill(person.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page).to_have_title("Dashboard | hexenroll")
        self.check(self.page)
        return self.page

    def find(self, text: str) -> str:
        """Ask the palette; return what it shows."""
        self.page.keyboard.press("Control+k")
        with self.page.expect_response(lambda answer: f"s={text}" in answer.url) as answer:
            self.page.locator("#search-input-command").press_sequentially(text)
        found = answer.value.text()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")
        return found

    def text(self, path: str, *, status: int = 200) -> str:
        """Return what an address answers to this person, without drawing it."""
        answer = self.page.request.get(self.base_url + path)
        assert answer.status == status, f"{path} answered {answer.status}"
        return answer.text()

    def post(self, path: str, form: dict[str, str | float | bool]) -> int:
        """Send a form as this person, with the token that the portal's own forms have; return the status."""
        token = next(one["value"] for one in self.page.context.cookies() if one["name"] == "csrftoken")
        answer = self.page.request.post(
            self.base_url + path,
            form=form | {"csrfmiddlewaretoken": token},
            headers={"Referer": self.base_url},
            max_redirects=0,
        )
        return answer.status


@pytest.fixture
def tour(page: Page, live_server: LiveServer, assert_accessible: Callable[[Page], None]) -> Iterator[Tour]:
    """Return a browser; nothing may be wrong with any page that it opened."""
    made = Tour(page, live_server.url, assert_accessible)
    made.listen()
    yield made
    assert made.wrong() == []


@pytest.fixture
def lands(db: None) -> tuple[Land, Land]:
    """Return two domains full of everything."""
    return land("avalon"), land("zembla")


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    """Make the built-in roles: tests of other files with transactions have emptied the tables."""
    ensure_roles()


def person_of(name: str, role: str = "", *domains: Land, everywhere: bool = False) -> User:
    """Make a person with a password, a role, and the domains where it counts."""
    person = make_person(name, domains=None if everywhere else [])
    person.set_password(PASSWORD)
    person.save()
    for one in domains:
        assign_perm(ACCESS, person, one.domain)
    if role:
        person.groups.add(Group.objects.get(name=role))
    return person


def sidebar_of(page: Page) -> set[str]:
    """Return the addresses that the sidebar leads to, but for those of one's own account."""
    links = page.locator("#nav-sidebar a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return {link for link in links if link.startswith("/") and not link.startswith("/accounts/")}


def serials_of(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("td.field-serial_number").all_inner_texts()]


def test_an_administrator_finds_a_device_and_makes_an_operator_and_a_key(tour: Tour, lands: tuple[Land, Land]) -> None:
    page = tour.sign_in(make_administrator())
    assert {"/admin/auth/user/", "/admin/auth/group/", "/admin/hexenroll/auditentry/"} <= sidebar_of(page)

    tour.open(DEVICES)
    assert serials_of(page) == ["ZEMBLA1", "AVALON1"]  # MISSION.md: those that wait not before they are asked for
    page.locator("a, button").filter(has_text="Filters").first.click()
    page.get_by_label("Pre-approved", exact=True).check()
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**status=pre_approved**")
    assert serials_of(page) == ["ZEMBLA2", "AVALON2"]
    tour.check(page)
    page.get_by_role("link", name="avalon waiting").click()
    expect(page.get_by_text("Pre-approved Device")).to_be_visible()
    tour.check(page)
    assert "ZEMBLA1" in tour.find("zembla1")

    tour.open("/admin/auth/user/add/")
    page.get_by_label("User name").fill("oscar")
    page.get_by_label("E-mail").fill("oscar@avalon.example")
    page.get_by_label("Enrollment operator: ").check()
    page.get_by_label("avalon.example").check()
    page.get_by_label("Show an initial password").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="The initial password")).to_be_visible()
    tour.check(page)
    made = User.objects.get(username="oscar")
    assert made.check_password(page.locator("code").inner_text())
    tour.open(f"/admin/auth/user/{made.pk}/change/")
    page.get_by_label("First name").fill("Oscar")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    for path in ("/admin/auth/user/", "/admin/auth/group/", "/admin/auth/group/add/"):
        tour.open(path)

    tour.open("/admin/hexenroll/auditentry/?q=oscar&action=1")
    entry = AuditEntry.objects.filter(object_pk=str(made.pk), changes__first_name=["", "Oscar"]).latest("id")
    page.locator(f"#result_list tbody a[href*='/{entry.pk}/change/']").first.click()
    changes = page.locator("table.au-changes tbody tr", has_text="First name")
    expect(changes.locator("td")).to_have_text(["–", "Oscar"])
    expect(page.get_by_text("administrator").first).to_be_visible()
    tour.check(page)

    tour.open("/admin/hexenroll/apikey/add/")
    page.get_by_label("Name").fill("Asset database")
    page.get_by_role("button", name="Save", exact=True).click()
    text = page.locator("#api-key").inner_text()
    key = keys.find(text)
    assert key is not None
    assert key.name == "Asset database"
    tour.check(page)
    assert text not in tour.open(f"/admin/hexenroll/apikey/{key.pk}/change/").content()


def make_administrator() -> User:
    """Make a person with all rights, and a password."""
    return User.objects.create_superuser("administrator", "administrator@example.com", PASSWORD)


def test_an_operator_of_one_domain_never_meets_another(
    tour: Tour, lands: tuple[Land, Land], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = lands
    page = tour.sign_in(person_of("operator", OPERATOR, ours))
    assert "zembla" not in page.content().lower()
    assert not [link for link in sidebar_of(page) if "/auth/" in link]
    assert "zembla" not in tour.find("zembla").lower()
    assert sorted(serials_of(tour.open(f"{DEVICES}?status=all"))) == ["AVALON1", "AVALON2"]
    assert "AVALON1" in tour.find("avalon1")
    for path in ("/reports/", "/reports/enrolled/", "/reports/by-domain/", "/enroll/pre-approve/", "/enroll/"):
        assert "zembla" not in tour.open(path).content().lower(), path
    tour.open("/enroll/pre-approve/new/")
    assert page.get_by_label("Domain").locator("option").all_inner_texts() == ["avalon.example"]
    for device in (theirs.objects["devices.device"], theirs.more[0]):
        page.goto(f"{tour.base_url}{DEVICES}{device.pk}/change/")
        expect(page.get_by_text("doesn’t exist. Perhaps it was deleted?")).to_be_visible()
        assert "zembla" not in page.content().lower()
    tour.text(f"{DEVICES}{theirs.more[0].pk}/disenroll/", status=404)
    tour.open(f"/enroll/pre-approve/{theirs.objects['devices.importbatch'].pk}/", status=404)

    monkeypatch.setattr(admin.site._registry[Device], "list_per_page", 1)  # so that there is more than the page
    tour.open(f"{DEVICES}?status=all")
    page.locator("#action-toggle").check()
    page.get_by_text("Select all 2 devices").click()
    page.locator("select[name=action]").select_option("Disenroll")
    page.locator("button[name=index]").click()
    expect(page.get_by_text("2 devices: all that match the filters of the list.")).to_be_visible()
    tour.check(page)
    page.get_by_label("Reason").select_option(LeaveReason.RETIRED)
    page.get_by_role("button", name="Disenroll: 1 device").click()
    page.wait_for_url(f"**{DEVICES}**")
    disenrolled = Device.objects.filter(status=Device.Status.DISENROLLED)
    assert [device.serial_number for device in disenrolled] == ["AVALON1"]


def test_an_auditor_sees_and_exports_and_changes_nothing(tour: Tour, lands: tuple[Land, Land]) -> None:
    ours, _theirs = lands
    device, batch = ours.objects["devices.device"], ours.objects["devices.importbatch"]
    page = tour.sign_in(person_of("auditor", AUDITOR, everywhere=True))
    about = {f"{DEVICES}{device.pk}/change/", f"{DEVICES}{ours.more[0].pk}/change/", f"/enroll/pre-approve/{batch.pk}/"}
    about |= {f"/admin/devices/policy/{ours.objects['devices.policy'].pk}/change/", "/reports/enrolled/"}
    for path in sorted(sidebar_of(page) | about):
        tour.open(path)
        forms = page.locator("main form[method=post] button[type=submit], #content form[method=post] [name=_save]")
        assert [form for form in forms.all_inner_texts() if form not in HARMLESS] == [], path
    tour.open("/reports/enrolled/")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "AVALON1" in download.value.path().read_text(encoding="utf-8-sig")

    refused = {
        f"{DEVICES}{device.pk}/disenroll/": {"reason": "Sold"},
        f"{DEVICES}{device.pk}/delete/": {"post": "yes"},
        "/enroll/settings/": {},
        "/admin/auth/user/add/": {"username": "mine"},
    }
    for path, form in refused.items():
        assert tour.post(path, dict(form)) == 403, path
    assert Device.objects.filter(pk=device.pk, status=Device.Status.PRE_APPROVED).exists()


def test_a_stranger_is_met_kindly_and_sees_nothing(tour: Tour, lands: tuple[Land, Land]) -> None:
    page = tour.sign_in(person_of("stranger"))
    expect(page.get_by_role("heading", name="Nothing to see yet")).to_be_visible()
    assert sidebar_of(page) == {"/admin/"}
    tour.open(DEVICES, status=403)
    expect(page.get_by_role("link", name="To the start page")).to_be_visible()
    for _title, entries in GROUPS:
        for entry in entries:
            if entry.permission:
                text = tour.text(reverse(entry.page), status=403)
                assert 'id="nav-sidebar"' in text
                assert not re.search("avalon|zembla", text, re.IGNORECASE)
    assert not re.search("avalon|zembla", tour.find("avalon"), re.IGNORECASE)

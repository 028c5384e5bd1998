"""What does a device user see behind the link, and what does somebody who guesses see?"""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries, Settings

from devices.models import Device
from devices.vocabulary import Platform
from enrollment.link_standing import CLOSED, Standing, standing_of
from invitations import opening
from invitations.link_token import token_of
from invitations.models import Invitation
from tests.enrollment.knocking import choose
from tests.factories import DeviceFactory, DeviceUserFactory, InvitationFactory

pytestmark = pytest.mark.django_db
State = Invitation.State
PASSWORD = "k4t7-Mw9@x"
USER, DEVICE, SERIAL, EMAIL = "Ada Lovelace", "Ada's machine", "C02XK0AAJG5J", "ada.lovelace@example.com"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36"
FIREFOX_ON_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15"


@pytest.fixture(autouse=True)
def _portal(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://enroll.example.com"
    settings.HEXENROLL_ORGANISATION = "Contoso Ltd."


def invite(platform: str = "macos", device: dict[str, Any] | None = None, **fields: Any) -> Invitation:
    """Return an invitation that was sent, to the same user each time."""
    values: dict[str, Any] = {"name": DEVICE, "serial_number": SERIAL, "platform": platform}
    values |= {"one_time_password": PASSWORD, "user": DeviceUserFactory.create(name=USER, email=EMAIL)}
    values |= device or {}
    fields.setdefault("state", State.SENT)
    fields.setdefault("expires_at", timezone.now() + timedelta(days=6, hours=1))
    found: Invitation = InvitationFactory.create(device=DeviceFactory.create(**values), **fields)
    return found


def address(invitation: Invitation, rest: str = "") -> str:
    return f"/i/{token_of(invitation.public_id)}{rest}"


def read(client: Client, invitation: Invitation, rest: str = "", **headers: str) -> str:
    answer = client.get(address(invitation, rest), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def words(page: str) -> str:
    """Return what a person reads of a page."""
    text = re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", page))
    return unescape(re.sub(r"\s+", " ", text))


# --- the page of a link that works -----------------------------------------------------------------------
def test_it_greets_the_user_and_names_organisation_device_and_validity(client: Client) -> None:
    invitation = invite(expires_at=datetime(2099, 11, 29, 13, 0, tzinfo=UTC))
    text = words(read(client, invitation))
    assert f"Hello, {USER}" in text
    assert "Contoso Ltd. invites you to enroll this device." in text
    for fact in (DEVICE, "Mac", SERIAL, EMAIL, "https://enroll.example.com"):
        assert fact in text
    assert "Invitation valid until Sunday, 29 November 2099, 13:00 (UTC)" in text
    assert f"https://enroll.example.com{address(invitation)}" in text


def test_without_a_name_of_the_organisation_it_is_the_portals_host(client: Client, settings: Settings) -> None:
    settings.HEXENROLL_ORGANISATION = ""
    assert "enroll.example.com invites you" in words(read(client, invite()))


def test_a_device_without_user_and_name_and_an_invitation_without_end_have_a_page(client: Client) -> None:
    bare = {"user": None, "name": "", "serial_number": None}
    page = client.get(address(invite(device=bare, recipient="x@example.com", expires_at=None))).content.decode()
    assert "<h1>Hello</h1>" in page
    assert "valid until" not in page


def test_names_are_text_and_nothing_else(client: Client) -> None:
    user = DeviceUserFactory.create(name="<script>alert(1)</script>")
    page = read(client, invite(device={"user": user, "name": "<img src=x>"}))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("mark", ["\u202e", "\u202a", "\u2066", "\u2067", "\u2069", "\x07"])
@pytest.mark.parametrize("rest", ["", "/password"])
def test_names_can_not_turn_the_direction_of_writing(client: Client, settings: Settings, mark: str, rest: str) -> None:
    settings.HEXENROLL_ORGANISATION = f"Contoso{mark} Ltd."
    user = DeviceUserFactory.create(name=f"Ada{mark}ecalevoL", email="ada@example.org")
    invitation = invite(device={"user": user, "name": f"Mac{mark}koob"})
    answer = client.post(address(invitation, rest)) if rest else client.get(address(invitation))
    page = answer.content.decode()
    assert mark not in page
    assert "Hello, Ada ecalevoL" in words(page)
    assert "Mac koob" in page


@pytest.mark.parametrize("email", ['"quoted"@example.com', "ada+device@example.com", "u@exämple.com"])
def test_an_unusual_address_of_the_user_is_shown_as_it_is(client: Client, email: str) -> None:
    user = DeviceUserFactory.create(name=USER, email=email)
    assert f'<code class="value">{escape(email)}</code>' in read(client, invite(device={"user": user}))


def test_right_after_it_was_sent_all_its_days_are_left(client: Client) -> None:
    assert "7 days left" in words(read(client, invite(expires_at=timezone.now() + timedelta(days=7))))


@pytest.mark.parametrize("platform", Platform.values)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_platform_has_steps_in_both_languages(client: Client, platform: str, language: str) -> None:
    page = read(client, invite(platform), f"?lang={language}")
    assert page.count("<li>") >= 4
    assert ("Compare the serial number" in page) == (language == "en")
    assert ("Vergleichen Sie die Seriennummer" in page) == (language == "de")


def test_on_the_right_kind_of_device_it_says_so(client: Client) -> None:
    text = words(read(client, invite(), user_agent=FIREFOX_ON_MAC))
    assert "This looks like a Mac. That is what the invitation is for." in text
    assert "Open this page on the Mac itself" not in text


def test_on_another_kind_of_device_it_says_where_to_open_the_page(client: Client) -> None:
    text = words(read(client, invite(), user_agent=ANDROID))
    assert "This looks like an Android device. The invitation is for a Mac. Open this page on the Mac itself." in text
    assert "What to do: Mac" in text


def test_on_a_computer_the_page_of_a_phone_has_a_code_for_its_camera(client: Client) -> None:
    invitation = invite("android")
    assert "<svg" in read(client, invitation, user_agent=FIREFOX_ON_MAC)
    assert "<svg" not in read(client, invitation, user_agent=ANDROID)


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("macos", "If this is the Mac, you are in the right place."),
        ("ios", "If this is the iPad, you are in the right place."),
        ("android", "Open this page on that device itself."),
    ],
)
def test_a_mac_or_an_ipad_is_not_taken_for_the_one_or_the_other(client: Client, platform: str, said: str) -> None:
    text = words(read(client, invite(platform), user_agent=SAFARI))
    assert "This looks like a Mac or an iPad, which can't be told apart." in text
    assert said in text


def test_on_an_unknown_kind_of_device_it_says_that(client: Client) -> None:
    text = words(read(client, invite(), user_agent="Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)"))
    assert "It can't be told on what kind of device this page is open. The invitation is for a Mac." in text


def test_the_page_of_an_apple_tv_stays_open_elsewhere(client: Client) -> None:
    text = words(read(client, invite("tvos"), user_agent=ANDROID))
    assert "The invitation is for an Apple TV, which opens no web pages. Keep this page open here meanwhile." in text
    assert "Open the message there" not in text


@pytest.mark.parametrize("platform", ["linux", "macos"])
def test_on_a_computer_one_line_fetches_the_agent_and_enrolls(client: Client, platform: str) -> None:
    invitation = invite(platform)
    text = words(read(client, invitation))
    agent = "curl -fsS -o hexenroll-agent.py https://enroll.example.com/agent/hexenroll-agent.py"
    enroll = "sudo python3 hexenroll-agent.py enroll --server https://enroll.example.com"
    assert f"{agent} && {enroll} --token={token_of(invitation.public_id)} --install-service " in text


def test_a_portal_that_is_tried_out_without_tls_says_so_in_the_command(client: Client, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://10.0.0.5:8000"
    text = words(read(client, invite("linux")))
    assert "--server http://10.0.0.5:8000 " in text
    assert " --install-service --allow-http " in text


@pytest.mark.parametrize("platform", ["android", "ios", "tvos", "windows"])
def test_where_the_agent_does_not_run_there_is_no_command(client: Client, platform: str) -> None:
    page = read(client, invite(platform))
    assert "curl" not in page
    assert "Start the enrollment the way your IT department has told you to." in words(page)


def test_the_steps_of_another_platform_can_be_chosen(client: Client) -> None:
    text = words(read(client, invite(), "?platform=linux", user_agent=FIREFOX_ON_MAC))
    assert "What to do: Linux computer" in text
    assert "These are the steps for another kind of device. The invitation is for a Mac." in text


def test_the_steps_of_a_platform_that_does_not_exist_are_those_of_the_device(client: Client) -> None:
    assert "What to do: Mac" in words(read(client, invite(), "?platform=amiga"))


@pytest.mark.parametrize(
    ("agent", "is_said"),
    [(ANDROID, True), ("Mozilla/5.0 (Linux; Android 9; SM-G960F) Chrome/126", False), (SAFARI, True)],
)
def test_the_limit_of_android_is_said_in_words(client: Client, agent: str, *, is_said: bool) -> None:
    text = words(read(client, invite("android"), user_agent=agent))
    assert ("Android 10 and later hide the serial number" in text) == is_said


def test_the_limit_of_windows_is_said_in_words(client: Client) -> None:
    assert "can't be recognised by its serial number" in words(read(client, invite("windows")))


def test_a_platform_that_is_taken_out_of_the_exclusions_is_offered(client: Client) -> None:
    invitation, address = invite(), "platform=windows"
    assert address not in read(client, invitation)
    choose(exclusions=[])
    assert address in read(client, invitation)


@pytest.mark.parametrize("platform", ["windows", "android"])
def test_a_platform_that_is_in_no_exclusion_has_no_limit(client: Client, platform: str) -> None:
    choose(exclusions=[])
    text = words(read(client, invite(platform)))
    assert "can't be recognised" not in text
    assert "hide the serial number" not in text


def test_the_steps_of_a_platform_that_is_excluded_altogether_are_not_offered(client: Client) -> None:
    invitation, address = invite(), "platform=tvos"
    assert address in read(client, invitation)
    choose(exclusions=[{"platform": "tvos", "os_from": "", "methods": [], "management_modes": []}])
    assert address not in read(client, invitation)


# --- language --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rest", "accepted", "invited_in", "language"),
    [
        ("?lang=de", "en", "en", "de"),
        ("?lang=en", "de", "de", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "en", "de"),
        ("", "fr, en;q=0.5", "de", "en"),
        ("", "fr", "de", "de"),
        ("", "", "de", "de"),
        ("?lang=fr", "", "en", "en"),
        ("?lang=%00", "\x00" * 9, "de", "de"),
        ("", "de" * 5_000, "en", "en"),
    ],
)
def test_the_language_is_chosen_or_the_browsers_or_the_invitations(
    client: Client, rest: str, accepted: str, invited_in: str, language: str
) -> None:
    answer = client.get(address(invite(language=invited_in), rest), headers={"accept-language": accepted})
    assert answer["Content-Language"] == language
    page = answer.content.decode()
    assert f'<html lang="{language}">' in page
    assert ("Guten Tag" if language == "de" else "Hello") in page
    assert 'hreflang="en"' in page if language == "de" else 'hreflang="de"' in page


def test_dates_are_written_as_in_the_language(client: Client) -> None:
    text = words(read(client, invite(expires_at=datetime(2099, 12, 6, 13, 5, tzinfo=UTC)), "?lang=de"))
    assert "Einladung gültig bis Sonntag, 6. Dezember 2099, 13:05 Uhr (UTC)" in text


# --- the one-time password -------------------------------------------------------------------------------
def test_the_password_comes_after_a_tap_only(client: Client) -> None:
    invitation = invite()
    page = read(client, invitation)
    assert PASSWORD not in page
    assert "Show the one-time password" in page
    answer = client.post(address(invitation, "/password"))
    assert answer.status_code == 200
    assert f'<code class="value password" translate="no">{PASSWORD}</code>' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_the_password_is_spelled_out(client: Client) -> None:
    page = client.post(address(invite(), "/password?lang=de")).content.decode()
    spelled = re.findall("<li>([^<]*)</li>", page[page.index("spelled") :])
    assert spelled[:10] == ["k", "4", "t", "7", "Bindestrich", "großes M", "w", "9", "At-Zeichen", "x"]


def test_the_password_needs_no_form_of_a_session() -> None:
    assert Client(enforce_csrf_checks=True).post(address(invite(), "/password")).status_code == 200


def test_to_get_the_password_by_its_address_leads_to_the_page(client: Client) -> None:
    invitation = invite()
    answer = client.get(address(invitation, "/password?lang=de&platform=ios&x=y"))
    assert answer.status_code == 302
    assert answer["Location"] == address(invitation, "?lang=de&platform=ios")


def test_a_device_without_password_says_so(client: Client) -> None:
    invitation = invite(device={"one_time_password": None})
    assert "There is none, or none any more." in words(read(client, invitation))
    assert "There is none, or none any more." in words(client.post(address(invitation, "/password")).content.decode())


@pytest.mark.parametrize("state", [State.REVOKED, State.REDEEMED, State.EXPIRED, State.FAILED])
def test_a_link_that_leads_nowhere_gives_no_password(client: Client, state: str) -> None:
    answer = client.post(address(invite(state=state), "/password"))
    assert answer.status_code == 410
    assert PASSWORD not in answer.content.decode()


# --- opening ---------------------------------------------------------------------------------------------
def test_opening_is_recorded_once_and_does_not_use_the_link_up(client: Client) -> None:
    invitation = invite()
    read(client, invitation)
    invitation.refresh_from_db()
    first = invitation.opened_at
    assert invitation.state == State.OPENED
    assert first is not None
    read(client, invitation)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.opened_at) == (State.OPENED, first)


@pytest.mark.parametrize(("method", "headers"), [("head", {}), ("get", {"sec-purpose": "prefetch;prerender"})])
def test_a_look_ahead_is_no_opening(client: Client, method: str, headers: dict[str, str]) -> None:
    invitation = invite()
    answer = getattr(client, method)(address(invitation), headers=headers)
    assert answer.status_code == 200
    invitation.refresh_from_db()
    assert (invitation.state, invitation.opened_at) == (State.SENT, None)


def test_a_page_costs_three_queries_the_first_time_and_for_guessers_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    invitation = invite()
    with django_assert_num_queries(3):
        read(client, invitation)
    with django_assert_num_queries(1):
        client.get("/i/" + "A" * 43)


# --- links that lead nowhere -----------------------------------------------------------------------------
PAST = datetime(2020, 1, 1, tzinfo=UTC)
Because, Status = Invitation.RevokedBecause, Device.Status
CLOSED_LINKS: list[tuple[dict[str, Any], dict[str, Any], Standing]] = [
    ({"state": State.QUEUED}, {}, Standing.NOT_READY),
    ({"state": State.REDEEMED}, {}, Standing.USED),
    ({"state": State.OPENED}, {"status": Status.ENROLLED}, Standing.USED),
    ({"state": State.EXPIRED, "expires_at": PAST}, {"status": Status.ENROLLED}, Standing.USED),
    ({"state": State.REVOKED, "revoked_because": Because.REPLACED}, {}, Standing.REPLACED),
    ({"state": State.REVOKED, "revoked_because": Because.PERSON}, {}, Standing.REVOKED),
    ({"state": State.REVOKED, "revoked_because": Because.CANCELLED}, {}, Standing.REVOKED),
    ({"state": State.REVOKED, "revoked_because": Because.DEVICE}, {}, Standing.NOT_WAITING),
    ({"state": State.REVOKED, "revoked_because": Because.APPROVAL}, {}, Standing.NOT_WAITING),
    ({"state": State.FAILED}, {}, Standing.FAILED),
    ({"state": State.EXPIRED}, {}, Standing.EXPIRED),
    ({"state": State.SENT, "expires_at": PAST}, {}, Standing.EXPIRED),
    ({"state": State.DELIVERED}, {"status": Status.BLOCKED}, Standing.NOT_WAITING),
    ({"state": State.DELIVERED}, {"status": Status.DISENROLLED}, Standing.NOT_WAITING),
    ({"state": State.DELIVERED}, {"approval_expires_at": PAST}, Standing.NOT_WAITING),
]


def test_once_the_device_has_enrolled_the_link_says_that_it_was_used_and_the_command_is_gone(client: Client) -> None:
    found = invite()
    assert "sudo python3 hexenroll-agent.py enroll" in words(read(client, found))
    body = {"token": token_of(found.public_id), "platform": "macos", "serial_number": SERIAL, "method": "agent"}
    assert client.post("/api/v1/enroll", body, content_type="application/json").status_code == 200
    answer = client.get(address(found))
    assert answer.status_code == 410
    assert "This link has been used" in words(answer.content.decode())
    for gone in ("hexenroll-agent.py", token_of(found.public_id), PASSWORD):
        assert gone not in answer.content.decode()


OPEN_LINKS = [State.SENDING, State.SENT, State.DELIVERED, State.BOUNCED, State.OPENED]


@pytest.mark.parametrize(("fields", "device", "standing"), CLOSED_LINKS)
def test_a_link_that_leads_nowhere_says_why_and_nothing_about_anybody(
    client: Client, fields: dict[str, Any], device: dict[str, Any], standing: Standing
) -> None:
    invitation = invite(device=device, **fields)
    answer = client.get(address(invitation))
    page = answer.content.decode()
    assert answer.status_code == (404 if standing == Standing.NOT_READY else 410)
    text = words(page)
    for part in (standing.label, CLOSED[standing].why, CLOSED[standing].what_to_do):
        assert str(part) in text
    for secret in (USER, DEVICE, SERIAL, EMAIL, PASSWORD, "Contoso", token_of(invitation.public_id)):
        assert secret not in page
    invitation.refresh_from_db()
    assert invitation.opened_at is None


@pytest.mark.parametrize("state", OPEN_LINKS)
def test_a_link_works_from_the_moment_of_sending(client: Client, state: str) -> None:
    read(client, invite(state=state))


def test_a_message_that_arrived_without_its_servers_word_is_not_sent_again_once_it_is_opened(client: Client) -> None:
    invitation = invite(state=State.QUEUED, attempts=1, next_attempt_at=timezone.now())
    read(client, invitation)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.next_attempt_at) == (State.OPENED, None)
    assert invitation.opened_at is not None


def test_every_standing_but_open_has_a_page() -> None:
    assert set(CLOSED) == set(Standing) - {Standing.OPEN}
    assert standing_of(None, timezone.now()) == Standing.UNKNOWN


MALFORMED = [
    "",
    "x",
    "A" * 43,
    "A" * 10_000,
    "%00",
    "%FF%FE",
    "%F0%9F%98%80",
    "😀",
    "%0A",
    "%0d%0aSet-Cookie:a=b",
    "../../etc/passwd",
    "..%2f..%2fadmin/",
    "a/b/c/",
    "%25s%(x)s{{7*7}}",
    "'%20OR%201=1--",
    "<script>alert(1)</script>",
    "password",
    "//evil.example.com",
]


@pytest.mark.parametrize("token", MALFORMED)
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_what_is_no_token_gets_the_page_of_an_unknown_link(client: Client, token: str, method: str) -> None:
    answer = getattr(client, method)(f"/i/{token}/password" if method == "post" else f"/i/{token}")
    assert answer.status_code == 404
    if method != "head":
        text = words(answer.content.decode())
        assert "This link is not known" in text
        assert "Contoso" not in text


@pytest.mark.parametrize("glued", ["/", ".", ",", ")", ">", "%22", "%20", "%E2%80%9D", "%0D%0A"])
def test_what_is_glued_to_the_end_of_a_link_does_no_harm(client: Client, glued: str) -> None:
    read(client, invite(), glued)


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "post"])
def test_other_methods_are_refused(method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(address(invite()))
    assert answer.status_code == 405


# --- what goes with each page ----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["open", "password", "closed", "unknown", "redirect", "refused"])
def test_every_answer_is_private_and_strict(client: Client, kind: str) -> None:
    answer = {
        "open": lambda: client.get(address(invite())),
        "password": lambda: client.post(address(invite(), "/password")),
        "closed": lambda: client.get(address(invite(state=State.REVOKED))),
        "unknown": lambda: client.get("/i/unknown"),
        "redirect": lambda: client.get(address(invite(), "/password")),
        "refused": lambda: Client(enforce_csrf_checks=True).put(address(invite())),
    }[kind]()
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))
    assert not answer.cookies
    assert "cookie" not in answer.get("Vary", "").lower()
    text = answer.content.decode()
    assert "<script" not in text
    assert " style=" not in text
    assert not re.search(r"(src|href|action)=\"(?!/static/|/i/|\?)", text)


def test_a_signed_in_administrator_sees_what_the_user_sees(administrator_client: Client, client: Client) -> None:
    invitation = invite()
    assert read(administrator_client, invitation) == read(client, invitation)


# --- faults ----------------------------------------------------------------------------------------------
def _fail(*_arguments: object) -> None:
    raise OperationalError("the database is gone")


def test_without_the_database_it_says_so_and_asks_to_come_back(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find", _fail)
    for answer in (client.get("/i/x"), client.post("/i/x/password")):
        assert answer.status_code == 503
        assert answer["Retry-After"] == "60"
        assert "no-store" in answer["Cache-Control"]
        assert "can't look up your invitation at the moment" in words(answer.content.decode())


def test_the_user_gets_the_page_even_if_the_opening_can_not_be_recorded(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "record_opening", _fail)
    assert f"Hello, {USER}" in words(read(client, invite()))
    assert "could not be recorded" in caplog.text


def test_the_manual_has_every_page_with_its_status() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "invitations.md").read_text()
    for standing, page in CLOSED.items():
        assert f"| {standing.label} | {page.status:d} |" in manual

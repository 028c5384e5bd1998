"""A passkey in a browser: added, signs in alone, renamed, removed. Chromium's virtual authenticator holds it."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.hexenroll.accounts.signing_in import PASSWORD, make_account

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def authenticator(page: Page) -> None:
    """Give the browser an authenticator that knows its user, such as a fingerprint reader."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def log_in(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_passkey_signs_in_without_a_password(
    page: Page, live_server: LiveServer, authenticator: None, assert_accessible: Callable[[Page], None]
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    person = make_account()
    log_in(page, live_server)
    page.goto(f"{live_server.url}/accounts/2fa/")
    assert_accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Laptop")
    assert_accessible(page)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Keep these codes safe")).to_be_visible()
    assert_accessible(page)
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/")
    expect(page.get_by_role("strong")).to_have_text("Laptop")
    assert_accessible(page)

    page.context.clear_cookies()
    page.goto(f"{live_server.url}/enroll/settings/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{live_server.url}/enroll/settings/")

    page.goto(f"{live_server.url}/accounts/2fa/webauthn/")
    page.get_by_role("link", name="Remove Laptop").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
    assert not Authenticator.objects.filter(user=person).exists()
    assert not complaints


def test_a_passkey_is_the_second_step_after_the_password(
    page: Page, live_server: LiveServer, authenticator: None, assert_accessible: Callable[[Page], None]
) -> None:
    make_account()
    log_in(page, live_server)
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Signs in without a password").uncheck()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/")
    page.context.clear_cookies()
    log_in(page, live_server)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/admin/")

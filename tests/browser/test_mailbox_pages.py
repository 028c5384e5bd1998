"""Does a message of the development mailbox look like one, on a wide and a narrow screen, light and dark?"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from invitations.channels.mailbox import keep
from invitations.link_token import token_of
from invitations.messages.compose import Composer
from invitations.messages.message import Mail
from invitations.messages.mime import as_bytes
from invitations.models import Invitation, MailboxMessage
from tests.factories import DeviceFactory, InvitationFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]


@pytest.fixture
def invitation(settings: Settings, live_server: LiveServer) -> Invitation:
    """Return an invitation whose mail is in the mailbox."""
    settings.PUBLIC_URL = live_server.url
    device = DeviceFactory.create(platform="android", one_time_password="k4t7mw9xhjpq")
    made: Invitation = InvitationFactory.create(
        device=device, state=Invitation.State.SENT, expires_at=timezone.now() + timedelta(days=7)
    )
    mail = Composer().compose(made)
    assert isinstance(mail, Mail)
    keep("email", mail.recipient, as_bytes(mail).decode())
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_message_is_found_in_the_list_and_is_accessible_and_complete(
    sign_in_browser: SignIn,
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Callable[[Page], None],
    invitation: Invitation,
    width: int,
    scheme: str,
) -> None:
    page = sign_in_browser(administrator)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + reverse("admin:invitations_mailboxmessage_changelist"))
    expect(page.get_by_text("Development mailbox: nothing leaves this machine")).to_be_visible()
    page.get_by_role("link", name=invitation.recipient).click()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("img").first).to_be_visible()
    assert mail.get_by_role("img").first.evaluate("image => image.naturalWidth") > 50
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert_accessible(page)


def test_the_link_in_the_mail_opens_the_users_page(
    sign_in_browser: SignIn, administrator: User, live_server: LiveServer, invitation: Invitation
) -> None:
    page = sign_in_browser(administrator)
    message = MailboxMessage.objects.get()
    page.goto(live_server.url + reverse("admin:invitations_mailboxmessage_change", args=[message.pk]))
    link = page.frame_locator("iframe").locator(f"a[href$='{token_of(invitation.public_id)}']").first
    with page.expect_popup() as opened:
        link.click()
    assert invitation.device.user is not None
    expect(opened.value.get_by_role("heading", name=f"Hello, {invitation.device.user.name}")).to_be_visible()

"""Do the console's sidebar and palette lead to invitations those who may see them, and nobody else?"""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from hexenroll.mail_settings import BACKENDS
from invitations.models import MailboxMessage
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, InvitationFactory

pytestmark = pytest.mark.django_db
ENROLL = ["All Enrollments", "Pre-approve", "Invitations", "Sendings"]


def titles(client: Client) -> list[str]:
    groups = client.get("/admin/").context["sidebar_navigation"]
    return [str(item["title"]) for group in groups for item in group["items"]]


def palette(client: Client, text: str) -> str:
    answer = client.get("/admin/search/", {"s": text, "extended": "1"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_sidebar_has_invitations_and_sendings_below_enroll(administrator_client: Client) -> None:
    assert titles(administrator_client)[1:5] == ENROLL


def test_the_sidebar_shows_only_what_somebody_may_open(operator_client: Client, stranger_client: Client) -> None:
    assert set(ENROLL) <= set(titles(operator_client))
    assert "Messages" not in titles(operator_client)
    assert titles(stranger_client) == ["Dashboard"]


def test_the_development_mailbox_is_there_while_it_is_in_use_or_holds_something(
    administrator_client: Client, operator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "Development mailbox"
    assert name not in titles(administrator_client)
    MailboxMessage.objects.create(channel="email", recipient="ada@example.com", content="Subject: x\r\n\r\n")
    assert name in titles(administrator_client)
    MailboxMessage.objects.all().delete()
    monkeypatch.setattr(settings, "EMAIL_BACKEND", BACKENDS["mailbox"])
    assert name in titles(administrator_client)
    assert name not in titles(operator_client)


def test_the_palette_finds_invitations_by_their_recipient(administrator_client: Client) -> None:
    found = InvitationFactory.create(recipient="Countess@example.org", state="opened")
    InvitationFactory.create()
    page = palette(administrator_client, "Countess@example.org")
    assert reverse("admin:invitations_invitation_change", args=[found.pk]) in page
    assert "Opened" in page


def test_the_palette_finds_invitations_by_part_of_their_users_address(administrator_client: Client) -> None:
    found = InvitationFactory.create(device__user__email="countess@example.org", state="opened")
    InvitationFactory.create()
    assert reverse("admin:invitations_invitation_change", args=[found.pk]) in palette(administrator_client, "ountess@")


def test_the_palette_shows_the_newest_of_many(administrator_client: Client) -> None:
    for _number in range(12):
        InvitationFactory.create(recipient="one@example.org", state="expired", device=DeviceFactory.create())
    assert palette(administrator_client, "one@example.org").count("/admin/invitations/invitation/") == 10


@pytest.mark.parametrize("text", ["a\0b", "%%%", "\\\\\\", "ab"])
def test_the_palette_takes_any_text(administrator_client: Client, text: str) -> None:
    InvitationFactory.create()
    assert "/admin/invitations/invitation/" not in palette(administrator_client, text)


def test_the_palette_tells_nothing_to_somebody_who_may_not_see_invitations() -> None:
    InvitationFactory.create(recipient="countess@example.org")
    client = sign_in(make_person("viewer", ("view_device",)))
    assert "countess@example.org" not in palette(client, "countess")

"""Can the messages of the development mailbox be read by those who may, and by nobody else?"""

from html import escape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from hexenroll.models import AuditEntry
from invitations.messages.message import Mail
from invitations.messages.mime import as_bytes
from invitations.messages.qr_code import png
from invitations.models import MailboxMessage
from invitations.stored_mail import read, subject_of
from tests.conftest import make_person, sign_in

pytestmark = pytest.mark.django_db
LINK = "https://enroll.example.com/i/Zk3_-9aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789x"
PASSWORD = "k4t7mw9xhjpq"
LIST = "admin:invitations_mailboxmessage_changelist"


def mail_source(**changes: Any) -> str:
    """Return a mail as the outbox makes it."""
    fields: dict[str, Any] = {
        "sender": "hexenroll@example.com",
        "recipient": "ada@example.com",
        "recipient_name": "Ada Lövelace",
        "subject": "Enroll your Mac – Grüße",
        "text": f"Open {LINK}\nPassword: {PASSWORD}",
        "html": f'<html><head></head><body><a href="{LINK}">Go</a><img src="cid:qr-code"></body></html>',
        "qr_code": png(LINK),
        "message_id": "<1.0@example.com>",
    }
    return as_bytes(Mail(**fields | changes)).decode()


def keep(channel: str = "email", content: str | None = None, recipient: str = "ada@example.com") -> MailboxMessage:
    return MailboxMessage.objects.create(
        channel=channel, recipient=recipient, content=mail_source() if content is None else content
    )


def page_of(message: MailboxMessage) -> str:
    return reverse("admin:invitations_mailboxmessage_change", args=[message.pk])


def source_of(message: MailboxMessage) -> str:
    return reverse("admin:invitations_mailbox_source", args=[message.pk])


def body(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def reader_client() -> Client:
    """Return a client of somebody who may read the mailbox, and do nothing else."""
    return sign_in(make_person("reader", ("view_mailboxmessage",)))


def test_the_list_shows_recipient_subject_and_channel_and_no_secret(reader_client: Client) -> None:
    keep()
    keep("sms", f"Open {LINK} {PASSWORD}", "+491701234567")
    page = body(reader_client, reverse(LIST))
    for text in ("ada@example.com", "Enroll your Mac – Grüße", "+491701234567", "SMS"):
        assert text in page
    assert PASSWORD not in page
    assert LINK not in page


def test_every_page_says_that_nothing_leaves_this_machine(reader_client: Client) -> None:
    for address in (reverse(LIST), page_of(keep()), page_of(keep("sms", "Hello"))):
        page = body(reader_client, address)
        assert "Development mailbox: nothing leaves this machine" in page
        assert "EMAIL_URL" in page
        assert "SMS_PROVIDER" in page


def test_a_mail_is_shown_with_headers_both_parts_and_its_image(reader_client: Client) -> None:
    page = body(reader_client, page_of(keep()))
    assert "Ada Lövelace &lt;ada@example.com&gt;" in page
    assert "Message-ID" in page
    assert f"Password: {PASSWORD}" in page
    assert f'<a href="{LINK}" rel="nofollow">{LINK}</a>' in page
    assert escape(f'<a href="{LINK}">Go</a><img src="data:image/png;base64,iVBOR') in page
    assert "cid:" not in page


def test_the_html_part_can_run_nothing_and_reach_nothing(reader_client: Client) -> None:
    source = mail_source(html='<script>alert(1)</script>"><script>alert(2)</script>')
    answer = reader_client.get(page_of(keep(content=source)))
    page = answer.content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "<script>alert" not in page
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_an_sms_is_shown_as_its_text(reader_client: Client) -> None:
    page = body(reader_client, page_of(keep("sms", f"Enroll: {LINK} <b>", "+491701234567")))
    assert f'Enroll: <a href="{LINK}" rel="nofollow">{LINK}</a> &lt;b&gt;' in page
    assert "<iframe" not in page


def test_the_source_is_a_file(reader_client: Client) -> None:
    mail, sms = keep(), keep("sms", "Grüße")
    answer = reader_client.get(source_of(mail))
    assert answer.content.decode() == mail.content
    assert answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Disposition"] == f'attachment; filename="message-{mail.pk}.eml"'
    answer = reader_client.get(source_of(sms))
    assert answer.content.decode() == "Grüße"
    assert answer["Content-Disposition"] == f'attachment; filename="message-{sms.pk}.txt"'


def test_secrets_are_not_kept_by_the_browser(reader_client: Client) -> None:
    message = keep()
    for address in (page_of(message), source_of(message)):
        assert "no-store" in reader_client.get(address)["Cache-Control"]


def test_the_mailbox_can_be_emptied(administrator_client: Client) -> None:
    keep()
    keep("sms", "Hello")
    assert "Empty the mailbox" in body(administrator_client, reverse(LIST))
    answer = administrator_client.post(reverse("admin:invitations_mailbox_empty"), follow=True)
    page = answer.content.decode()
    assert "2 messages were removed." in page
    assert AuditEntry.objects.get(additional_data__what="mailbox.emptied").additional_data["count"] == 2
    assert "Empty the mailbox" not in page
    assert not MailboxMessage.objects.exists()


def test_a_link_does_not_empty_the_mailbox(administrator_client: Client) -> None:
    keep()
    assert administrator_client.get(reverse("admin:invitations_mailbox_empty")).status_code == 405
    assert MailboxMessage.objects.count() == 1


def test_a_message_can_be_deleted(administrator_client: Client) -> None:
    message = keep()
    delete = reverse("admin:invitations_mailboxmessage_delete", args=[message.pk])
    assert delete in body(administrator_client, page_of(message))
    assert administrator_client.post(delete, {"post": "yes"}).status_code == 302
    assert not MailboxMessage.objects.exists()
    entry = AuditEntry.objects.get(additional_data__what="mailbox.deleted")
    assert (entry.object_id, entry.object_repr, entry.actor_name) == (message.pk, message.recipient, "administrator")


def test_ticked_messages_can_be_deleted(administrator_client: Client) -> None:
    kept = [keep(), keep("sms", "Hello"), keep()]
    ticked = {"action": "delete_selected", "_selected_action": [message.pk for message in kept[:2]], "post": "yes"}
    assert administrator_client.post(reverse(LIST), ticked).status_code == 302
    assert list(MailboxMessage.objects.all()) == kept[2:]
    entries = AuditEntry.objects.filter(additional_data__what="mailbox.deleted", object_id__isnull=False)
    assert {entry.object_id for entry in entries} == {message.pk for message in kept[:2]}


def test_a_reader_can_not_delete(reader_client: Client) -> None:
    message = keep()
    assert "Empty the mailbox" not in body(reader_client, reverse(LIST))
    assert reader_client.post(reverse("admin:invitations_mailbox_empty")).status_code == 403
    delete = reverse("admin:invitations_mailboxmessage_delete", args=[message.pk])
    assert reader_client.post(delete, {"post": "yes"}).status_code == 403
    reader_client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": message.pk, "post": "yes"})
    assert MailboxMessage.objects.count() == 1


@pytest.mark.parametrize("who", ["operator", "stranger", "changer"])
def test_nobody_else_reads_or_empties_it(who: str, operator: User, stranger: User) -> None:
    people = {"operator": operator, "stranger": stranger}
    rights = ("change_mailboxmessage", "delete_mailboxmessage", "view_invitation", "send_invitation")
    client = sign_in(people.get(who) or make_person("changer", rights))
    message = keep()
    for address in (reverse(LIST), page_of(message), source_of(message)):
        assert client.get(address).status_code == 403, address
    assert client.post(reverse("admin:invitations_mailbox_empty")).status_code == 403
    assert client.get(reverse("admin:invitations_mailboxmessage_add")).status_code == 403
    assert MailboxMessage.objects.count() == 1


def test_somebody_who_is_not_signed_in_is_asked_to(client: Client) -> None:
    message = keep()
    for address in (reverse(LIST), page_of(message), source_of(message)):
        assert client.get(address).status_code == 302, address


@pytest.mark.parametrize("key", ["0", "999999", "x", "99999999999999999999999"])
def test_a_message_that_is_not_there_is_said(administrator_client: Client, key: str) -> None:
    assert administrator_client.get(f"/admin/invitations/mailboxmessage/{key}/change/").status_code == 404
    if key != "x":
        assert administrator_client.get(f"/admin/invitations/mailboxmessage/{key}/source/").status_code == 404


def test_the_list_costs_the_same_for_two_messages_and_for_twenty(
    administrator_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(2):
        keep(recipient=f"user{number}@example.com")
    administrator_client.get(reverse(LIST))
    with CaptureQueriesContext(connection) as two:
        administrator_client.get(reverse(LIST))
    for number in range(2, 20):
        keep(recipient=f"user{number}@example.com")
    with django_assert_num_queries(len(two)):
        administrator_client.get(reverse(LIST))


# --- reading a mail --------------------------------------------------------------------------------------
def test_a_mail_of_djangos_own_classes_is_read_too() -> None:
    mail = EmailMultiAlternatives("Größe", "Text ä", "a@example.com", ["b@example.com"])
    mail.attach_alternative("<p>HTML ä</p>", "text/html")
    source = mail.message().as_bytes().decode()
    assert subject_of(source) == "Größe"
    assert read(source).text.strip() == "Text ä"
    assert "<p>HTML ä</p>" in read(source).html


@pytest.mark.parametrize(
    "source",
    [
        "",
        "no header",
        "Subject: =?utf-8?b?broken?=\n\nx",
        "Content-Type: text/plain; charset=nobody-knows\n\nx",
        "Content-Type: multipart/alternative\n\nno boundary",
        "Content-Type: image/png\nContent-ID: <x>\n\n%%%",
        "Subject: \udcff\n\n\udcff",
        'From: "\n\nx',
        "To: <\n\nx",
        "To: <a@[\n\nx",
        "Content-Type: <\nContent-Disposition: ;\nContent-Transfer-Encoding: <\n\nx",
    ],
)
def test_what_is_hardly_a_mail_is_shown_all_the_same(administrator_client: Client, source: str) -> None:
    assert isinstance(subject_of(source), str)
    read(source)
    kept = keep(content=source.encode("utf-8", "replace").decode() or " ")
    assert administrator_client.get(page_of(kept)).status_code == 200
    assert administrator_client.get(reverse(LIST)).status_code == 200


@pytest.mark.parametrize(("name", "value"), [("Message-ID", "<"), ("Message-ID", "<a@["), ("To", "<ä@[")])
def test_a_header_that_can_not_be_parsed_is_shown_as_it_stands(
    administrator_client: Client, name: str, value: str
) -> None:
    source = f"Subject: Hello\n{name}: {value}\n\nText"
    assert read(source).headers == (("Subject", "Hello"), (name, value))
    page = body(administrator_client, page_of(keep(content=source)))
    assert escape(value) in page
    assert "Text" in page

"""Can the texts be found, edited, previewed, tried out and restored, by those who may and by nobody else?"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from devices.models import Domain
from invitations.messages.shipped import shipped
from invitations.models import Invitation, MessageTemplate
from tests.conftest import make_person, sign_in
from tests.factories import DomainFactory
from tests.invitations.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db
LIST = "/admin/invitations/messagetemplate/"
GOOD = {"subject": "Hello {{ user_name }}", "text": "Go to {{ link }}", "html": "<p>Go to {{ link }}</p>"}


def row(channel: str = "email", language: str = "en", domain: Domain | None = None) -> MessageTemplate:
    return MessageTemplate.objects.get(channel=channel, language=language, domain=domain)


def url(template: MessageTemplate, page: str = "change") -> str:
    return f"{LIST}{template.pk}/{page}/"


def saved(client: Client, template: MessageTemplate, **fields: str) -> Any:
    return client.post(url(template), GOOD | fields)


def test_the_list_shows_the_shipped_texts_and_which_are_edited(administrator_client: Client) -> None:
    MessageTemplate.objects.filter(channel="sms", language="de").update(text="Neu {{ link }}")
    page = administrator_client.get(LIST).content.decode()
    assert page.count("As shipped") == 3
    assert page.count(">Edited<") + page.count("Edited\n") >= 1
    assert "All domains" in page


def test_a_text_is_saved_as_it_was_typed(administrator_client: Client) -> None:
    answer = saved(administrator_client, row(), text="One\r\nTwo {{ link }}\r\n")
    assert answer.status_code == 302
    assert (row().subject, row().text, row().html) == (GOOD["subject"], "One\nTwo {{ link }}", GOOD["html"])


def test_an_error_is_said_beside_its_field_and_nothing_is_saved(administrator_client: Client) -> None:
    answer = saved(administrator_client, row(), text="{{ link }} {{ user_nam }}")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="text-wrong" role="alert">Line 1: there is no variable “user_nam”. Did you mean “user_name”?' in page
    assert row().text == shipped("email", "en").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "Hello"}, "Write {{ link }} where every message has it"),
        ({"html": "<script>{{ link }}</script>"}, "&lt;script&gt; is not possible in a mail"),
        ({"subject": ""}, "Write a subject that is never empty."),
        ({"subject": "{{ one_time_password }}"}, "out of the subject"),
        ({"text": ""}, "This field is required."),
        ({"text": "{{ link }}\x00"}, "Null characters are not allowed."),
    ],
)
def test_what_can_not_be_sent_is_not_saved(administrator_client: Client, fields: dict[str, str], said: str) -> None:
    answer = saved(administrator_client, row(), **fields)
    assert answer.status_code == 200
    assert said in answer.content.decode()


def test_an_sms_is_saved_without_subject_and_html(administrator_client: Client) -> None:
    template = row("sms")
    page = administrator_client.get(url(template)).content.decode()
    assert 'name="html"' not in page
    assert "qr_code" not in page
    saved(administrator_client, template)
    assert (row("sms").subject, row("sms").text, row("sms").html) == ("", GOOD["text"], "")
    assert "SMS (" in saved(administrator_client, template, text="{{ link }}" + "x" * 300).content.decode()


def test_the_variables_stand_beside_the_form(administrator_client: Client) -> None:
    page = administrator_client.get(url(row())).content.decode()
    assert "<code>one_time_password</code>" in page
    assert "The password for this one enrollment; empty when the device has none." in page
    assert "<code>{{ user_name }}</code>" in page
    assert "<code>{% if is_reminder %}</code>" in page


def test_a_new_text_is_for_a_domain_and_begins_as_a_copy(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    answer = administrator_client.post(f"{LIST}add/", {"domain": domain.pk, "channel": "email", "language": "de"})
    made = row("email", "de", domain)
    assert answer.headers["Location"] == url(made)
    assert made.html == shipped("email", "de").html
    again = administrator_client.post(f"{LIST}add/", {"domain": domain.pk, "channel": "email", "language": "de"})
    assert "There is a text for this domain, channel and language already." in again.content.decode()


def test_a_second_text_for_all_domains_is_refused(administrator_client: Client) -> None:
    answer = administrator_client.post(f"{LIST}add/", {"domain": "", "channel": "email", "language": "de"})
    assert "There is a text for this domain, channel and language already." in answer.content.decode()


def test_a_domains_text_can_be_deleted_and_the_one_of_all_domains_not(administrator_client: Client) -> None:
    own = MessageTemplate.objects.create(domain=DomainFactory.create(), channel="sms", language="en", text="{{ link }}")
    assert administrator_client.post(url(own, "delete"), {"post": "yes"}).status_code == 302
    assert not MessageTemplate.objects.filter(pk=own.pk).exists()
    assert administrator_client.post(url(row(), "delete"), {"post": "yes"}).status_code == 403


# --- the preview -------------------------------------------------------------------------------------------
def test_the_preview_shows_what_is_typed_and_saves_nothing(administrator_client: Client) -> None:
    typed = GOOD | {"subject": "{% if is_reminder %}Again{% endif %} {{ user_name }}"}
    part = administrator_client.post(url(row(), "preview"), typed, headers={"X-Part": "1"}).content.decode()
    assert "<strong>Alexandra Smith</strong>" in part
    assert '<iframe class="ms-frame" sandbox=""' in part
    assert "<html" not in part.partition("srcdoc")[0]
    assert row().subject == shipped("email", "en").subject
    again = administrator_client.post(url(row(), "preview"), typed | {"is_reminder": "1"})
    assert "<strong>Again Alexandra Smith</strong>" in again.content.decode()


def test_the_preview_says_what_is_wrong(administrator_client: Client) -> None:
    typed = GOOD | {"html": "{{ link }}{{ x }}"}
    part = administrator_client.post(url(row(), "preview"), typed, headers={"X-Part": "1"})
    assert "<strong>HTML:</strong> Line 1: there is no variable “x”." in part.content.decode()


def test_the_preview_of_an_sms_counts_it(administrator_client: Client) -> None:
    part = administrator_client.post(url(row("sms"), "preview"), {"text": "{{ link }} €"}, headers={"X-Part": "1"})
    assert "<dd>GSM-7</dd>" in part.content.decode()
    assert "1 of at most 2" in part.content.decode()


def test_without_scripts_the_preview_is_a_page(administrator_client: Client) -> None:
    page = administrator_client.post(url(row(), "preview"), GOOD).content.decode()
    assert "<html" in page
    assert "<strong>Hello Alexandra Smith</strong>" in page
    assert url(row()) in page


def test_html_of_the_preview_can_not_leave_its_frame(administrator_client: Client) -> None:
    typed = GOOD | {"html": "</iframe><script>alert(1)</script>\"'>{{ link }}"}
    part = administrator_client.post(url(row(), "preview"), typed, headers={"X-Part": "1"}).content.decode()
    assert "<script>" not in part
    assert part.count("</iframe>") == 1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "subject": "\x00",
            "text": "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
            "html": "<" * 9_999,
        },
        {"text": "{% if link %}" * 300 + "{% endif %}" * 300},
        {"text": "{{ valid_days|first }}", "html": "<!--[if" * 99 + "<style>" + "{{" * 999},
        {"html": "x" * 200_000},
    ],
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_preview_of_rubbish_is_an_answer(
    administrator_client: Client, channel: str, fields: dict[str, str]
) -> None:
    answer = administrator_client.post(url(row(channel), "preview"), fields)
    assert answer.status_code == 200
    assert "This can&#x27;t be saved yet:" in answer.content.decode() or "can't be saved yet" in answer.content.decode()


# --- the test message --------------------------------------------------------------------------------------
def test_a_test_message_arrives_with_samples_by_the_channel_of_invitations(
    administrator: User, administrator_client: Client, smtp_server: SmtpServer
) -> None:
    User.objects.filter(pk=administrator.pk).update(email="root@example.com")
    answer = administrator_client.post(url(row(), "test"), GOOD, headers={"X-Part": "1"})
    assert "The test message to root@example.com was handed over." in answer.content.decode()
    (received,) = smtp_server.messages
    message = received.parsed
    assert message["Subject"] == "Test: Hello Alexandra Smith"
    assert "sample-link-opens-nothing" in str(message.get_body(("plain",)))
    assert not Invitation.objects.exists()


def test_what_the_mail_server_says_is_said(
    administrator: User, administrator_client: Client, settings: Settings
) -> None:
    User.objects.filter(pk=administrator.pk).update(email="root@example.com")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = administrator_client.post(url(row(), "test"), GOOD).content.decode()
    assert "The test message was not sent." in page
    assert "127.0.0.1:9" in page


def test_without_an_address_of_ones_own_nothing_is_sent(administrator_client: Client) -> None:
    page = administrator_client.post(url(row(), "test"), GOOD).content.decode()
    assert "Your account has no e-mail address. Enter one under Admin &gt; Administrators." in page


@pytest.mark.parametrize("number", ["", "123", "0170 1234567", "x" * 500, "+49"])
def test_a_test_sms_needs_a_phone_number(administrator_client: Client, number: str) -> None:
    page = administrator_client.post(url(row("sms"), "test"), {"text": "{{ link }}", "test_number": number})
    assert "Enter a phone number with its country code" in page.content.decode()


def test_a_text_with_errors_is_not_tried_out(administrator_client: Client) -> None:
    page = administrator_client.post(url(row(), "test"), GOOD | {"text": "{{ x }}"}).content.decode()
    assert "there is no variable “x”" in page


# --- the shipped text --------------------------------------------------------------------------------------
def test_the_shipped_text_comes_back_after_a_question(administrator_client: Client) -> None:
    MessageTemplate.objects.filter(pk=row().pk).update(**GOOD)
    page = administrator_client.get(url(row(), "restore")).content.decode()
    assert "Restore the shipped text?" in page
    assert row().text == GOOD["text"]
    assert administrator_client.post(url(row(), "restore")).headers["Location"] == url(row())
    assert row().html == shipped("email", "en").html
    history = administrator_client.get(url(row(), "history")).content.decode()
    assert "administrator" in history


# --- who may -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["preview", "test", "restore"])
def test_a_stranger_and_a_reader_change_and_send_nothing(stranger_client: Client, page: str) -> None:
    reader = sign_in(make_person("reader", ("view_messagetemplate",)))
    for client in (stranger_client, reader):
        assert client.post(url(row(), page), GOOD).status_code == 403
        assert client.get(url(row(), page)).status_code == 403
    assert Client().get(url(row(), page)).status_code == 302


def test_a_reader_sees_text_and_preview_and_can_not_save() -> None:
    reader = sign_in(make_person("reader", ("view_messagetemplate",)))
    page = reader.get(url(row())).content.decode()
    assert "<textarea" not in page
    assert 'name="_save"' not in page
    assert "{{ one_time_password }}" in page
    assert 'class="ms-frame"' in page
    assert reader.post(url(row()), GOOD).status_code == 403


def test_a_text_that_is_not_there_is_not_found(administrator_client: Client) -> None:
    for page in ("preview", "test", "restore"):
        assert administrator_client.post(f"{LIST}{10**30}/{page}/", GOOD).status_code in (302, 404)
        assert administrator_client.post(f"{LIST}987654/{page}/", GOOD).status_code == 404


def test_pages_have_names() -> None:
    assert reverse("admin:message_preview", args=[1]) == f"{LIST}1/preview/"

"""Does Admin > Mail and SMS say by which way messages leave, without secrets, and does a test message leave by it?"""

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from tests.conftest import make_person, sign_in
from tests.factories import DomainFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PAGE = "/console/mail/"


def test_the_server_is_shown_and_its_password_is_not(administrator_client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp.example.com", 587
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD, settings.EMAIL_USE_TLS = "portal", "hush-hush", True
    settings.SMS_PROVIDER, settings.TWILIO_AUTH_TOKEN = "twilio", "also-hush"
    page = administrator_client.get(PAGE).content.decode()
    assert "smtp.example.com:587" in page
    assert "STARTTLS" in page
    assert "Twilio" in page
    assert "hush" not in page


def test_what_the_checks_find_stands_above(administrator_client: Client, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "nobody"
    assert "that is no e-mail address" in administrator_client.get(PAGE).content.decode().replace("&#x27;", "'")


def test_a_test_mail_goes_to_oneself(administrator_client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    person = make_person("ada", superuser=True)
    person.email = "ada@example.com"
    person.save()
    answer = sign_in(person).post(PAGE, {"channel": "email"}, follow=True)
    assert "The test message to ada@example.com was handed over." in answer.content.decode()
    assert [sent.to for sent in mail.outbox] == [["ada@example.com"]]


def test_without_an_address_it_says_where_to_enter_one(administrator_client: Client) -> None:
    answer = administrator_client.post(PAGE, {"channel": "email"}, follow=True).content.decode()
    assert "The test message was not sent. Your account has no e-mail address." in answer


def test_a_number_that_is_none_is_said(administrator_client: Client) -> None:
    answer = administrator_client.post(PAGE, {"channel": "sms", "number": "12"}, follow=True).content.decode()
    assert "Enter a phone number with its country code" in answer


def test_it_is_for_people_with_all_domains_and_the_permission(stranger_client: Client) -> None:
    assert stranger_client.get(PAGE).status_code == 403
    rights = ("view_messagetemplate", "change_messagetemplate")
    one = sign_in(make_person("one", rights, domains=[DomainFactory.create()]))
    assert one.get(PAGE).status_code == 403
    viewer = sign_in(make_person("viewer", ("view_messagetemplate",)))
    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(PAGE, {"channel": "email"}).status_code == 403

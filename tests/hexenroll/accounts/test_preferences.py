"""In which language and time zone does a person see the console, and what of themselves do they change?"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from hexenroll.accounts.preferences import PreferencesMiddleware
from hexenroll.models import Preferences
from tests.conftest import make_person, sign_in
from tests.hexenroll.accounts.signing_in import LOGIN, PASSWORD, make_account

pytestmark = pytest.mark.django_db
PAGE = "/accounts/preferences/"
FACTS = {"first_name": "Ada", "last_name": "Lovelace", "email": "", "language": "", "time_zone": "Europe/Berlin"}


@pytest.fixture
def two_languages(settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]


def test_preferences_are_kept_and_shown_again() -> None:
    client = sign_in(make_person("ada"))
    assert client.post(PAGE, FACTS).headers["Location"] == PAGE
    page = client.get(PAGE).content.decode()
    assert 'value="Lovelace"' in page
    assert '<option value="Europe/Berlin" selected>' in page
    assert "Your preferences are saved." in page


def test_an_unknown_time_zone_is_refused() -> None:
    client = sign_in(make_person("ada"))
    page = client.post(PAGE, FACTS | {"time_zone": "Mars/Olympus"}).content.decode()
    assert "Select a valid choice." in page
    assert not Preferences.objects.exists()


def test_pages_are_made_in_the_time_zone_of_the_person() -> None:
    person = make_person("ada")
    Preferences.objects.create(person=person, time_zone="Asia/Tokyo")
    request = RequestFactory().get("/admin/")
    request.user = person
    answer = PreferencesMiddleware(lambda request: HttpResponse(timezone.get_current_timezone_name()))(request)
    assert isinstance(answer, HttpResponse)
    assert answer.content == b"Asia/Tokyo"
    assert timezone.get_current_timezone_name() == "UTC", "the next request of this thread is somebody else's"


def test_the_console_speaks_the_language_of_the_person(two_languages: None) -> None:
    person = make_person("ada")
    Preferences.objects.create(person=person, language="de")
    assert '<html lang="de"' in sign_in(person).get(PAGE).content.decode()


def test_a_language_that_is_gone_is_passed_over() -> None:
    person = make_person("ada")
    Preferences.objects.create(person=person, language="xx")
    assert '<html lang="en"' in sign_in(person).get(PAGE).content.decode()


def test_preferences_cost_a_page_no_query(django_assert_num_queries: Any) -> None:
    person = make_person("ada")
    Preferences.objects.create(person=person, time_zone="Asia/Tokyo")
    client = sign_in(person)
    with django_assert_num_queries(2):
        client.get("/admin/jsi18n/")


def test_nobody_takes_the_email_address_of_another_account() -> None:
    make_person("boss")
    User.objects.filter(username="boss").update(email="boss@example.com")
    person = make_person("ada")
    answer = sign_in(person).post(PAGE, FACTS | {"email": "Boss@example.com"})
    assert "Another account has this e-mail address." in answer.content.decode()
    person.refresh_from_db()
    assert person.email == ""


def test_a_new_email_address_asks_for_the_password_first_and_tells_the_old_one(client: Client) -> None:
    person = make_account(email="old@example.com")
    client.post(LOGIN, {"login": "admin", "password": PASSWORD})
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 3_600
    session.save()
    changed = FACTS | {"email": "new@example.com"}
    assert client.post(PAGE, changed).headers["Location"].startswith("/accounts/reauthenticate/")
    person.refresh_from_db()
    assert person.email == "old@example.com"
    assert mail.outbox == []

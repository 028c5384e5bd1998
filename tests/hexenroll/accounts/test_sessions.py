"""Where is somebody signed in, and when does that end?"""

import time
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from hexenroll.accounts.session_age import BEGAN, SEEN
from hexenroll.accounts.sessions import forget_ended_sessions, sign_out_everywhere
from hexenroll.models import AuditEntry
from tests.hexenroll.accounts.signing_in import LOGIN, PASSWORD, is_signed_in, make_account

pytestmark = pytest.mark.django_db
LIST = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(name: str = "admin", **request: str) -> Client:
    client = Client(**request)  # type: ignore[arg-type]
    client.post(LOGIN, {"login": name, "password": PASSWORD})
    assert is_signed_in(client)
    return client


def is_open(client: Client) -> bool:
    return client.get(LIST).status_code == 200


@pytest.fixture
def person() -> Any:
    return make_account()


def test_the_list_names_browser_and_address_of_each_session(person: Any) -> None:
    signed_in(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")
    page = signed_in().get(LIST).content.decode()
    assert "Firefox on Windows" in page
    assert "From 192.0.2.7" in page
    assert page.count("This browser") == 1


def test_all_other_sessions_end_at_once_and_this_one_stays(person: Any) -> None:
    here, there, elsewhere = signed_in(), signed_in(), signed_in()
    assert here.post(LIST).headers["Location"] == LIST
    assert [is_open(client) for client in (here, there, elsewhere)] == [True, False, False]


def test_one_session_can_be_ended_and_nobody_elses(person: Any) -> None:
    other = make_account("other")
    here, there, theirs = signed_in(), signed_in(), signed_in("other")
    key = UserSession.objects.get(session_key=there.session.session_key).pk
    here.post(LIST, {"session": str(UserSession.objects.get(user=other).pk)})
    here.post(LIST, {"session": str(key)})
    assert [is_open(client) for client in (here, there, theirs)] == [True, False, True]


def test_an_administrator_signs_somebody_out_everywhere(person: Any, django_assert_max_num_queries: Any) -> None:
    make_account("other")
    clients = [signed_in(), signed_in(), signed_in("other")]
    with django_assert_max_num_queries(9):
        assert sign_out_everywhere(person) == 2
    entry = AuditEntry.objects.get(additional_data__what="account.sessions_ended")
    assert (entry.object_id, entry.object_repr) == (person.pk, person.username)
    assert [is_open(client) for client in clients] == [False, False, True]


def test_a_closed_account_is_signed_out_and_stays_so_when_it_is_opened_again(person: Any) -> None:
    client = signed_in()
    person.is_active = False
    person.save()
    assert not is_open(client)
    person.is_active = True
    person.save()
    assert not is_open(client)


def test_a_new_password_ends_all_other_sessions(person: Any) -> None:
    here, there = signed_in(), signed_in()
    new = "a-new-password-of-mine"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert [is_open(here), is_open(there)] == [True, False]
    assert here.get(LIST).content.decode().count("From 127.0.0.1") == 1


@pytest.mark.parametrize(("clock", "minutes"), [(BEGAN, 12 * 60 + 1), (SEEN, 61)])
def test_a_session_ends_when_it_is_old_or_idle(person: Any, clock: str, minutes: int) -> None:
    client = signed_in()
    session = client.session
    session[clock] = time.time() - minutes * 60
    session.save()
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/admin/"
    assert "this session is over" in answer.content.decode()
    assert not UserSession.objects.exists()


def test_a_session_that_is_used_goes_on_and_is_noted_now_and_then(person: Any) -> None:
    client = signed_in()
    before = client.session[SEEN]
    client.get(LIST)
    assert client.session[SEEN] == before
    session = client.session
    session[SEEN] = before - 10 * 60
    session.save()
    client.get(LIST)
    assert client.session[SEEN] > before


def test_what_is_left_of_ended_sessions_is_cleared_away(person: Any) -> None:
    client = signed_in()
    signed_in()
    Session.objects.filter(session_key=client.session.session_key).delete()
    assert forget_ended_sessions() == 1
    assert UserSession.objects.count() == 1

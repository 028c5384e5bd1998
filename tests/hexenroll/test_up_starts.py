"""Does `manage.py up` start the portal, or say in a sentence why it can't?"""

import os
import re
import socket
import urllib.request

import pytest

from tests.portal import MakePortal, Portal, free_port, wait_until

pytestmark = pytest.mark.once


def say_of(portal: Portal) -> str:
    """Run `up` to its end, which must be a failure; return what it said."""
    answer = portal.manage("up")
    assert answer.returncode == 1, answer.stdout
    assert "Traceback" not in answer.stderr
    return answer.stderr


def can_sign_in(portal: Portal, password: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), urllib.request.ProxyHandler({}))
    page = opener.open(f"{portal.base_url}/admin/?next=/", timeout=10).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    data = f"csrfmiddlewaretoken={token[1]}&login=admin&password={password}&next=/admin/".encode()
    answer = opener.open(f"{portal.base_url}/accounts/login/", data, timeout=10)
    return str(answer.url) == f"{portal.base_url}/admin/"


def test_the_first_start_prints_address_and_password_once_and_the_second_only_the_address(
    make_portal: MakePortal,
) -> None:
    portal = make_portal().start(from_nothing=True)
    assert f"Ready: {portal.base_url}/" in portal.output
    assert len(portal.password) >= 16
    assert can_sign_in(portal, portal.password)
    assert not can_sign_in(portal, "wrong")
    log = portal.data / "log" / "web.log"
    wait_until(lambda: "GET /admin/" in log.read_text(), 5)
    assert "next=" not in log.read_text(), "a query may hold a token"
    assert portal.stop() == 0
    assert portal.lines[-1] == "Stopped."
    first = portal.output
    assert first.count(portal.password) == 1
    portal.lines.clear()
    portal.start()
    assert "assword" not in portal.output
    assert can_sign_in(portal, portal.password)


def test_the_administrators_password_can_be_given_and_is_not_printed(make_portal: MakePortal) -> None:
    portal = make_portal(HEXENROLL_ADMIN_PASSWORD="correct-horse").start()
    assert "correct-horse" not in portal.output
    assert can_sign_in(portal, "correct-horse")


def test_a_second_start_on_the_same_data_says_who_runs_there(portal: Portal) -> None:
    said = say_of(portal)
    assert f"hexenroll runs already on the data folder {portal.data}" in said
    assert portal.base_url in said
    assert "set HEXENROLL_DATA to another folder" in said
    assert portal.is_running()


def test_a_taken_port_is_said_with_another_one_to_take(make_portal: MakePortal) -> None:
    portal = make_portal()
    with socket.create_server(("127.0.0.1", portal.port)):
        said = say_of(portal)
    assert f"Port {portal.port} on 127.0.0.1 is taken by another program." in said
    assert f"PORT={portal.port + 1} make run" in said


def test_an_address_of_another_machine_is_said(make_portal: MakePortal) -> None:
    assert "HEXENROLL_LISTEN=192.0.2.1 is no address of this machine" in say_of(
        make_portal(HEXENROLL_LISTEN="192.0.2.1")
    )


def test_a_wrong_setting_is_said_before_anything_starts(make_portal: MakePortal) -> None:
    portal = make_portal(PORT="http")
    said = say_of(portal)
    assert "(hexenroll.E002) PORT is 'http': it must be a whole number from 1 to 65535." in said
    assert not (portal.data / "db.sqlite3").exists()


def test_a_data_folder_that_the_process_manager_can_not_name_is_said(make_portal: MakePortal) -> None:
    portal = make_portal()
    said = say_of(make_portal(HEXENROLL_DATA=str(portal.data / "100%;")))
    assert "contains % or ;" in said
    assert "set HEXENROLL_DATA" in said


def test_a_data_folder_with_spaces_and_far_too_long_for_a_socket_works(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.data = portal.data / ("päth with spaces/" * 6)
    portal.environment["HEXENROLL_DATA"] = str(portal.data)
    portal.start(from_nothing=True)
    assert portal.stop() == 0


def test_a_database_that_does_not_answer_is_said(make_portal: MakePortal) -> None:
    said = say_of(make_portal(DATABASE_URL=f"postgresql://me:sesame@127.0.0.1:{free_port()}/portal"))
    assert "The database doesn't answer" in said
    assert "Check DATABASE_URL." in said
    assert "sesame" not in said


def test_a_broker_that_does_not_answer_is_said(make_portal: MakePortal) -> None:
    said = say_of(make_portal(REDIS_URL=f"redis://:sesame@127.0.0.1:{free_port()}/0"))
    assert "The broker doesn't answer" in said
    assert "unset it: then hexenroll runs its own" in said
    assert "sesame" not in said


def test_a_broker_of_ones_own_is_used_and_none_is_started(make_portal: MakePortal) -> None:
    portal = make_portal(REDIS_URL=os.environ["REDIS_URL"]).start()
    assert portal.pids("valkey") == []
    assert portal.pids("worker")

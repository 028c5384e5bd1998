"""Answers that Apple wouldn't give: no JSON, wrong types, too much, too slow, elsewhere. And no secret anywhere."""

import gzip
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from enrollment.ade.client import Client
from enrollment.ade.errors import AdeError, UnavailableError, UnexpectedAnswerError
from enrollment.ade.exchange import MAX_ANSWER
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.asking import Asking, asking, token_of

pytestmark = pytest.mark.once

FETCH = "POST /server/devices"
PAGE = {"devices": [], "cursor": "c", "fetched_until": "2026-11-22T00:00:00Z", "more_to_follow": False}


def error_of_page(ade_simulator: Simulator, body: str) -> AdeError:
    ade_simulator.script(FETCH, status=200, body=body)
    with pytest.raises(AdeError) as caught:
        asking(ade_simulator).fetch_devices()
    return caught.value


# --- what it says ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body", ["", "OK", '{"devices": [', "{'a': 1}", "<html></html>", "[" * 100_000, '{"cursor": ' + "1" * 5000 + "}"]
)
def test_what_is_no_json_is_unexpected(ade_simulator: Simulator, body: str) -> None:
    error = error_of_page(ade_simulator, body)
    assert (type(error), error.code) == (UnexpectedAnswerError, "not_json")


@pytest.mark.parametrize("body", ["[]", "null", "7", '"OK"', "true"])
def test_json_that_is_no_object_is_unexpected(ade_simulator: Simulator, body: str) -> None:
    error = error_of_page(ade_simulator, body)
    assert (type(error), error.code) == (UnexpectedAnswerError, "not_an_object")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("devices", None),
        ("devices", "none"),
        ("devices", {"serial_number": "C02"}),
        ("devices", ["C02"]),
        ("devices", [None]),
        ("cursor", None),
        ("cursor", ""),
        ("cursor", 7),
        ("cursor", "c" * 1001),
        ("cursor", "a\0b"),
        ("more_to_follow", None),
        ("more_to_follow", "false"),
        ("more_to_follow", 1),
    ],
)
def test_a_page_with_a_field_of_another_type_is_unexpected(ade_simulator: Simulator, name: str, value: Any) -> None:
    error = error_of_page(ade_simulator, json.dumps(PAGE | {name: value}))
    assert (type(error), error.code) == (UnexpectedAnswerError, f"field_{name}")


@pytest.mark.parametrize("name", ["devices", "cursor", "more_to_follow"])
def test_a_page_without_a_field_is_unexpected(ade_simulator: Simulator, name: str) -> None:
    error = error_of_page(ade_simulator, json.dumps({key: value for key, value in PAGE.items() if key != name}))
    assert error.code == f"field_{name}"


@pytest.mark.parametrize("until", [None, 7, "soon", "0001-01-01T00:00:00+14:00"])
def test_a_page_without_its_moment_is_read_all_the_same(ade_simulator: Simulator, until: Any) -> None:
    ade_simulator.script(FETCH, status=200, body=json.dumps(PAGE | {"fetched_until": until}))
    assert asking(ade_simulator).fetch_devices().fetched_until is None


def test_a_page_with_no_devices_is_empty(ade_simulator: Simulator) -> None:
    ade_simulator.script(FETCH, status=200, body=json.dumps(PAGE | {"new": [1]}))
    assert asking(ade_simulator).fetch_devices().devices == []


def test_a_page_of_changes_may_leave_them_out(ade_simulator: Simulator) -> None:
    ade_simulator.script("POST /devices/sync", status=200, body='{"cursor": "c", "more_to_follow": false}')
    assert asking(ade_simulator).sync_devices("b").devices == []


@pytest.mark.parametrize(
    ("endpoint", "call", "body", "code"),
    [
        ("GET /account", lambda client: client.account(), "{}", "field_server_name"),
        (
            "GET /account",
            lambda client: client.account(),
            '{"server_name": "a", "server_uuid": "b", "urls": 5}',
            "field_urls",
        ),
        ("GET /account", lambda client: client.account(), '{"server_name": 5}', "field_server_name"),
        ("POST /devices", lambda client: client.device_details(["A"]), '{"devices": [1]}', "field_devices"),
        ("POST /devices", lambda client: client.device_details(["A"]), '{"devices": {"A": 1}}', "field_devices"),
        ("POST /profile", lambda client: client.define_profile({}), "{}", "field_profile_uuid"),
        ("POST /profile", lambda client: client.define_profile({}), '{"profile_uuid": ""}', "field_profile_uuid"),
        (
            "POST /profile/devices",
            lambda client: client.assign_profile("P", ["A"]),
            '{"devices": {"A": null}}',
            "field_devices",
        ),
        (
            "POST /profile/devices",
            lambda client: client.assign_profile("P", ["A"]),
            '{"retry_after_seconds": "60"}',
            "field_retry_after_seconds",
        ),
        ("DELETE /profile/devices", lambda client: client.remove_profile(["A"]), '{"devices": "A"}', "field_devices"),
    ],
)
def test_each_endpoints_answer_is_checked(
    ade_simulator: Simulator, endpoint: str, call: Callable[[Client], Any], body: str, code: str
) -> None:
    ade_simulator.script(endpoint, status=200, body=body)
    with pytest.raises(UnexpectedAnswerError) as caught:
        call(asking(ade_simulator))
    assert caught.value.code == code


def test_limits_that_are_none_are_passed_over(ade_simulator: Simulator) -> None:
    limits = [None, 5, {}, {"maximum": "1000"}, {"maximum": 0}, {"maximum": True}, {"maximum": 500}]
    ade_simulator.change_account(urls=[{"uri": f"/{number}", "limit": limit} for number, limit in enumerate(limits)])
    assert asking(ade_simulator).account().limits == {"/6": 500}


# --- how it comes ----------------------------------------------------------------------------------------
def test_an_answer_that_does_not_end_is_left(ade_simulator: Simulator) -> None:
    ade_simulator.script(FETCH, status=200, body=" " * (MAX_ANSWER + 1))
    with pytest.raises(UnexpectedAnswerError, match="too_large"):
        asking(ade_simulator).fetch_devices()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nothing_is_sent_elsewhere(ade_simulator: Simulator, status: int) -> None:
    for endpoint in ("GET /session", FETCH):
        ade_simulator.clear_requests()
        ade_simulator.script(endpoint, status=status, headers={"Location": f"{ade_simulator.base_url}/account"})
        with pytest.raises(UnexpectedAnswerError, match="redirect"):
            asking(ade_simulator).fetch_devices()
        assert not ade_simulator.requests("GET /account")


def test_nobody_listening_is_no_connection(ade_simulator: Simulator) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        client = Asking(token_of(ade_simulator), f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(UnavailableError, match="no_connection"):
            client.account()


@contextmanager
def answering(*pieces: bytes, pause: float = 0) -> Iterator[str]:
    """Answer every request with these bytes, whatever it asks; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return  # the test is over
                with connection:
                    connection.recv(65536)
                    try:
                        for piece in pieces:
                            connection.sendall(piece)
                            time.sleep(pause)
                    except OSError:
                        pass  # the client has heard enough

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_a_server_that_drips_does_not_hold_the_worker(ade_simulator: Simulator) -> None:
    with answering(HEAD + b"Content-Length: 1000\r\n\r\n", *[b" "] * 1000, pause=0.02) as url:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="timed_out"):
            Asking(token_of(ade_simulator), url, timeout=0.1).account()
    assert time.monotonic() - began < 3


def test_a_small_answer_cannot_unpack_to_a_huge_one(ade_simulator: Simulator) -> None:
    packed = gzip.compress(b" " * (3 * MAX_ANSWER))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with (
        answering(head + packed) as url,
        pytest.raises(UnexpectedAnswerError, match="too_large"),
    ):
        Asking(token_of(ade_simulator), url).account()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01 no HTTP at all\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"Content-Length: 50\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"A: b\r\n" * 200 + b"\r\n{}",
    ],
)
def test_what_is_no_http_is_unavailable(ade_simulator: Simulator, answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(UnavailableError):
        Asking(token_of(ade_simulator), url).account()


def test_a_packed_answer_is_read(ade_simulator: Simulator) -> None:
    packed = gzip.compress(b'{"auth_session_token": "a"}')
    with answering(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed) as url:
        client = Asking(token_of(ade_simulator), url)
        client.session()
    assert client._exchange.session == "a"


# --- secrets ---------------------------------------------------------------------------------------------
def test_no_error_log_or_name_shows_a_secret(ade_simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    values = ade_simulator.token()
    secrets = [value for name, value in values.items() if name != "access_token_expiry"]
    client = asking(ade_simulator)
    client.fetch_devices()
    session = client._exchange.session
    shown = [repr(client), repr(client._exchange), str(vars(client))]
    for status, body in (
        (400, secrets[1]),
        (401, " ".join(secrets)),
        (403, session),
        (503, session),
        (200, session),
        (302, session),
    ):
        for endpoint in ("GET /session", FETCH):
            ade_simulator.script(endpoint, status=status, body=body, times=3)
            with pytest.raises(AdeError) as caught:
                asking(ade_simulator).fetch_devices()
            shown += [str(caught.value), repr(caught.value), caught.value.code]
            shown += traceback.format_exception(caught.value)
            ade_simulator.clear_scripts()
    ade_simulator.script("*", drop="half", times=None)
    with pytest.raises(UnavailableError) as broken:
        asking(ade_simulator).fetch_devices()
    shown += traceback.format_exception(broken.value)
    everything = "\n".join([*shown, caplog.text])
    for secret in (*secrets, session):
        assert len(secret) > 20
        assert secret not in everything

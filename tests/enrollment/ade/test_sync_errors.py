"""What does a sync do about each trouble with Apple? The table of PROTOCOLS.md, section 1, against the simulator."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from enrollment.ade import runs, standing
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import (
    DELTA,
    FULL,
    account_of,
    assert_equals_apples,
    carried_out,
    counts,
    synced,
)

pytestmark = pytest.mark.django_db

State, Kind, Account = AdeSync.State, AdeSync.Kind, AdeAccount.State


@pytest.fixture
def account(ade_simulator: Simulator) -> AdeAccount:
    """Return an account that was synced; Apple has changed something since."""
    serials = ade_simulator.add(12, os="iOS")
    account = account_of(ade_simulator, page=5)
    assert synced(account).state == State.DONE
    ade_simulator.change(serials[:1], color="PLUM")
    ade_simulator.delete(serials[1:2])
    ade_simulator.add(1, os="iOS")
    ade_simulator.clear_requests()
    account.refresh_from_db()
    return account


# --- of the account ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("endpoint", "status", "body", "state", "words"),
    [
        ("*", 403, '"T_C_NOT_SIGNED"', Account.TERMS_NOT_SIGNED, "accepts them"),
        (DELTA, 403, "T_C_NOT_SIGNED", Account.TERMS_NOT_SIGNED, "accepts them"),
        ("*", 403, "ACCESS_DENIED", Account.ACCESS_DENIED, "whether the server is still there"),
        (DELTA, 403, "FORBIDDEN", Account.ACCESS_DENIED, "whether the server is still there"),
        ("GET /session", 401, "", Account.TOKEN_REFUSED, "upload it here"),
        ("GET /session", 401, "oauth_problem=token_expired", Account.EXPIRED, "upload it here"),
    ],
)
def test_a_state_of_the_account_is_shown_and_cleared_by_the_first_success(
    ade_simulator: Simulator, account: AdeAccount, endpoint: str, status: int, body: str, state: str, words: str
) -> None:
    cursor = account.cursor
    ade_simulator.script(endpoint, status=status, body=body, times=None)
    run = synced(account)
    assert (run.state, run.account.state, run.account.cursor) == (State.FAILED, state, cursor)
    assert run.error
    assert run.error == run.account.last_error
    assert words in str(standing.advice_of(run.account).to_do)
    ade_simulator.clear_scripts()
    run = synced(account)
    assert (run.state, run.account.state, run.account.last_error) == (State.DONE, Account.OK, "")
    assert_equals_apples(account, ade_simulator)


def test_forbidden_once_is_a_session_that_is_over(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(DELTA, status=403, body="FORBIDDEN", times=1)
    assert counts(synced(account)) == (1, 1, 1, 1, 1)


# --- of the cursor -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("word", ["EXPIRED_CURSOR", "INVALID_CURSOR", "CURSOR_REQUIRED"])
def test_a_refused_cursor_is_forgotten_and_the_whole_list_is_read(
    ade_simulator: Simulator, account: AdeAccount, word: str
) -> None:
    ade_simulator.script(DELTA, status=400, body=f'"{word}"')
    run = synced(account)
    assert (run.state, run.kind, run.is_begun_anew, run.account.state) == (State.DONE, Kind.FULL, True, Account.OK)
    assert counts(run) == (1, 1, 1, 1, 1)
    assert_equals_apples(account, ade_simulator)
    assert len(ade_simulator.requests(FULL)) == 3


def test_a_cursor_of_eight_days_ago_is_no_trouble(ade_simulator: Simulator, account: AdeAccount) -> None:
    AdeAccount.objects.filter(pk=account.pk).update(full_at=timezone.now())
    ade_simulator.pass_time(days=8)
    run = synced(account)
    assert (run.state, run.is_begun_anew) == (State.DONE, True)
    assert_equals_apples(account, ade_simulator)


def test_a_second_refusal_in_one_run_ends_it(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(DELTA, status=400, body='"EXPIRED_CURSOR"', times=None)
    run = synced(account)
    assert (run.state, run.error) == (State.FAILED, "EXPIRED_CURSOR")
    ade_simulator.clear_scripts()
    assert synced(account).state == State.DONE
    assert_equals_apples(account, ade_simulator)


def test_a_cursor_refused_in_the_middle_of_the_list_begins_it_anew(
    ade_simulator: Simulator, account: AdeAccount
) -> None:
    ade_simulator.script(FULL, status=400, body='"INVALID_CURSOR"', after=1)
    run = synced(account, full=True)
    assert (run.state, run.pages, run.is_begun_anew) == (State.DONE, 5, True)
    assert_equals_apples(account, ade_simulator)


def test_what_went_between_the_two_beginnings_is_removed(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(FULL, status=503, headers={"Retry-After": "600"}, after=1)
    run = synced(account, full=True)
    assert run.state == State.QUEUED
    ade_simulator.delete(list(ade_simulator.devices())[:1], told=False)
    ade_simulator.script(FULL, status=400, body='"INVALID_CURSOR"')
    assert carried_out(run).state == State.DONE
    assert_equals_apples(account, ade_simulator)


def test_an_exhausted_cursor_goes_on_with_the_changes_and_removes_nothing(
    ade_simulator: Simulator, account: AdeAccount
) -> None:
    listed = AdeDevice.objects.listed().count()
    ade_simulator.script(FULL, status=400, body='"EXHAUSTED_CURSOR"', after=1)
    ade_simulator.script(DELTA, body='{"cursor": "later", "devices": [], "more_to_follow": false}', status=200)
    run = synced(account, full=True)
    assert (run.state, run.deleted, run.account.cursor) == (State.DONE, 0, "later")
    assert AdeDevice.objects.listed().count() >= listed
    (asked,) = ade_simulator.requests(DELTA)
    assert asked.cursor == ade_simulator.requests(FULL)[0].new_cursor
    assert run.account.full_at == account.full_at


# --- that pass ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("script", "state", "code"),
    [
        ({"status": 429, "headers": {"Retry-After": "120"}}, Account.THROTTLED, "http_429"),
        ({"status": 503, "headers": {"Retry-After": "120"}}, Account.UNREACHABLE, "http_503"),
        ({"status": 500, "headers": {"Retry-After": "120"}}, Account.UNREACHABLE, "http_500"),
    ],
)
def test_a_long_wait_is_the_runs_and_the_cursor_stays(
    ade_simulator: Simulator, account: AdeAccount, script: dict[str, Any], state: str, code: str
) -> None:
    cursor = account.cursor
    ade_simulator.script(DELTA, **script)
    run = synced(account)
    assert (run.state, run.error, run.tries, run.claim) == (State.QUEUED, code, 1, None)
    assert (run.account.state, run.account.cursor) == (state, cursor)
    assert run.next_at is not None
    assert timedelta(seconds=110) < run.next_at - timezone.now() < timedelta(seconds=180)
    run = carried_out(run)
    assert (run.state, run.tries, run.error, run.account.state) == (State.DONE, 0, "", Account.OK)
    assert_equals_apples(account, ade_simulator)


def test_a_short_wait_is_waited_out_at_once(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(DELTA, status=503, headers={"Retry-After": "1"})
    assert synced(account).state == State.DONE


def test_a_page_whose_answer_got_lost_is_asked_for_again(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(FULL, drop="half", after=1)
    ade_simulator.script(FULL, drop="unanswered", after=2)
    run = synced(account, full=True)
    assert run.state == State.DONE
    assert_equals_apples(account, ade_simulator)


def test_an_answer_that_makes_no_sense_is_tried_again_later(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(DELTA, status=200, body="<html>Sign in to the hotel's network</html>")
    run = synced(account)
    assert (run.state, run.error, run.account.state) == (State.QUEUED, "not_json", Account.UNREACHABLE)
    assert carried_out(run).state == State.DONE


def test_a_cursor_that_stands_still_ends_no_worker(ade_simulator: Simulator, account: AdeAccount) -> None:
    same = f'{{"cursor": "{account.cursor}", "devices": [], "more_to_follow": true}}'
    ade_simulator.script(DELTA, status=200, body=same, times=None)
    assert (synced(account).error, len(ade_simulator.requests(DELTA))) == ("cursor_stands_still", 1)


def test_eight_tries_in_a_row_are_the_end_of_a_run(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(DELTA, status=429, headers={"Retry-After": "100"}, times=None)
    run = synced(account)
    for number in range(2, runs.TRIES):
        assert (carried_out(run).state, run.tries) == (State.QUEUED, number)
    assert (carried_out(run).state, run.error) == (State.FAILED, "http_429")
    assert run.finished_at is not None


def test_a_page_that_came_through_forgets_the_tries_before(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(FULL, status=429, headers={"Retry-After": "100"}, times=2)
    run = carried_out(synced(account, full=True))
    assert run.tries == 2
    ade_simulator.script(FULL, status=429, headers={"Retry-After": "100"}, after=1)
    assert (carried_out(run).tries, run.pages) == (1, 1)


def test_waits_grow_and_none_is_longer_than_half_an_hour(ade_simulator: Simulator, account: AdeAccount) -> None:
    waits = []
    run = runs.begin(account, tell_worker=False)
    for _number in range(1, runs.TRIES):
        found = runs.claim(run.pk)
        assert found is not None
        runs.put_off(found, "http_503")
        run.refresh_from_db()
        assert run.next_at is not None
        waits.append((run.next_at - timezone.now()).total_seconds())
        AdeSync.objects.filter(pk=run.pk).update(next_at=None)
    assert 29 < waits[0] < 40
    assert waits == sorted(waits)
    assert waits[-1] < 1_800 * 1.3


def test_an_account_that_lost_its_token_meanwhile_fails(ade_simulator: Simulator, account: AdeAccount) -> None:
    run = runs.begin(account, tell_worker=False)
    AdeAccount.objects.filter(pk=account.pk).update(server_token=None)
    assert (carried_out(run).state, run.error) == (State.FAILED, "no_token")


def test_an_account_that_was_never_checked_asks_how_many_devices_a_page_may_have(ade_simulator: Simulator) -> None:
    ade_simulator.add(150, os="iOS")
    account = account_of(ade_simulator)
    AdeAccount.objects.update(checked_at=None)
    run = synced(account)
    assert (run.state, run.account.page_limit, run.pages) == (State.DONE, 1_000, 2)

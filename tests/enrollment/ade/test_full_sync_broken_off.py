"""Is a full sync that was broken off taken for a whole one? Its cursor is of the list, and says nothing of changes."""

from collections.abc import Callable

import pytest

from enrollment.ade import runs
from enrollment.models import AdeAccount, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import DELTA, FULL, account_of, assert_equals_apples, carried_out, synced

pytestmark = pytest.mark.django_db

State, Kind = AdeSync.State, AdeSync.Kind


def with_terms(simulator: Simulator, account: AdeAccount) -> AdeSync:
    simulator.script(FULL, status=403, body='"T_C_NOT_SIGNED"', after=1)
    return synced(account, full=True)


def with_eight_odd_answers(simulator: Simulator, account: AdeAccount) -> AdeSync:
    simulator.script(FULL, status=200, body="<html></html>", after=1, times=None)
    run = synced(account, full=True)
    for _number in range(2, runs.TRIES + 1):
        run = carried_out(run)
    return run


def after_a_refused_cursor(simulator: Simulator, account: AdeAccount) -> AdeSync:
    simulator.script(DELTA, status=400, body='"EXPIRED_CURSOR"')
    simulator.script(FULL, status=403, body='"T_C_NOT_SIGNED"', after=1)
    return synced(account)


def with_two_refused_cursors(simulator: Simulator, account: AdeAccount) -> AdeSync:
    simulator.script(FULL, status=400, body='"INVALID_CURSOR"', after=1, times=None)
    return synced(account, full=True)


@pytest.mark.parametrize(
    "broken_off", [with_terms, with_eight_odd_answers, after_a_refused_cursor, with_two_refused_cursors]
)
def test_the_run_after_a_full_one_that_was_broken_off_is_a_full_one(
    ade_simulator: Simulator, broken_off: Callable[[Simulator, AdeAccount], AdeSync]
) -> None:
    account = synced_and_changed(ade_simulator)
    run = broken_off(ade_simulator, account)
    assert (run.state, run.kind) == (State.FAILED, Kind.FULL)
    ade_simulator.clear_scripts()
    run = synced(account)
    assert (run.state, run.kind) == (State.DONE, Kind.FULL)
    assert_equals_apples(account, ade_simulator)
    assert synced(account).kind == Kind.DELTA


def test_apples_trouble_in_the_middle_of_the_list_is_waited_out_however_long_and_the_cursor_stays(
    ade_simulator: Simulator,
) -> None:
    account = synced_and_changed(ade_simulator)
    ade_simulator.script(FULL, status=429, headers={"Retry-After": "100"}, after=1, times=None)
    run = synced(account, full=True)
    cursor = run.account.cursor
    for _number in range(2, runs.TRIES + 3):
        run = carried_out(run)
    assert (run.state, run.kind, run.tries, run.pages) == (State.QUEUED, Kind.FULL, runs.TRIES + 2, 1)
    assert run.account.cursor == cursor != ""
    ade_simulator.clear_scripts()
    ade_simulator.clear_requests()
    run = carried_out(run)
    assert (run.state, run.fetched, run.tries) == (State.DONE, 12, 0)
    assert ade_simulator.requests(FULL)[0].cursor == cursor
    assert_equals_apples(account, ade_simulator)


def test_a_list_whose_first_page_never_comes_fails_after_eight_tries(ade_simulator: Simulator) -> None:
    account = synced_and_changed(ade_simulator)
    ade_simulator.script(FULL, status=503, headers={"Retry-After": "100"}, times=None)
    run = synced(account, full=True)
    for _number in range(2, runs.TRIES + 1):
        run = carried_out(run)
    assert (run.state, run.error) == (State.FAILED, "http_503")


def test_a_list_that_exhausted_its_cursor_is_read_again_by_the_next_run(ade_simulator: Simulator) -> None:
    account = synced_and_changed(ade_simulator)
    ade_simulator.script(FULL, status=400, body='"EXHAUSTED_CURSOR"', after=1)
    ade_simulator.script(DELTA, body='{"cursor": "later", "devices": [], "more_to_follow": false}', status=200)
    run = synced(account, full=True)
    assert (run.state, run.deleted) == (State.DONE, 0)
    run = synced(account)
    assert (run.state, run.kind) == (State.DONE, Kind.FULL)
    assert_equals_apples(account, ade_simulator)


def synced_and_changed(simulator: Simulator) -> AdeAccount:
    """Return an account that was synced, and of whose list Apple has changed something since without telling it."""
    serials = simulator.add(12, os="iOS")
    account = account_of(simulator, page=5)
    assert synced(account).state == State.DONE
    simulator.delete(serials[1:2], told=False)
    simulator.add(1, told=False, os="iOS")
    account.refresh_from_db()
    return account

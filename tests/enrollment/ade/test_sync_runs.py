"""Is there one sync at a time of an account, whoever begins it, and who takes up what a dead worker left?"""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from enrollment.ade import accounts, runs, sync
from enrollment.ade.accounts import NoTokenError
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import FULL, account_of, assert_equals_apples, synced

pytestmark = pytest.mark.django_db

State, Kind = AdeSync.State, AdeSync.Kind


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the runs that workers are told of; no worker listens in these tests."""
    found: list[int] = []
    monkeypatch.setattr(runs, "_tell", found.append)
    return found


# --- begin -------------------------------------------------------------------------------------------------
def test_a_second_one_is_refused_and_the_open_one_is_named(ade_simulator: Simulator, administrator: User) -> None:
    account = account_of(ade_simulator)
    first = runs.begin(account, tell_worker=False)
    for person in (None, administrator):
        with pytest.raises(runs.RunningError, match="under way already") as caught:
            runs.begin(account, person)
        assert caught.value.run == first


def test_a_person_asks_once_in_fifteen_minutes(ade_simulator: Simulator, administrator: User) -> None:
    account = account_of(ade_simulator)
    run = runs.begin(account, administrator, tell_worker=False)
    sync.run(run.pk)
    with pytest.raises(runs.TooSoonError, match="a few minutes ago") as caught:
        runs.begin(account, administrator)
    run.refresh_from_db()
    assert caught.value.when == run.created_at + timedelta(minutes=15) == runs.next_manual_at(account)
    assert synced(account).state == State.DONE  # the clock may
    AdeSync.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    assert runs.begin(account, administrator, tell_worker=False).created_by == administrator


def test_one_that_failed_at_once_may_be_tried_again_after_a_minute(
    ade_simulator: Simulator, administrator: User
) -> None:
    account = account_of(ade_simulator)
    ade_simulator.script("*", status=403, body="T_C_NOT_SIGNED")
    run = runs.begin(account, administrator, tell_worker=False)
    sync.run(run.pk)
    with pytest.raises(runs.TooSoonError):
        runs.begin(account, administrator, tell_worker=False)
    assert runs.next_manual_at(account) == run.created_at + timedelta(minutes=1)
    AdeSync.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert runs.begin(account, administrator, tell_worker=False).pk != run.pk


def waiting(account: AdeAccount, retry_after: float | None = None) -> AdeSync:
    """Return a sync that the clock began, and that waits for its next try; `retry_after`: Apple asked for it."""
    found = runs.claim(runs.begin(account, tell_worker=False).pk)
    assert found is not None
    runs.put_off(found, "http_503", retry_after)
    return AdeSync.objects.get(pk=found.pk)


def test_a_person_need_not_wait_where_the_portal_waits_of_its_own_accord(
    ade_simulator: Simulator, administrator: User, told: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    account = account_of(ade_simulator)
    run = waiting(account)
    assert runs.claim(run.pk) is None
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.begin(account, administrator).pk == run.pk
    assert told == [run.pk]
    sync.run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.tries, run.created_by) == (State.DONE, 0, None)


def test_a_waiting_sync_of_the_changes_reads_the_whole_list_where_a_person_asks_for_it(
    ade_simulator: Simulator, administrator: User
) -> None:
    ade_simulator.add(2, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    AdeSync.objects.all().delete()
    assert waiting(account).kind == Kind.DELTA
    run = runs.begin(account, administrator, full=True, tell_worker=False)
    ade_simulator.clear_requests()
    sync.run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.kind, run.takes_empty, run.fetched) == (State.DONE, Kind.FULL, True, 2)
    assert ade_simulator.requests(FULL)[0].cursor is None


def test_where_apple_asked_to_wait_a_person_waits(ade_simulator: Simulator, administrator: User) -> None:
    account = account_of(ade_simulator)
    waiting(account, retry_after=600)
    with pytest.raises(runs.RunningError):
        runs.begin(account, administrator)


def test_a_check_that_goes_well_lets_a_waiting_sync_go_on(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator)
    run = waiting(account)
    accounts.check(account)
    assert runs.claim(run.pk) is not None


def test_a_check_does_not_shorten_what_apple_asked_for(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator)
    run = waiting(account, retry_after=600)
    accounts.check(account)
    assert runs.claim(run.pk) is None


def test_no_wait_is_longer_than_a_day_whatever_apple_asks_for(ade_simulator: Simulator) -> None:
    run = waiting(account_of(ade_simulator), retry_after=7 * 24 * 3600)
    assert run.next_at is not None
    assert timedelta(hours=23) < run.next_at - timezone.now() <= timedelta(hours=24)


def test_an_account_without_a_token_is_not_synced(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator, state=AdeAccount.State.NEW)
    with pytest.raises(NoTokenError, match="no token yet"):
        runs.begin(account)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, Kind.DELTA),
        ({"cursor": ""}, Kind.FULL),
        ({"needs_full": True}, Kind.FULL),
        ({"full_at": timezone.now() - timedelta(days=7, minutes=1)}, Kind.FULL),
        ({"full_at": None}, Kind.FULL),
    ],
)
def test_the_changes_will_do_unless_the_list_is_old_or_unknown(
    ade_simulator: Simulator, facts: dict[str, object], kind: str
) -> None:
    account = account_of(ade_simulator)
    synced(account)
    AdeAccount.objects.filter(pk=account.pk).update(**facts)
    assert runs.begin(account, tell_worker=False).kind == kind


# --- the clock ---------------------------------------------------------------------------------------------
def test_the_clock_begins_what_is_due(ade_simulator: Simulator, told: list[int]) -> None:
    account = account_of(ade_simulator)
    account_of(ade_simulator, "second", state=AdeAccount.State.NEW)
    synced(account)
    runs.tend()
    assert AdeSync.objects.count() == 1
    AdeSync.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    runs.tend()
    runs.tend()
    assert AdeSync.objects.filter(state=State.QUEUED, kind=Kind.DELTA, created_by=None).count() == 1


def test_the_clock_tells_workers_of_what_waits_and_whose_time_has_come(
    ade_simulator: Simulator, told: list[int]
) -> None:
    account = account_of(ade_simulator)
    run = runs.begin(account, tell_worker=False)
    runs.tend()
    assert told == []  # a worker was told a moment ago
    AdeSync.objects.update(created_at=timezone.now() - timedelta(seconds=11))
    runs.tend()
    assert told == [run.pk]
    AdeSync.objects.update(next_at=timezone.now() + timedelta(minutes=1))
    runs.tend()
    assert told == [run.pk]
    assert runs.claim(run.pk) is None


def test_old_syncs_are_forgotten(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator)
    old, new = synced(account), synced(account)
    AdeSync.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))
    assert runs.forget_old() == 1
    assert list(AdeSync.objects.all()) == [new]


# --- workers -----------------------------------------------------------------------------------------------
def test_one_worker_has_a_run(ade_simulator: Simulator) -> None:
    run = runs.begin(account_of(ade_simulator), tell_worker=False)
    assert runs.claim(run.pk) is not None
    assert runs.claim(run.pk) is None
    sync.run(run.pk)  # quietly nothing
    run.refresh_from_db()
    assert (run.state, run.pages) == (State.RUNNING, 0)


@pytest.mark.parametrize(
    "left",
    [
        {"process": "", "alive_at": timezone.now() - timedelta(seconds=91)},
        {"process": "", "alive_at": None},
    ],
)
def test_a_run_without_a_sign_of_life_is_taken_up(ade_simulator: Simulator, left: dict[str, object]) -> None:
    ade_simulator.add(3, os="iOS")
    account = account_of(ade_simulator)
    run = runs.begin(account, tell_worker=False)
    lost = runs.claim(run.pk)
    assert lost is not None
    AdeSync.objects.filter(pk=run.pk).update(**left)
    sync.run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.added) == (State.DONE, 3)
    with pytest.raises(runs.LostRunError):
        runs.keep(lost)
    assert_equals_apples(account, ade_simulator)


def test_it_goes_on_where_the_last_page_was_saved(ade_simulator: Simulator) -> None:
    ade_simulator.add(25, os="iOS")
    account = account_of(ade_simulator, page=10)
    ade_simulator.script(FULL, status=503, headers={"Retry-After": "600"}, after=2)
    run = synced(account)
    assert (run.state, run.pages, run.fetched) == (State.QUEUED, 2, 20)
    ade_simulator.clear_requests()
    AdeSync.objects.filter(pk=run.pk).update(next_at=None)
    sync.run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.fetched, run.added, run.pre_approved) == (State.DONE, 25, 25, 25)
    assert len(ade_simulator.requests(FULL)) == 1
    assert_equals_apples(account, ade_simulator)


def test_what_is_removed_after_the_list_is_removed_by_the_next_worker_too(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(5, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    ade_simulator.delete(serials[:2], told=False)
    run = runs.begin(account, full=True, tell_worker=False)
    AdeDevice.objects.filter(serial_number__in=serials[2:]).update(seen_by=run.mark)
    account.refresh_from_db()
    AdeSync.objects.filter(pk=run.pk).update(phase=AdeSync.Phase.GONE)
    sync.run(run.pk)
    run.refresh_from_db()
    assert (run.deleted, run.withdrawn) == (2, 2)
    assert sorted(AdeDevice.objects.listed().values_list("serial_number", flat=True)) == sorted(serials[2:])


def test_a_run_that_was_ended_meanwhile_saves_no_further_page(ade_simulator: Simulator) -> None:
    ade_simulator.add(5, os="iOS")
    run = runs.begin(account_of(ade_simulator), tell_worker=False)
    found = runs.claim(run.pk)
    assert found is not None
    AdeSync.objects.filter(pk=run.pk).update(state=State.FAILED, error="replaced")
    with pytest.raises(runs.LostRunError):
        runs.end(found, State.DONE)
    run.refresh_from_db()
    assert (run.state, run.error) == (State.FAILED, "replaced")


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_carry_out_one_sync_once(ade_simulator: Simulator) -> None:
    ade_simulator.add(60, os="iOS")
    account = account_of(ade_simulator, page=20)
    run = runs.begin(account, tell_worker=False)
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        try:
            sync.run(run.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    run.refresh_from_db()
    assert (run.state, run.fetched, run.added, run.pages) == (State.DONE, 60, 60, 4)
    assert len(ade_simulator.requests(FULL)) == 3
    assert_equals_apples(account, ade_simulator)

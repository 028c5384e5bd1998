"""Does a list that is suddenly empty withdraw all devices? Only if a person asked for the whole list."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from devices.models import Device
from enrollment.ade import runs, standing
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import DELTA, FULL, account_of, carried_out, counts, synced

pytestmark = pytest.mark.django_db

State = AdeSync.State
EMPTY = '{"devices": [], "cursor": "c", "more_to_follow": false}'


@pytest.fixture
def account(ade_simulator: Simulator) -> AdeAccount:
    """Return an account that was synced, and whose whole list the clock is about to read again."""
    ade_simulator.add(3, os="iOS")
    account = account_of(ade_simulator)
    assert synced(account).withdrawn == 0
    AdeAccount.objects.update(needs_full=True)
    return account


def test_the_clocks_sync_removes_nothing_and_says_what_to_do(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.delete(list(ade_simulator.devices()), told=False)
    run = synced(account)
    assert (run.state, run.error, run.pages) == (State.FAILED, "empty_list", 0)
    assert counts(run) == (0, 0, 0, 0, 0)
    assert AdeDevice.objects.listed().count() == Device.objects.count() == 3
    advice = standing.advice_of(run.account)
    assert str(advice.matter) == "Apple's list names no device any more. Nothing was removed here."
    assert "choose “Read the whole list”" in str(advice.to_do)
    since = run.account.state_changed_at
    assert synced(account).account.state_changed_at == since


def test_a_person_who_reads_the_whole_list_lets_them_go(
    ade_simulator: Simulator, account: AdeAccount, administrator: User
) -> None:
    ade_simulator.delete(list(ade_simulator.devices()), told=False)
    assert synced(account).state == State.FAILED
    assert carried_out(runs.begin(account, administrator, tell_worker=False)).error == "empty_list"  # Sync now
    AdeSync.objects.update(created_at=timezone.now() - runs.MANUAL_EVERY)
    run = carried_out(runs.begin(account, administrator, full=True, tell_worker=False))
    assert (run.state, run.deleted, run.withdrawn, run.account.state) == (State.DONE, 3, 3, AdeAccount.State.OK)
    assert not Device.objects.exists()


def test_an_empty_last_page_of_a_list_that_named_devices_is_none(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(FULL, status=200, body=EMPTY, after=1)
    ade_simulator.script(DELTA, status=200, body=EMPTY)
    AdeAccount.objects.update(page_limit=2)
    run = synced(account)
    assert (run.state, run.deleted, run.account.state) == (State.DONE, 1, AdeAccount.State.OK)


def test_an_account_that_never_had_a_device_has_an_empty_list(ade_simulator: Simulator) -> None:
    run = synced(account_of(ade_simulator))
    assert (run.state, run.takes_empty, run.deleted) == (State.DONE, False, 0)

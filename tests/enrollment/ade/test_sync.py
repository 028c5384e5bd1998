"""Does the list here become Apple's, by the full fetch and by the changes?"""

import pytest

from devices.models import Device
from enrollment.models import AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import DELTA, FULL, account_of, assert_equals_apples, counts, synced

pytestmark = pytest.mark.django_db

State, Kind = AdeSync.State, AdeSync.Kind


def test_the_first_sync_reads_the_whole_list_and_pre_approves_it(ade_simulator: Simulator) -> None:
    ade_simulator.add(25)
    account = account_of(ade_simulator, page=10)
    run = synced(account)
    assert (run.state, run.kind, run.pages, run.fetched) == (State.DONE, Kind.FULL, 4, 25)
    supported = AdeDevice.objects.exclude(platform="").count()
    assert counts(run) == (25, 0, 0, supported, 0)
    assert_equals_apples(account, ade_simulator)
    account.refresh_from_db()
    assert account.full_at is not None
    assert account.synced_at is not None
    assert not account.needs_full
    assert Device.objects.pre_approved().filter(source=Device.Source.ADE).count() == supported


def test_the_second_sync_reads_what_has_changed_since(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(12)
    account = account_of(ade_simulator, page=5)
    synced(account)
    ade_simulator.clear_requests()
    ade_simulator.change(serials[:2], color="PLUM")
    ade_simulator.delete(serials[3:4])
    bought = ade_simulator.add(3, os="iOS")
    run = synced(account)
    assert (run.state, run.kind) == (State.DONE, Kind.DELTA)
    assert counts(run)[:3] == (3, 2, 1)
    assert_equals_apples(account, ade_simulator)
    assert Device.objects.filter(serial_number__in=bought).count() == 3
    assert not ade_simulator.requests(FULL)
    assert len(ade_simulator.requests(DELTA)) == 2


def test_a_full_sync_finds_what_the_changes_have_lost(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(12, os="iOS")
    account = account_of(ade_simulator, page=5)
    synced(account)
    ade_simulator.delete(serials[2:4], told=False)
    ade_simulator.add(2, told=False, os="iOS")
    ade_simulator.change(serials[:1], told=False, color="PLUM")
    assert counts(synced(account)) == (0, 0, 0, 0, 0)
    run = synced(account, full=True)
    assert counts(run) == (2, 1, 2, 2, 2)
    assert_equals_apples(account, ade_simulator)
    assert not Device.objects.filter(serial_number__in=serials[2:4]).exists()

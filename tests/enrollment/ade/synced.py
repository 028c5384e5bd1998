"""A sync of an account against the simulator, as the worker does it: what tests of the sync begin with."""

from typing import Any

from devices.models import Device
from enrollment.ade import runs, sync
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import FIRST, Simulator
from tests.enrollment.ade.profiled import connected

Approval = AdeDevice.Approval
FULL, DELTA = "POST /server/devices", "POST /devices/sync"


def account_of(simulator: Simulator, name: str = FIRST, *, page: int = 100, **facts: Any) -> AdeAccount:
    """Return a connected account that was checked; `facts` are fields of it."""
    account = connected(simulator, name)
    AdeAccount.objects.filter(pk=account.pk).update(checked_at=account.created_at, page_limit=page, **facts)
    account.refresh_from_db()
    return account


def synced(account: AdeAccount, *, full: bool = False) -> AdeSync:
    """Begin a sync, carry it out, and return how it went."""
    run = runs.begin(account, full=full, tell_worker=False)
    return carried_out(run)


def carried_out(run: AdeSync) -> AdeSync:
    """Carry out a run that waits, whatever its time; its account is refreshed, too."""
    AdeSync.objects.filter(pk=run.pk).update(next_at=None)
    sync.run(run.pk)
    run.refresh_from_db()
    run.account.refresh_from_db()
    return run


def counts(run: AdeSync) -> tuple[int, int, int, int, int]:
    """Return added, modified, deleted, pre-approved, withdrawn."""
    return run.added, run.modified, run.deleted, run.pre_approved, run.withdrawn


def approval(account: AdeAccount, serial: str) -> str:
    return account.devices.get(serial_number=serial).approval


def assert_equals_apples(account: AdeAccount, simulator: Simulator, name: str = FIRST) -> None:
    """Fail unless the list here is the simulator's, fact by fact, and each device of it has its device here."""
    theirs = simulator.devices(name)
    ours = {row.serial_number: row for row in AdeDevice.objects.listed().filter(account=account)}
    assert ours.keys() == theirs.keys()
    for serial, device in theirs.items():
        row = ours[serial]
        assert (row.model, row.color, row.os) == (device["model"], device.get("color", ""), device.get("os", ""))
    made = {serial for serial, row in ours.items() if row.approval == Approval.MADE}
    devices = Device.objects.filter(source=Device.Source.ADE).values_list("serial_number", flat=True)
    assert {serial or "" for serial in devices} == made
    assert devices.count() == len(made)

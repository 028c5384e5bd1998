"""Does a sync whose worker is killed, again and again, end with Apple's list, and nothing of it twice?"""

import json
import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from tests.ade_simulator.running import Simulator
from tests.faults.batches import Batches
from tests.portal import Portal, wait_until

DEVICES = 20_000
PAGE = 200
KILLS = 10
SEED = 6
# From a kill to the next sign of life: the worker's restart, and the clock's next look.
BOUND_SECONDS = 60
LISTED = "SELECT serial_number, model, color FROM enrollment_adedevice WHERE is_listed AND account_id = {}"


class Syncs:
    """The syncs of an ADE account in a running portal."""

    def __init__(self, portal: Portal, batches: Batches, simulator: Simulator) -> None:
        self.portal, self.batches, self.simulator = portal, batches, simulator
        told = {"base_url": simulator.base_url, "token": simulator.token(), "page_limit": PAGE}
        self.account = int(batches.take("connect_ade", json.dumps(told)))

    def begin(self) -> int:
        return int(self.batches.take("sync_ade", self.account))

    def now(self, run: int) -> tuple[str, str, int]:
        """Return the state of a run, who has it, and how many devices it has read."""
        statement = f"SELECT state, claim, fetched FROM enrollment_adesync WHERE id = {run}"
        ((state, claim, fetched),) = self.batches.query(statement)
        return str(state), str(claim), int(fetched)

    def count(self, table: str, condition: str) -> int:
        return int(self.batches.query(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])

    def kill_worker(self, *, whole: bool) -> None:
        """Kill -9 the worker's main process, whose pool dies with it, or the pool alone."""
        pids = self.portal.pids("worker")
        for pid in pids[:1] if whole else pids[1:]:
            os.kill(pid, signal.SIGKILL)

    def wait_for_worker(self, run: int, former: str = "") -> bool:
        """Wait until a worker, another one than the former, has the run; False: it is over."""

        def is_taken() -> bool:
            state, claim, _fetched = self.now(run)
            return state in ("done", "failed") or (state == "running" and claim != former)

        wait_until(is_taken, BOUND_SECONDS, lambda: f"{self.now(run)}\n{self.batches.logs()}")
        return self.now(run)[0] == "running"


@pytest.fixture
def syncs(standing_portal: Portal, batches: Batches, ade_simulator: Simulator) -> Iterator[Syncs]:
    """Return the syncs of an account that lists 20,000 iPhones; other tests find neither it nor them."""
    ade_simulator.add(DEVICES, os="iOS")
    found = Syncs(standing_portal, batches, ade_simulator)
    yield found
    batches.take("forget_ade", found.account)


def assert_equals_apples(syncs: Syncs, runs: list[int]) -> None:
    """Fail unless the list here is Apple's, each of its devices is pre-approved once, and nothing was counted twice."""
    theirs = {serial: (device["model"], device["color"]) for serial, device in syncs.simulator.devices().items()}
    rows = syncs.batches.query(LISTED.format(syncs.account))
    assert len(rows) == len(theirs)
    assert {serial: (model, color) for serial, model, color in rows} == theirs
    devices = syncs.batches.query("SELECT serial_number FROM devices_device WHERE source = 'ade'")
    assert sorted(serial for (serial,) in devices) == sorted(theirs)
    ours = "SELECT id FROM devices_device WHERE source = 'ade'"
    assert syncs.count("devices_device_groups", f"device_id IN ({ours})") == len(theirs)
    listed = ", ".join(map(str, runs))
    columns = "sum(added), sum(deleted), sum(pre_approved), sum(withdrawn)"
    ((added, deleted, approved, withdrawn),) = syncs.batches.query(
        f"SELECT {columns} FROM enrollment_adesync WHERE id IN ({listed})"
    )
    assert (added - deleted, approved - withdrawn) == (len(theirs), len(theirs))
    assert added == approved == syncs.count("enrollment_adedevice", f"account_id = {syncs.account}")


def test_ten_kills_in_the_middle_of_a_sync_lose_nothing_and_double_nothing(syncs: Syncs) -> None:
    moments = random.Random(SEED)
    runs = [syncs.begin()]
    kills, slowest, former = 0, 0.0, ""
    while kills < KILLS:
        if not syncs.wait_for_worker(runs[-1], former):
            assert syncs.now(runs[-1])[0] == "done"
            assert_equals_apples(syncs, runs)
            # Apple's list goes on: the next sync has something to take away and to add, too.
            syncs.simulator.delete(list(syncs.simulator.devices())[:1_000], told=False)
            syncs.simulator.add(1_000, os="iOS", told=False)
            runs.append(syncs.begin())
            former = ""
            continue
        time.sleep(moments.uniform(0, 1.2))
        state, former, fetched = syncs.now(runs[-1])
        if state != "running":
            continue
        syncs.kill_worker(whole=moments.random() < 0.6)
        kills, killed = kills + 1, time.monotonic()
        syncs.wait_for_worker(runs[-1], former)
        slowest = max(slowest, time.monotonic() - killed)
        print(f"kill {kills} after {fetched} devices: {time.monotonic() - killed:.1f} s")
    wait_until(lambda: syncs.now(runs[-1])[0] != "running", 120, lambda: str(syncs.now(runs[-1])))
    assert syncs.now(runs[-1])[0] == "done"
    print(f"{len(runs)} syncs; a killed one was taken up after at most {slowest:.1f} s")
    assert_equals_apples(syncs, runs)

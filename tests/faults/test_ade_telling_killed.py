"""Does each device get its enrollment profile when the worker that tells Apple is killed in the middle of a call?"""

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.ade_simulator.running import Simulator
from tests.faults.batches import Batches
from tests.portal import Portal, wait_until

DEVICES = 2_000
ASSIGN = "POST /profile/devices"
# Seconds until Apple answers: longer than it takes to see a call and to kill who waits for it.
DELAY = 4
# From a kill to the next call: the worker's restart, and the clock's next look.
BOUND_SECONDS = 60


@pytest.fixture
def account(batches: Batches, ade_simulator: Simulator) -> Iterator[int]:
    """Return an account whose 2,000 iPhones are listed; other tests find neither it nor them."""
    ade_simulator.add(DEVICES, os="iOS")
    told = {"base_url": ade_simulator.base_url, "token": ade_simulator.token(), "page_limit": 1_000}
    found = int(batches.take("connect_ade", json.dumps(told)))
    run = int(batches.take("sync_ade", found))
    state = f"SELECT state FROM enrollment_adesync WHERE id = {run}"
    wait_until(lambda: batches.query(state) == [("done",)], BOUND_SECONDS, lambda: str(batches.query(state)))
    yield found
    batches.take("forget_ade", found)


def test_killed_in_the_middle_of_a_call_apple_is_told_of_every_device(
    standing_portal: Portal, batches: Batches, ade_simulator: Simulator, account: int
) -> None:
    def calls() -> int:
        return len(ade_simulator.requests(ASSIGN))

    def assigned() -> int:
        condition = f"account_id = {account} AND assign_state = 'assigned'"
        return int(batches.query(f"SELECT count(*) FROM enrollment_adedevice WHERE {condition}")[0][0])

    ade_simulator.script(ASSIGN, delay=DELAY, times=2)
    assert batches.take("profile_ade", account) == str(DEVICES)
    wait_until(lambda: calls() == 1, BOUND_SECONDS, batches.logs)
    os.kill(standing_portal.pids("worker")[0], signal.SIGKILL)  # its pool dies with it
    killed = time.monotonic()
    assert assigned() == 0
    wait_until(lambda: calls() > 1, BOUND_SECONDS, batches.logs)
    print(f"Apple was told again {time.monotonic() - killed:.1f} s after the kill")
    wait_until(lambda: assigned() == DEVICES, BOUND_SECONDS, batches.logs)
    held = f"SELECT claim FROM enrollment_adeassignment WHERE account_id = {account}"
    wait_until(lambda: batches.query(held) == [(None,)], BOUND_SECONDS, batches.logs)
    assert len({device["profile_uuid"] for device in ade_simulator.devices().values()}) == 1

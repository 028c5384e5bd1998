"""Does a commit, or a check, whose worker is killed end as if nothing had happened, or as if it had never begun?"""

import itertools
import os
import random
import signal
import time
from pathlib import Path

from tests.bench import device_file
from tests.faults.batches import Batches
from tests.portal import Portal, wait_until

ROWS = 100_000
KILLS = 10
SEED = 20


def write_file(folder: Path, seed: int, rows: int = ROWS) -> device_file.DeviceFile:
    return device_file.write(folder / f"{seed}.csv", rows, seed)


def kill_worker(portal: Portal, *, whole: bool) -> None:
    """Kill -9 the worker's main process, whose pool dies with it, or the pool alone."""
    pids = portal.pids("worker")
    for pid in pids[:1] if whole else pids[1:]:
        os.kill(pid, signal.SIGKILL)


def wait_for_attempt(batches: Batches, batch: int, attempt: int) -> bool:
    """Wait until a worker has begun the commit for the `attempt`-th time; False when it is over."""

    def has_begun() -> bool:
        return batches.field(batch, "attempts") >= attempt or batches.state(batch) != "committing"

    wait_until(has_begun, 60, batches.logs)
    return batches.state(batch) == "committing"


def test_ten_kills_in_the_middle_of_a_commit_leave_all_rows_or_none(
    standing_portal: Portal, batches: Batches, tmp_path: Path
) -> None:
    moments = random.Random(SEED)
    file = write_file(tmp_path, 1)
    batch = batches.upload_and_check(file.path)
    # How long a commit takes here, to spread the kills over it: the first one goes through, and is taken back.
    batches.take("start_commit", batch)
    wait_for_attempt(batches, batch, 1)
    began = time.monotonic()
    assert batches.wait_until_settled(batch) == "committed"
    seconds = time.monotonic() - began
    seeds = itertools.count(12)  # no other test of the standing portal has these, so the same serials
    other = write_file(tmp_path, next(seeds))
    batch = batches.upload_and_check(other.path)
    kills, slowest = 0, 0.0
    batches.take("start_commit", batch)
    attempt = 0
    while kills < KILLS:
        attempt += 1
        if wait_for_attempt(batches, batch, attempt):
            time.sleep(moments.uniform(0, 0.8 * seconds))
            if batches.state(batch) != "committing":  # it was faster than the first one: strike sooner from now on
                seconds *= 0.7
                continue
            kill_worker(standing_portal, whole=moments.random() < 0.7)
            kills += 1
            killed = time.monotonic()
            assert batches.count("device", f"import_batch_id = {batch}") in (0, other.rows)
            wait_until(
                lambda: batches.field(batch, "attempts") > attempt or batches.state(batch) != "committing",  # noqa: B023
                60,
                batches.logs,
            )
            slowest = max(slowest, time.monotonic() - killed)
            print(f"kill {kills}: {time.monotonic() - killed:.1f} s")
            continue
        if batches.state(batch) == "committed":
            assert batches.count("device", f"import_batch_id = {batch}") == other.rows
            other = write_file(tmp_path, next(seeds))
            batch = batches.upload_and_check(other.path)
        else:  # killed too often: back in the review, with nothing imported
            assert batches.state(batch) == "ready"
            assert batches.failure(batch)["code"] == "interrupted"
            assert batches.count("device", f"import_batch_id = {batch}") == 0
        batches.take("start_commit", batch)
        attempt = 0
    if batches.wait_until_settled(batch) == "ready":
        assert batches.failure(batch)["code"] == "interrupted"
        assert batches.count("device", f"import_batch_id = {batch}") == 0
        batches.take("start_commit", batch)
        batches.wait_for(batch, "committed")
    print(f"commit {seconds:.1f} s; a killed one was taken up after at most {slowest:.1f} s")
    assert batches.counts(batch)["created"] == other.rows
    assert batches.count("device", f"import_batch_id = {batch}") == other.rows
    assert batches.count("deviceuser", f"import_batch_id = {batch}") == other.users
    assert batches.count("importrow", f"batch_id = {batch}") == other.rows


def test_a_check_whose_worker_is_killed_is_done_by_the_next(
    standing_portal: Portal, batches: Batches, tmp_path: Path
) -> None:
    file = write_file(tmp_path, 9, rows=100_000)
    batch = batches.upload(file.path)
    worker = standing_portal.pids("worker")[0]  # to find it takes as long as a part of the check
    batches.take("start_check", batch)
    wait_until(lambda: batches.field(batch, "rows_done") > 0, 30, batches.logs)
    os.kill(worker, signal.SIGKILL)
    assert batches.state(batch) == "checking"
    assert batches.wait_until_settled(batch) == "ready"
    assert batches.field(batch, "attempts") == 2
    assert batches.counts(batch)["good"] == file.rows
    assert batches.count("importrow", f"batch_id = {batch}") == file.rows


def test_an_undo_whose_worker_is_killed_is_done_by_the_next(
    standing_portal: Portal, batches: Batches, tmp_path: Path
) -> None:
    file = write_file(tmp_path, 10, rows=20_000)
    batch = batches.upload_and_check(file.path)
    batches.take("start_commit", batch)
    batches.wait_for(batch, "committed")
    batches.take("start_undo", batch)
    time.sleep(0.3)
    kill_worker(standing_portal, whole=True)
    assert batches.wait_until_settled(batch) == "undone"
    assert batches.count("device", f"import_batch_id = {batch}") == 0
    assert batches.count("deviceuser", f"import_batch_id = {batch}") == 0

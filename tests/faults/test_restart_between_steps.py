"""Does a batch go on where it was when every process is stopped, or killed, between two steps of the wizard?"""

from pathlib import Path

import pytest

from tests.bench import device_file
from tests.faults.batches import Batches
from tests.faults.visitor import WIZARD, Visitor
from tests.portal import MakePortal, Portal, wait_until

pytestmark = pytest.mark.once


def restart(portal: Portal, *, kill: bool) -> None:
    """End every process of the portal, and start it again."""
    assert portal.process is not None
    if kill:
        portal.process.kill()
        portal.process.wait()
    else:
        assert portal.stop() == 0
    wait_until(lambda: not portal.processes(), 10, lambda: str(portal.processes()))
    portal.lines.clear()
    portal.start()


def test_a_batch_survives_a_restart_of_everything_between_any_two_steps(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal().start()
    file = device_file.write(tmp_path / "devices.csv", 20_000)
    visitor, batches = Visitor(portal), Batches(portal)
    batch = visitor.upload(file.path.read_bytes()).batch

    restart(portal, kill=True)
    assert visitor.get(f"{WIZARD}{batch}/").path == f"{WIZARD}{batch}/mapping/", "signed out, or at another step"
    batches.take("map_columns", batch)

    restart(portal, kill=False)
    assert visitor.get(f"{WIZARD}{batch}/").path == f"{WIZARD}{batch}/check/"
    assert visitor.post(f"{batch}/start-check/").status == 200

    restart(portal, kill=True)  # while it is checked, or before a worker began
    batches.wait_for(batch, "ready")
    assert batches.counts(batch)["good"] == file.rows
    assert visitor.get(f"{WIZARD}{batch}/").path == f"{WIZARD}{batch}/review/"
    assert visitor.post(f"{batch}/commit/").path == f"{WIZARD}{batch}/done/"

    restart(portal, kill=True)  # while it is imported
    batches.wait_for(batch, "committed")
    assert batches.count("device") == file.rows
    assert visitor.get(f"{WIZARD}{batch}/").path == f"{WIZARD}{batch}/done/"
    assert visitor.post(f"{batch}/undo/").status == 200

    restart(portal, kill=False)
    batches.wait_for(batch, "undone")
    assert batches.count("device") == batches.count("deviceuser") == 0

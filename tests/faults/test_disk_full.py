"""What is said, and what is left, when the disk of the data folder runs full in the middle of an import?

The disk is a file system in memory that only the portal's processes see; it is filled by a file, which is removed to
make room again. Where the kernel lets nobody but root make one, these tests are skipped.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import device_file
from tests.faults.batches import Batches
from tests.faults.visitor import WIZARD, Visitor
from tests.portal import ROOT, MakePortal, Portal
from tests.servers import LEASH

pytestmark = pytest.mark.once

OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"]
# `up` waits until /healthz is content, which asks for 256 MiB.
MEGABYTES = 320


def can_mount() -> bool:
    try_it = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(try_it, capture_output=True).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="this kernel lets only root mount a file system of its own")


class SmallDisk:
    """The file system on which a portal's data folder is."""

    def __init__(self, portal: Portal) -> None:
        assert portal.process is not None
        # As the portal's processes see it: through the root of one of them.
        self.folder = Path(f"/proc/{portal.process.pid}/root{portal.data}")
        self.ballast = self.folder / "ballast"

    def fill(self, leave_bytes: int = 0) -> None:
        """Take all but `leave_bytes` of what is free."""
        state = os.statvfs(self.folder)
        with self.ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, state.f_bavail * state.f_frsize - leave_bytes))

    def make_room(self) -> None:
        self.ballast.unlink()

    def files(self, name: str) -> list[Path]:
        return [path for path in (self.folder / name).rglob("*") if path.is_file()]


@pytest.fixture
def full_disk_portal(make_portal: MakePortal) -> Portal:
    """Return a running portal whose data folder is a small disk of its own."""
    portal = make_portal()
    inside = f'mount -t tmpfs -o size={MEGABYTES}m,mode=700 none "$HEXENROLL_DATA" && exec "$@"'
    leash = [sys.executable, "-P", str(LEASH), str(os.getpid()), "TERM"]
    portal.launch([*OWN_MOUNTS, "sh", "-c", inside, "sh", *leash, sys.executable, "manage.py", "up"])
    portal.wait_for_line("Ready:", 90)
    portal.wait_for_line("Stop:", 5)
    return portal


@needs_mount
def test_a_disk_that_runs_full_is_said_and_nothing_is_left_half_done(full_disk_portal: Portal, tmp_path: Path) -> None:
    portal, disk, visitor = full_disk_portal, SmallDisk(full_disk_portal), Visitor(full_disk_portal)
    assert portal.process is not None
    enter = ("nsenter", f"--target={portal.process.pid}", "--user", "--mount", "--preserve-credentials")
    batches = Batches(portal, data=disk.folder, command=(*enter, "env", f"--chdir={ROOT}"))
    file = device_file.write(tmp_path / "devices.csv", 40_000)
    content = file.path.read_bytes()

    disk.fill(leave_bytes=len(content) // 2)
    answer = visitor.upload(content)
    assert answer.status == 507
    assert "The server has no room left for the file. Nothing was kept. Free space on the server's disk" in (
        answer.text.replace("&#x27;", "'")
    )
    assert batches.count("importbatch") == 0
    assert disk.files("tmp") == disk.files("imports") == []

    disk.make_room()
    batch = visitor.upload(content).batch
    batches.take("map_columns", batch)
    disk.fill(leave_bytes=2**20)
    visitor.post(f"{batch}/start-check/")
    assert batches.wait_until_settled(batch) == "failed"
    assert batches.failure(batch)["code"] == "disk_full"
    answer = visitor.get(f"{WIZARD}{batch}/")
    assert answer.path == f"{WIZARD}{batch}/check/"
    assert "disk is full. Free space on it, then check the file again." in answer.text

    disk.make_room()
    visitor.post(f"{batch}/start-check/")
    batches.wait_for(batch, "ready")
    assert batches.counts(batch)["good"] == file.rows
    disk.fill(leave_bytes=2**20)
    visitor.post(f"{batch}/commit/")
    assert batches.wait_until_settled(batch) == "ready"
    assert batches.failure(batch)["code"] == "disk_full"
    assert batches.count("device") == batches.count("deviceuser") == 0
    assert "disk is full. Free space on it, then import again." in visitor.get(f"{WIZARD}{batch}/review/").text

    disk.make_room()
    visitor.post(f"{batch}/commit/")
    batches.wait_for(batch, "committed")
    assert batches.count("device") == file.rows

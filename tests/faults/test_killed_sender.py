"""Does every invitation go out, and is it known which, though workers, the broker or the mail server die meanwhile?"""

import os
import random
import re
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench import device_file
from tests.faults.batches import Batches
from tests.faults.test_broker_down import valkey
from tests.faults.visitor import Visitor
from tests.invitations.smtp_server import Received, SmtpServer
from tests.portal import MakePortal, Portal, wait_until

__all__ = ["valkey"]

ROWS = 1_000
KILLS = 10
SEED = 3
BOUND_SECONDS = 120


@pytest.fixture
def mail_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def committed(batches: Batches, folder: Path, rows: int, seed: int = 1) -> int:
    """Import a file; return its batch's number."""
    batch = batches.upload_and_check(device_file.write(folder / f"{seed}.csv", rows, seed).path)
    batches.take("start_commit", batch)
    batches.wait_for(batch, "committed")
    return batch


def states(batches: Batches) -> dict[str, int]:
    """Return how many invitations there are in each state."""
    return dict(batches.query("SELECT state, count(*) FROM invitations_invitation GROUP BY state"))


def wait_until_sent(batches: Batches, count: int) -> None:
    wait_until(lambda: states(batches) == {"sent": count}, BOUND_SECONDS, lambda: f"{states(batches)} {batches.logs()}")


def by_message(server: SmtpServer) -> dict[str, list[Received]]:
    """Return what a server took by Message-ID."""
    found = defaultdict(list)
    for message in list(server.messages):
        found[str(message.parsed["Message-ID"])].append(message)
    return found


def without_date(message: Received) -> bytes:
    return re.sub(rb"(?m)^Date: [^\r\n]*\r?\n", b"", message.raw, count=1)


def kill(portal: Portal, *, whole: bool) -> None:
    """Kill -9 the worker's main process, whose pool dies with it, or one process of the pool."""
    wait_until(lambda: bool(portal.pids("worker")), 30)  # the last one that was killed may not be followed yet
    main, *pool = portal.pids("worker")
    os.kill(main if whole or not pool else pool[-1], signal.SIGKILL)


def assert_each_arrived_once_or_is_known_to_be_double(batches: Batches, server: SmtpServer, kills: int) -> None:
    """Assert that mailbox and database agree about ROWS invitations."""
    arrived = by_message(server)
    recorded = batches.query("SELECT provider_id, recipient, attempts FROM invitations_invitation WHERE state = 'sent'")
    assert {f"<{number}>" for number, _recipient, _attempts in recorded} == set(arrived)
    assert len(recorded) == ROWS
    for number, recipient, attempts in recorded:
        copies = arrived[f"<{number}>"]
        assert {copy.recipients for copy in copies} == {(recipient,)}
        assert len({without_date(copy) for copy in copies}) == 1
        assert len(copies) <= attempts <= 1 + kills
    doubles = len(server.messages) - ROWS
    uncertain = batches.query("SELECT count(*) FROM invitations_invitationevent WHERE kind = 'uncertain'")[0][0]
    print(f"{doubles} doubles and {uncertain} uncertain ones after {kills} kills")
    assert doubles <= uncertain
    assert doubles <= kills
    assert batches.query("SELECT count(*) FROM invitations_invitation WHERE holder IS NOT NULL") == [(0,)]


def test_ten_kills_lose_no_invitation_and_double_at_most_ten(
    make_portal: MakePortal, mail_server: SmtpServer, tmp_path: Path
) -> None:
    portal = make_portal(EMAIL_URL=mail_server.url()).start()
    batches, moments = Batches(portal), random.Random(SEED)
    batches.take("invite", committed(batches, tmp_path, ROWS))
    for number in range(1, KILLS + 1):
        # Spread over the messages: ninety or so go out between two kills.
        wait_until(lambda goal=number * 90: len(mail_server.messages) >= goal, 60, batches.logs)  # type: ignore[misc]
        time.sleep(moments.uniform(0, 0.05))
        kill(portal, whole=moments.random() < 0.7)
    wait_until_sent(batches, ROWS)
    assert_each_arrived_once_or_is_known_to_be_double(batches, mail_server, KILLS)
    wait_until(lambda: batches.query("SELECT state FROM invitations_sending") == [("done",)], 30, batches.logs)


@pytest.mark.once
def test_a_broker_that_is_killed_while_invitations_go_out_loses_none(
    make_portal: MakePortal, mail_server: SmtpServer, tmp_path: Path
) -> None:
    portal = make_portal(EMAIL_URL=mail_server.url()).start()
    batches = Batches(portal)
    batches.take("invite", committed(batches, tmp_path, ROWS))
    wait_until(lambda: len(mail_server.messages) >= ROWS // 4, 60, batches.logs)
    portal.kill("valkey")
    wait_until_sent(batches, ROWS)
    # Celery ends the tasks that lost their broker: each of the two has one message in hand.
    assert_each_arrived_once_or_is_known_to_be_double(batches, mail_server, kills=2)


@pytest.mark.once
def test_what_is_sent_while_the_broker_is_down_goes_out_when_it_is_back(
    make_portal: MakePortal,
    mail_server: SmtpServer,
    valkey: "Callable[[], subprocess.Popen[bytes]]",
    tmp_path: Path,
) -> None:
    broker = valkey()
    portal = make_portal(EMAIL_URL=mail_server.url(), REDIS_URL=f"unix://{tmp_path}/valkey/socket").start()
    batches, visitor = Batches(portal), Visitor(portal)
    batch = committed(batches, tmp_path, 50)
    broker.kill()
    broker.wait()
    (tmp_path / "valkey" / "socket").unlink()
    began = time.monotonic()
    batches.take("invite", batch)
    assert time.monotonic() - began < 20
    assert batches.query("SELECT state FROM invitations_sending") == [("queueing",)]
    for page in ("", f"{batch}/", f"{batch}/progress.json"):
        assert visitor.get(f"/enroll/pre-approve/{page}").status == 200, page
    assert mail_server.messages == []
    valkey()
    wait_until_sent(batches, 50)
    assert len(by_message(mail_server)) == len(mail_server.messages) == 50


@pytest.mark.once
def test_a_mail_server_that_is_down_at_first_gets_every_invitation_once(
    make_portal: MakePortal, mail_server: SmtpServer, tmp_path: Path
) -> None:
    portal = make_portal(EMAIL_URL=mail_server.url()).start()
    batches = Batches(portal)
    batch = committed(batches, tmp_path, 50)
    mail_server.stop()
    batches.take("invite", batch)
    wait_until(lambda: batches.query("SELECT count(*) FROM invitations_lane WHERE trouble <> ''")[0][0] > 0, 60)
    assert states(batches) == {"queued": 50}
    mail_server.start()
    wait_until_sent(batches, 50)
    assert len(by_message(mail_server)) == len(mail_server.messages) == 50
    assert batches.query("SELECT DISTINCT attempts FROM invitations_invitation") == [(1,)]

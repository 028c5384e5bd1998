"""Does a killed process come back, and does nothing stay behind when the whole is stopped or killed?"""

import http.client
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.portal import ROOT, MakePortal, Portal, wait_until

pytestmark = pytest.mark.once


def health(portal: Portal) -> str:
    probe = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=5)
    try:
        probe.request("GET", "/healthz")
        return str(json.load(probe.getresponse())["status"])
    except OSError as error:
        return str(error)
    finally:
        probe.close()


def has_processes(portal: Portal, name: str, least: int) -> bool:
    return len(portal.pids(name)) >= least


def test_each_killed_process_comes_back_and_its_children_die_with_it(portal: Portal) -> None:
    for name, least in (("worker", 2), ("web", 2), ("beat", 1), ("valkey", 1)):
        wait_until(partial(has_processes, portal, name, least), 15, lambda: portal.output)
        before = set(portal.pids(name))
        portal.kill(name)
        portal.wait_for_line(f"{name} died (terminated by SIGKILL) and is started again", 10)
        portal.wait_for_line(f"{name} is back.", 15)
        assert not before & set(portal.pids(name)), f"{name}: an old process is still there"
        wait_until(lambda: health(portal) == "ok", 15, lambda: health(portal))
    assert portal.stop() == 0


def test_everything_dies_with_the_process_manager_and_starts_again(portal: Portal) -> None:
    os.kill(portal.pids("supervisord")[0], signal.SIGKILL)
    wait_until(lambda: not portal.processes(), 5, lambda: str(portal.processes()))
    assert portal.process is not None
    assert portal.process.wait(10) == 1
    portal.reader.join(5)
    assert "The process manager died" in portal.output
    portal.lines.clear()
    portal.start()
    assert health(portal) == "ok"


def test_nothing_is_left_after_the_whole_is_killed(portal: Portal) -> None:
    wait_until(lambda: len(portal.pids("worker")) > 1, 10)
    assert len(portal.processes()) >= 8
    assert portal.process is not None
    portal.process.kill()
    wait_until(lambda: not portal.processes(), 5, lambda: str(portal.processes()))


def test_nothing_is_left_after_a_stop_and_a_second_signal_stops_at_once(portal: Portal) -> None:
    assert portal.process is not None
    portal.process.send_signal(signal.SIGTERM)
    portal.wait_for_line("Stopping.", 5)
    portal.process.send_signal(signal.SIGTERM)
    portal.process.wait(5)
    wait_until(lambda: not portal.processes(), 5, lambda: str(portal.processes()))


def test_make_run_takes_the_portal_with_it_when_make_is_killed(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.launch(["make", "--no-print-directory", "run"])
    portal.wait_for_line("Stop:", 90)
    assert portal.process is not None
    portal.process.kill()
    wait_until(lambda: not portal.processes(), 60, lambda: str(portal.processes()))


@pytest.mark.skipif(os.getuid() != 0, reason="this run is an ordinary user's already")
def test_an_ordinary_user_can_run_it(make_portal: MakePortal) -> None:
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # As another user a different interpreter may answer to this name, where that user may not enter its folder.
    probe = [*as_nobody, sys.executable, "-c", "import sys; print(open('manage.py') and sys.version)"]
    answer = subprocess.run(probe, cwd=ROOT, capture_output=True, text=True)
    if answer.stdout.strip() != sys.version:
        pytest.skip("this clone, or its interpreter, can't be used by other users")
    portal = make_portal()
    os.chown(portal.data, 65534, 65534)
    portal.data.parent.chmod(0o711)
    portal.launch([*as_nobody, sys.executable, "manage.py", "up"])
    portal.wait_for_line("Ready:", 60)
    assert health(portal) == "ok"
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in portal.processes()}
    assert owners == {65534}
    assert portal.stop() == 0

"""Does a newcomer see an ADE account sync without Apple, and nobody else?"""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.portal import ROOT, MakePortal, Portal, free_port, wait_until

pytestmark = pytest.mark.once

COUNTS = (
    "from devices.models import Device; from enrollment.models import AdeAccount; account = AdeAccount.objects.get();"
    "print(account.name, account.state, account.syncs.filter(state='done').count(),"
    "account.devices.count(), Device.objects.filter(source='ade', status='pre_approved').count())"
)


def counted(portal: Portal) -> str:
    """Return the account's name and state, its syncs that are done, its devices, and those that are pre-approved."""
    answer = portal.manage("shell", "--no-imports", "-c", COUNTS)
    return answer.stdout.strip() or answer.stderr


def check(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "HEXENROLL_DATA": str(tmp_path / "data"), **environment}
    return subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, env=given, capture_output=True, text=True)


def test_with_the_switch_an_account_is_connected_to_a_simulator_and_synced_and_stays_so(
    make_portal: MakePortal,
) -> None:
    port = free_port()
    portal = make_portal(HEXENROLL_ADE_SIMULATOR="true", HEXENROLL_ADE_SIMULATOR_PORT=str(port)).start()
    assert f"Apple ADE is simulated: account “Demo”. Buy and release devices at http://127.0.0.1:{port}/" in (
        portal.output
    )
    # 60 devices, of which some are of a platform that the portal doesn't know.
    wait_until(lambda: counted(portal).startswith("Demo ok 1 60 "), 30, lambda: counted(portal))
    made = int(counted(portal).split()[-1])
    assert 50 <= made < 60
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert b"Apple's service, simulated" in opener.open(f"http://127.0.0.1:{port}/", timeout=10).read()
    assert portal.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5).close()
    portal.lines.clear()
    portal.start()
    assert "Apple ADE is simulated: account “Demo”." in portal.output
    assert counted(portal) == f"Demo ok 1 60 {made}"


def test_a_taken_port_of_the_simulator_is_said_with_the_setting_that_takes_another(make_portal: MakePortal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        portal = make_portal(HEXENROLL_ADE_SIMULATOR="true", HEXENROLL_ADE_SIMULATOR_PORT=str(port))
        answer = portal.manage("up")
    assert answer.returncode == 1
    assert f"The simulator of Apple's service can't listen on 127.0.0.1, port {port}" in answer.stderr
    assert f"HEXENROLL_ADE_SIMULATOR_PORT={port + 1}" in answer.stderr


def test_beside_a_portal_that_others_reach_the_simulator_is_warned_about(tmp_path: Path) -> None:
    answer = check(tmp_path, HEXENROLL_ADE_SIMULATOR="true", PUBLIC_URL="https://portal.example.com")
    assert "(hexenroll.W050) HEXENROLL_ADE_SIMULATOR is on: made-up devices" in answer.stderr
    assert "which others reach at https://portal.example.com." in answer.stderr
    assert "HINT:" in answer.stderr


@pytest.mark.parametrize("switch", ["", "true"])
def test_on_this_machine_and_without_the_switch_nothing_is_said(tmp_path: Path, switch: str) -> None:
    answer = check(tmp_path, HEXENROLL_ADE_SIMULATOR=switch, PUBLIC_URL="http://127.0.0.1:8000")
    assert answer.stderr == ""
    assert "no issues" in answer.stdout

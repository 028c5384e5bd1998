"""From a file to a computer that enrolled by the command on its invitation's page, with the agent really run.

The program comes from the portal itself; nothing stands between them.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.portal import Portal, wait_until

# What the database has to do with it is asked by tests/enrollment, on both.
pytestmark = pytest.mark.once

SERIALS = ["PF-2ABCDE", "PF-2ABCDF"]
PASSWORD = "k4t7-Mw9@x"
FILE = """Name,Email,Ownership,Serial number,Platform,Policies,Password
Ada,ada@example.com,corporate,PF-2ABCDE,linux,Passcode;Wi-Fi,
Bob,bob@example.com,corporate,PF-2ABCDF,linux,Passcode,k4t7-Mw9@x
"""
MAKE_POLICIES = """
from devices.models import Policy
from devices.policies.versions import save
for name, settings in (("Passcode", {"passcode": {"min_length": 8}}), ("Wi-Fi", {})):
    save(Policy(name=name, settings=settings), None)
"""
CHANGE_POLICY = """
from devices.models import Policy
from devices.policies.versions import save
policy = Policy.objects.get(name="Passcode")
policy.settings = {"passcode": {"min_length": 12}}
save(policy, None)
"""
LINKS = """
import json
from invitations.link_token import token_of
from invitations.models import Invitation
rows = Invitation.objects.filter(state__in=["sent", "delivered"]).select_related("device")
print("FOUND", json.dumps({row.device.serial_number: "/i/" + token_of(row.public_id) for row in rows}))
"""
DEVICES = """
import json
from devices.models import Device, DevicePolicy
print("FOUND", json.dumps({
    device.serial_number: {
        "status": device.status,
        "policies": {row.policy.name: [row.version, row.state] for row in device.policy_states.all()},
        "model": device.inventory.hardware.get("kernel", "") if hasattr(device, "inventory") else None,
    }
    for device in Device.objects.all()
}))
"""
ATTEMPTS = """
import json
from enrollment.models import EnrollmentAttempt
print("FOUND", json.dumps(list(EnrollmentAttempt.objects.order_by("pk").values_list("serial_number", "reason"))))
"""


def ask(portal: Portal, code: str) -> object:
    """Run code in the portal's shell; return what it prints behind FOUND."""
    done = portal.manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
    found = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    return json.loads(found[0].removeprefix("FOUND")) if found else None


class Computer:
    """A computer with the program that the portal handed out."""

    def __init__(self, home: Path, program: Path, serial_number: str) -> None:
        self.home, self.program, self.serial_number = home, program, serial_number
        home.mkdir(mode=0o700)

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        places = ["--state-dir", str(self.home / "state"), "--config", str(self.home / "none.json")]
        python = os.environ.get("AGENT_PYTHON", sys.executable)
        line = [python, "-I", str(self.program), command, *places, *arguments]
        return subprocess.run(line, capture_output=True, text=True, timeout=120)

    def enroll(self, *arguments: str, serial_number: str = "") -> subprocess.CompletedProcess[str]:
        own = ["--serial-number", serial_number or self.serial_number, "--policy-dir", str(self.home / "policies")]
        return self.run("enroll", *own, *arguments)


def command_of(page: str) -> list[str]:
    """Return the words of the command on an invitation's page."""
    found = re.search(r'<pre class="command".*?<code[^>]*>(.*?)</code>', page, re.DOTALL)
    assert found, page
    return shlex.split(unescape(found[1]))


def test_computers_enroll_by_the_command_on_their_invitations_page(portal: Portal, tmp_path: Path) -> None:
    ask(portal, MAKE_POLICIES)
    assert portal.manage("enrollment_settings", "pre_approved_devices_only=true").returncode == 0
    (tmp_path / "devices.csv").write_text(FILE)
    importing = ["import_devices", str(tmp_path / "devices.csv"), "--domain", "local", "--on-duplicate", "replace"]
    imported = portal.manage(*importing, "--invite", "email")
    assert imported.returncode == 0, imported.stdout + imported.stderr
    links: dict[str, str] = {}

    def are_sent() -> bool:
        links.update(ask(portal, LINKS) or {})  # type: ignore[call-overload]
        return len(links) == 2

    wait_until(are_sent, 60)

    # The page's command: what it fetches is the portal's own program.
    words = command_of(requests.get(portal.base_url + links[SERIALS[0]], timeout=10).text)
    address = next(word for word in words if word.startswith(f"{portal.base_url}/agent/"))
    program = tmp_path / "hexenroll-agent.py"
    program.write_bytes(requests.get(address, timeout=10).content)
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    assert requests.get(f"{address}.sha256", timeout=10).text.split() == [digest, program.name]
    assert words[words.index("&&") + 1 :][:4] == ["sudo", "python3", program.name, "enroll"]
    asked = [word for word in words[words.index("enroll") + 1 :] if word != "--install-service"]

    # A serial number that differs by case, then the right one, by the link's token.
    ada = Computer(tmp_path / "ada", program, SERIALS[0])
    refused = ada.enroll(*asked, serial_number=SERIALS[0].lower())
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert "[not_pre_approved]" in refused.stderr
    done = ada.enroll(*asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Policy: Passcode (version 1), applied" in done.stdout
    assert "Policy: Wi-Fi (version 1), applied" in done.stdout
    devices: dict[str, dict[str, object]] = ask(portal, DEVICES)  # type: ignore[assignment]
    assert devices[SERIALS[0]]["status"] == "enrolled"
    assert devices[SERIALS[0]]["policies"] == {"Passcode": [1, "applied"], "Wi-Fi": [1, "applied"]}
    assert devices[SERIALS[1]] == {"status": "pre_approved", "policies": {}, "model": None}

    # The other one by its one-time password: a wrong one first.
    bob = Computer(tmp_path / "bob", program, SERIALS[1])
    password = tmp_path / "password"
    who = ["--server", portal.base_url, "--email", "bob@example.com", "--password-file", str(password)]
    password.write_text("wrong\n")
    assert "[bad_credentials]" in bob.enroll(*who).stderr
    password.write_text(f"{PASSWORD}\n")
    assert bob.enroll(*who).returncode == 0
    # A lost answer may be repeated for some minutes: the newest token is the one that counts.
    again = bob.enroll(*who, "--again")
    assert again.returncode == 0, again.stderr
    assert bob.run("checkin").returncode == 0

    # What changes in the portal arrives with the next check-in; what does not costs nothing.
    ask(portal, CHANGE_POLICY)
    checked = ada.run("checkin")
    assert checked.returncode == 0, checked.stderr
    assert "Policy: Passcode (version 2), applied" in checked.stdout
    written = [json.loads(path.read_text()) for path in (ada.home / "policies").glob("policy-*.json")]
    assert {"passcode": {"min_length": 12}} in [policy["settings"] for policy in written]
    assert ada.run("checkin").returncode == 0
    assert ada.run("status").returncode == 0

    # It leaves.
    left = ada.run("disenroll")
    assert left.returncode == 0, left.stderr
    devices = ask(portal, DEVICES)  # type: ignore[assignment]
    assert devices[SERIALS[0]]["status"] == "disenrolled"
    assert list((ada.home / "policies").iterdir()) == []
    attempts = ask(portal, ATTEMPTS)
    assert attempts[:4] == [  # type: ignore[index]
        [SERIALS[0].lower(), "not_pre_approved"],
        [SERIALS[0], "approved"],
        [SERIALS[1], "bad_credentials"],
        [SERIALS[1], "approved"],
    ]

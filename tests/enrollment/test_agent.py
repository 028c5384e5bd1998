"""Does the agent enroll a computer, keep its policies in step, report, and leave? It runs as it does on a computer."""

import base64
import contextlib
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enrollment.agent import hexenroll_agent as agent
from tests.enrollment.agent_portal import (
    AGENT,
    DEVICE_TOKEN,
    EMAIL,
    PASSWORD,
    SERIAL,
    TOKEN,
    Computer,
    FakePortal,
    Reply,
    policy,
    refusal,
)

pytestmark = pytest.mark.once


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    with FakePortal() as running:
        yield running


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    tmp_path.chmod(0o700)
    return Computer(tmp_path)


# --- coming in -----------------------------------------------------------------------------------------
def test_it_enrolls_with_the_links_token_and_names_its_policies(portal: FakePortal, computer: Computer) -> None:
    done = computer.enroll(portal)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Serial number: {SERIAL}" in done.stdout
    assert f"Enrolled in {portal.url} as Ada's machine." in done.stdout
    assert "Groups: Research" in done.stdout
    assert "Policy: Passcode (version 1), delivered" in done.stdout
    assert "App: org.example.app" in done.stdout
    asked = portal.last("/api/v1/enroll").body
    assert asked["serial_number"] == SERIAL
    assert (asked["platform"], asked["method"], asked["token"]) == ("linux", "agent", TOKEN)
    assert asked["hardware"]["processors"] >= 1


def test_the_whole_link_is_as_good_as_its_token(portal: FakePortal, computer: Computer) -> None:
    assert computer.enroll(portal, "--token", f"{portal.url}/i/{TOKEN}/").returncode == 0


def test_a_link_to_another_portal_is_not_followed(portal: FakePortal, computer: Computer) -> None:
    done = computer.enroll(portal, "--token", f"https://elsewhere.example.com/i/{TOKEN}")
    assert done.returncode == 2
    assert f"The link leads to https://elsewhere.example.com, not to {portal.url}." in done.stderr
    assert portal.asked == []


def test_it_enrolls_with_a_password_from_a_file_or_from_what_comes_in(portal: FakePortal, computer: Computer) -> None:
    file = computer.home / "password"
    file.write_text(f"{PASSWORD}\nnot this\n")
    assert computer.enroll(portal, "--email", EMAIL, "--password-file", str(file)).returncode == 0
    again = computer.enroll(portal, "--email", EMAIL, "--password-file", "-", "--again", typed=f"{PASSWORD}\n")
    assert again.returncode == 0
    assert portal.last("/api/v1/enroll").body["password"] == PASSWORD


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(portal: FakePortal, computer: Computer) -> None:
    keyboard, terminal = pty.openpty()
    who = ["--server", portal.url, "--email", EMAIL, "--serial-number", SERIAL, "--state-dir", str(computer.state_dir)]
    process = subprocess.Popen(
        [sys.executable, str(AGENT), "enroll", *who, "--config", str(computer.config)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,  # away from the terminal that the tests may run in
        close_fds=True,
    )
    os.close(terminal)
    shown = b""
    while b"One-time password: " not in shown:
        shown += os.read(keyboard, 1_000)
    os.write(keyboard, f"{PASSWORD}\n".encode())
    with contextlib.suppress(OSError):  # Linux: the other end is closed
        while piece := os.read(keyboard, 1_000):
            shown += piece
    os.close(keyboard)
    assert process.wait(20) == 0, shown
    assert PASSWORD.encode() not in shown
    assert portal.last("/api/v1/enroll").body["password"] == PASSWORD


def test_without_anybody_to_ask_for_the_password_it_says_so(portal: FakePortal, computer: Computer) -> None:
    done = computer.enroll(portal, "--email", EMAIL)
    assert done.returncode == 2
    assert "There is nobody to ask for the password: give --password-file." in done.stderr
    assert portal.asked == []


def test_without_credentials_the_portal_decides(portal: FakePortal, computer: Computer) -> None:
    assert computer.enroll(portal, "--none").returncode == 3
    assert "token" not in portal.last("/api/v1/enroll").body


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("not_pre_approved", "Compare the serial number above with the one on the list"),
        ("bad_credentials", "A link and a password work once, for one device."),
        ("conflict", "An administrator can accept this hardware"),
        ("invitation_expired", ""),
        ("blocked", ""),
        ("device_limit", ""),
        ("os_too_old", ""),
        ("platform_not_supported", ""),
    ],
)
def test_a_refusal_is_said_in_the_portals_words(portal: FakePortal, computer: Computer, code: str, hint: str) -> None:
    portal.script.append(refusal(code))
    done = computer.enroll(portal)
    assert done.returncode == 3
    assert f"The portal refuses: The portal's own words. [{code}]" in done.stderr
    assert hint in done.stderr
    assert not (computer.state_dir / "agent.json").exists()
    assert len(portal.asked) == 1, "a refusal is final"


def test_a_serial_number_that_differs_by_case_is_refused(portal: FakePortal, computer: Computer) -> None:
    done = computer.enroll(portal, "--serial-number", SERIAL.lower())
    assert done.returncode == 3
    assert "[not_pre_approved]" in done.stderr


def test_what_is_wrong_with_a_request_is_said_by_field(portal: FakePortal, computer: Computer) -> None:
    portal.script.append(Reply(400, {"code": "invalid", "errors": {"os_version": ["This may have 64 characters."]}}))
    done = computer.enroll(portal)
    assert done.returncode == 3
    assert "os_version: This may have 64 characters. [invalid]" in done.stderr


def test_an_enrolled_computer_enrolls_anew_only_when_told_to(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    done = computer.enroll(portal)
    assert done.returncode == 1
    assert f"This computer is enrolled in {portal.url} already. To enroll it anew: --again." in done.stderr
    assert portal.paths().count("POST /api/v1/enroll") == 1
    assert computer.enroll(portal, "--again").returncode == 0


def test_enrolled_anew_it_removes_what_is_no_longer_assigned(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    portal.policies = [policy(9, "VPN")]
    assert computer.enroll(portal, "--again").returncode == 0
    assert sorted(path.name for path in computer.policy_dir.iterdir()) == ["device.json", "policy-9.json"]


def test_enrolled_in_another_portal_its_policies_are_that_ones(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    with FakePortal() as other:
        other.policies = [policy(7, "Wi-Fi")]
        done = computer.enroll(other, "--again")
    assert done.returncode == 0
    assert "Policy: Wi-Fi (version 1)" in done.stdout
    assert "Passcode" not in done.stdout


def test_a_damaged_state_does_not_keep_it_from_enrolling_anew(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    (computer.state_dir / "agent.json").write_text("{")
    assert computer.enroll(portal).returncode == 1
    assert computer.enroll(portal, "--again").returncode == 0


def test_enrolled_without_having_checked_in_it_is_enrolled_all_the_same(portal: FakePortal, computer: Computer) -> None:
    portal.script.extend([Reply(200, {**portal.document(), "device_token": DEVICE_TOKEN}), Reply(503)])
    done = computer.enroll(portal)
    assert done.returncode == 4
    assert f"Enrolled in {portal.url} as Ada's machine." in done.stdout
    assert "Policy: Passcode (version 1), delivered" in done.stdout
    portal.device_token = DEVICE_TOKEN
    assert computer.run("checkin").returncode == 0


def test_names_are_shown_where_the_terminal_knows_ascii_alone(portal: FakePortal, computer: Computer) -> None:
    portal.policies = [policy(7, "Größe 😀")]
    done = computer.enroll(portal, encoding="latin-1")
    assert done.returncode == 0, done.stderr
    assert "Policy: Größe \\U0001f600 (version 1)" in done.stdout


# --- what it keeps -------------------------------------------------------------------------------------
def test_the_device_token_is_for_nobody_else_to_read(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    assert computer.state()["device_token"] == DEVICE_TOKEN
    assert stat.S_IMODE((computer.state_dir / "agent.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(computer.state_dir.stat().st_mode) == 0o700


def test_neither_token_nor_password_is_kept_or_shown(portal: FakePortal, computer: Computer) -> None:
    done = computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    shown = done.stdout + done.stderr + computer.run("status").stdout + computer.run("status", "--json").stdout
    kept = "".join(path.read_text() for path in computer.home.rglob("*.json"))
    assert TOKEN not in shown + kept
    assert DEVICE_TOKEN not in shown
    assert kept.count(DEVICE_TOKEN) == 1


def test_a_token_that_others_may_have_read_is_not_used(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    (computer.state_dir / "agent.json").chmod(0o644)
    done = computer.run("checkin")
    assert done.returncode == 1
    assert "others may read it. Its token may be known: disenroll the device in the portal" in done.stderr


def test_where_the_token_could_not_be_kept_nothing_is_asked(portal: FakePortal, computer: Computer) -> None:
    computer.state_dir.mkdir()
    computer.state_dir.chmod(0o777)
    done = computer.enroll(portal)
    assert done.returncode == 1
    assert f"{computer.state_dir} must be yours, and writable by you alone" in done.stderr
    assert portal.asked == []


def test_a_damaged_state_is_said(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    (computer.state_dir / "agent.json").write_text("{")
    assert "is damaged. Remove it and enroll again." in computer.run("checkin").stderr


@pytest.mark.parametrize("command", ["checkin", "status", "disenroll"])
def test_before_the_enrollment_the_other_commands_say_so(computer: Computer, command: str) -> None:
    done = computer.run(command)
    assert done.returncode == 5
    assert "This computer is not enrolled" in done.stderr


# --- check-in ------------------------------------------------------------------------------------------
def test_right_after_the_enrollment_it_checks_in(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    asked = portal.last("/api/v1/device/checkin")
    assert asked.headers["Authorization"] == f"Bearer {DEVICE_TOKEN}"
    assert asked.body["policies"] == []
    assert asked.body["hardware"]["kernel"]


def test_what_has_not_changed_is_not_sent_again(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    assert computer.run("checkin").returncode == 0
    assert computer.run("checkin").returncode == 0
    first, second = [asked for asked in portal.asked if asked.path == "/api/v1/device"]
    assert "If-None-Match" not in first.headers
    assert second.headers["If-None-Match"].startswith('"')
    assert portal.paths()[-1] == "POST /api/v1/device/checkin"


def test_a_computer_that_the_portal_has_forgotten_says_so(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    portal.device_token = ""
    done = computer.run("checkin")
    assert done.returncode == 5
    assert "The portal doesn't know this computer any more" in done.stderr


def test_status_tells_where_it_stands_without_the_portal(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    before = len(portal.asked)
    done = computer.run("status")
    assert done.returncode == 0
    assert f"Enrolled in {portal.url} as Ada's machine, 20" in done.stdout
    assert "Last check-in: 20" in done.stdout
    assert "Policy: Passcode (version 1), delivered" in done.stdout
    assert len(portal.asked) == before


# --- policies ------------------------------------------------------------------------------------------
def test_policies_and_profiles_are_written_to_the_folder_and_reported(portal: FakePortal, computer: Computer) -> None:
    portal.policies.append(policy(8, "Wi-Fi", profile=base64.b64encode(b"<plist/>").decode()))
    done = computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    assert done.returncode == 0
    assert "Policy: Wi-Fi (version 1), applied" in done.stdout
    names = sorted(path.name for path in computer.policy_dir.iterdir())
    assert names == ["device.json", "policy-7.json", "policy-8.json", "policy-8.mobileconfig"]
    assert (computer.policy_dir / "policy-8.mobileconfig").read_bytes() == b"<plist/>"
    assert {stat.S_IMODE(path.stat().st_mode) for path in computer.policy_dir.iterdir()} == {0o600}
    reports = portal.last("/api/v1/device/checkin").body["policies"]
    assert [(report["id"], report["version"], report["state"]) for report in reports] == [
        (7, 1, "applied"),
        (8, 1, "applied"),
    ]


def test_a_changed_policy_is_written_anew_and_one_that_is_gone_is_removed(
    portal: FakePortal, computer: Computer
) -> None:
    portal.policies.append(policy(8, "Wi-Fi"))
    computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    portal.policies = [policy(7, "Passcode", 2, settings={"passcode": {"length": 8}})]
    done = computer.run("checkin")
    assert "Policy: Passcode (version 2), applied" in done.stdout
    assert '"length": 8' in (computer.policy_dir / "policy-7.json").read_text()
    assert not (computer.policy_dir / "policy-8.json").exists()
    assert [report["id"] for report in portal.last("/api/v1/device/checkin").body["policies"]] == [7]


@pytest.mark.parametrize("name", ["policy-7.json", "policy-7.mobileconfig"])
def test_a_file_that_somebody_removed_comes_back(portal: FakePortal, computer: Computer, name: str) -> None:
    portal.policies = [policy(7, "Passcode", profile=base64.b64encode(b"a profile").decode())]
    computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    computer.run("checkin")
    (computer.policy_dir / name).unlink()
    computer.run("checkin")
    assert (computer.policy_dir / name).exists()


def test_a_folder_that_can_not_be_made_is_said_before_anything_is_asked(portal: FakePortal, computer: Computer) -> None:
    (computer.home / "file").write_text("")
    done = computer.enroll(portal, "--policy-dir", str(computer.home / "file" / "policies"))
    assert done.returncode == 1
    assert "where the policies go, can't be made (Not a directory). Use sudo, or another folder." in done.stderr
    assert portal.asked == []


def test_who_can_not_install_the_service_is_told_before_anything_is_asked(
    portal: FakePortal, computer: Computer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    places = ["--state-dir", str(computer.state_dir), "--config", str(computer.config)]
    asked = ["enroll", "--server", portal.url, "--token", TOKEN, "--serial-number", SERIAL, *places]
    assert agent.main([*asked, "--install-service"]) == 1
    assert "A service is installed by root. Run the same command with sudo." in capsys.readouterr().err
    assert portal.asked == []


def test_more_than_one_check_in_can_say_is_said_in_several(portal: FakePortal, computer: Computer) -> None:
    portal.policies = [policy(number, f"Policy {number}") for number in range(1, 1_202)]
    assert computer.enroll(portal, "--policy-dir", str(computer.policy_dir)).returncode == 0
    said = [asked.body for asked in portal.asked if asked.path == "/api/v1/device/checkin"]
    assert [report["id"] for body in said for report in body["policies"]] == list(range(1, 1_202))
    assert max(len(body["policies"]) for body in said) <= 1_000
    assert ["hardware" in body for body in said] == [True] + [False] * (len(said) - 1)


def test_the_administrators_hook_is_run_for_what_is_new_changed_and_gone(
    portal: FakePortal, computer: Computer
) -> None:
    log = computer.home / "log"
    computer.hook(f'echo "$1 $(basename "$2")" >> {log}')
    computer.enroll(portal)
    computer.run("checkin")
    portal.policies = [policy(9, "VPN")]
    assert computer.run("checkin").returncode == 0
    assert log.read_text().splitlines() == ["apply policy-7.json", "remove policy-7.json", "apply policy-9.json"]


def test_a_policy_that_could_not_be_applied_is_reported_and_tried_again(portal: FakePortal, computer: Computer) -> None:
    computer.hook("echo 'starting'; echo 'no such network' >&2; exit 4")
    done = computer.enroll(portal)
    assert done.returncode == 6
    assert "Policy: Passcode (version 1), failed: the hook ended with 4: no such network" in done.stdout
    (report,) = portal.last("/api/v1/device/checkin").body["policies"]
    assert report["state"] == "failed"
    assert report["message"] == "the hook ended with 4: no such network"
    assert computer.run("status").returncode == 6
    (computer.home / "hook").write_text("#!/bin/sh\nexit 0\n")
    assert computer.run("checkin").returncode == 0
    assert portal.last("/api/v1/device/checkin").body["policies"][0]["state"] == "applied"


def test_a_hook_that_hangs_is_ended(portal: FakePortal, computer: Computer) -> None:
    path = computer.hook("sleep 60 & sleep 60")
    computer.configure(policy_dir=str(computer.policy_dir), hook=[str(path)], hook_seconds=0.3)
    done = computer.enroll(portal)
    assert done.returncode == 6
    assert "the hook took longer than 0.3 seconds" in done.stdout


def test_a_hook_that_others_could_have_written_is_not_run(portal: FakePortal, computer: Computer) -> None:
    path = computer.hook(f"touch {computer.home}/ran")
    path.chmod(0o722)
    done = computer.enroll(portal)
    assert done.returncode == 1
    assert f"{path} must belong to root and be writable by its owner alone: it decides what runs here." in done.stderr
    assert portal.asked == [], "nothing is asked before that is put right"
    path.chmod(0o700)
    computer.config.chmod(0o666)
    assert f"{computer.config} must belong to root" in computer.enroll(portal).stderr
    assert not (computer.home / "ran").exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[]", "must be a JSON object of policy_dir, hook and hook_seconds."),
        ('{"hooks": []}', "must be a JSON object of policy_dir, hook and hook_seconds."),
        ('{"hook": "reboot"}', "hook is a list of texts"),
        ('{"hook": ["reboot"]}', "the hook 'reboot' must be a whole path"),
        ('{"policy_dir": "here"}', "policy_dir must be a whole path"),
        ('{"hook": ["/bin/true"], "hook_seconds": true}', "hook_seconds a number"),
        ('{"hook": ["/bin/true"], "hook_seconds": NaN}', "hook_seconds a number up to 86400."),
        ('{"hook": ["/bin/true"], "hook_seconds": 1e400}', "hook_seconds a number up to 86400."),
    ],
)
def test_a_wrong_configuration_is_said(portal: FakePortal, computer: Computer, config: str, said: str) -> None:
    computer.config.write_text(config)
    computer.config.chmod(0o600)
    done = computer.enroll(portal)
    assert done.returncode == 1
    assert said in done.stderr


def test_nothing_that_the_portal_sends_is_run(portal: FakePortal, computer: Computer) -> None:
    marker = computer.home / "ran"
    command = f"touch {marker}"
    hostile = policy(7, f"$({command}); `{command}`", settings={"command": command, "hook": [command]})
    portal.policies = [{**hostile, "hook": ["/bin/sh", "-c", command], "script": command}]
    assert computer.enroll(portal, "--policy-dir", str(computer.policy_dir)).returncode == 0
    computer.hook('cat "$2" > /dev/null')
    assert computer.run("checkin").returncode == 0
    assert not marker.exists()


# --- leaving -------------------------------------------------------------------------------------------
def test_it_disenrolls_and_takes_away_what_it_wrote(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal, "--policy-dir", str(computer.policy_dir))
    done = computer.run("disenroll")
    assert (done.returncode, done.stdout) == (0, f"Disenrolled from {portal.url}.\n")
    assert list(computer.policy_dir.iterdir()) == []
    assert not (computer.state_dir / "agent.json").exists()
    assert computer.run("status").returncode == 5


def test_who_leaves_is_told_that_the_service_still_runs(
    portal: FakePortal, computer: Computer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = computer.home / "hexenroll-agent.timer"
    unit.write_text("")
    monkeypatch.setattr(agent, "service_files", lambda *_arguments: {str(unit): b""})
    computer.enroll(portal)
    assert agent.main(["disenroll", "--state-dir", str(computer.state_dir), "--config", str(computer.config)]) == 0
    assert "The service still runs. To remove it, too: install-service --uninstall." in capsys.readouterr().out


def test_it_disenrolls_although_the_portal_has_forgotten_it(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    portal.device_token = ""
    assert computer.run("disenroll").returncode == 0
    assert not (computer.state_dir / "agent.json").exists()


def test_it_stays_enrolled_while_the_portal_can_not_be_told(portal: FakePortal, computer: Computer) -> None:
    computer.enroll(portal)
    portal.script.append(Reply(503))
    assert computer.run("disenroll", "--tries", "1").returncode == 4
    assert computer.state()["device_token"] == DEVICE_TOKEN

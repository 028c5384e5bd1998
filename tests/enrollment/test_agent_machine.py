"""What does the agent read on Linux and on a Mac, which Python does it need, and which service does it install?"""

import ast
import configparser
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devices.vocabulary import Platform
from enrollment.agent import hexenroll_agent as agent
from enrollment.enroll_request import LENGTHS
from enrollment.methods import Method
from enrollment.reasons import LETS_IN, Reason
from tests.enrollment.agent_portal import AGENT, Computer

pytestmark = pytest.mark.once
IOREG = [
    {
        "IOPlatformSerialNumber": "C02XK0AAJG5J",
        "IOPlatformUUID": "8f2b6c52-1d3a-5b62-9c1e-0a6f2d9b7e11",
        "manufacturer": b"Apple Inc.\0",
        "model": b"MacBookPro18,3\0",
    }
]
BATTERY = b"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1234)\t83%; discharging; 4:10 remaining\n"


def linux(root: Path, **files: str) -> agent.Facts:
    """Return what the agent reads of a Linux computer whose files are these, `/` written as `__`."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return agent.linux_facts(root)


def mac(outputs: dict[str, bytes]) -> agent.Facts:
    return agent.mac_facts(lambda command: outputs.get(Path(command[0]).name, b""))


# --- Linux ---------------------------------------------------------------------------------------------
def test_on_linux_it_reads_dmi(tmp_path: Path) -> None:
    facts = linux(
        tmp_path,
        sys__class__dmi__id__product_serial="PF2ABCDE\n",
        sys__class__dmi__id__product_uuid="4c4c4544-0042-3510-8053-b4c04f4e4232\n",
        sys__class__dmi__id__sys_vendor="LENOVO\n",
        sys__class__dmi__id__product_name="20XW00\n",
        etc__os="",
        proc__cpuinfo="processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n",
        sys__class__power_supply__BAT0__capacity="83\n",
    )
    assert (facts.platform, facts.serial_number, facts.problem) == (Platform.LINUX, "PF2ABCDE", "")
    assert facts.hardware_uuid == "4C4C4544-0042-3510-8053-B4C04F4E4232"
    assert facts.battery == 0.83
    assert facts.hardware["manufacturer"] == "LENOVO"
    assert facts.hardware["model"] == "20XW00"
    assert facts.hardware["processor"] == "Some CPU @ 2 GHz"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\n', "12"),
        ("NAME=Fedora\nVERSION_ID=40\n", "40"),
        ("VERSION_ID='22.04'\n", "22.04"),
        ("NAME=Arch\nID=arch\n", ""),
    ],
)
def test_the_version_is_that_of_the_distribution(tmp_path: Path, text: str, version: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text(text)
    assert agent.linux_facts(tmp_path).os_version == version


def test_on_a_board_without_dmi_it_reads_the_device_tree(tmp_path: Path) -> None:
    tree = "sys__firmware__devicetree__base__"
    facts = linux(tmp_path, **{f"{tree}serial-number": "10000000abcdef01\0", f"{tree}model": "Raspberry Pi 4\0"})
    assert (facts.serial_number, facts.hardware["model"]) == ("10000000abcdef01", "Raspberry Pi 4")


def test_without_root_it_says_that_sudo_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.os, "geteuid", lambda: 1000)
    facts = linux(tmp_path, sys__class__dmi__id__product_serial="")  # root's own file reads like an empty one
    assert facts.problem == (
        "The serial number of this computer can be read by root only. Run the same command with sudo."
    )


def test_a_computer_without_serial_number_is_said(tmp_path: Path) -> None:
    assert "This computer tells no serial number." in linux(tmp_path).problem


@pytest.mark.parametrize(
    "uuid", ["", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "None-\n"]
)
def test_a_uuid_of_one_character_is_none(tmp_path: Path, uuid: str) -> None:
    found = linux(tmp_path, sys__class__dmi__id__product_uuid=uuid).hardware_uuid
    assert found == ("" if uuid != "None-\n" else "NONE-")


def test_what_firmware_says_can_be_stored(tmp_path: Path) -> None:
    facts = linux(
        tmp_path, sys__class__dmi__id__product_serial="AB\x00C\x1bD \n", sys__class__dmi__id__sys_vendor="x" * 5_000
    )
    assert facts.serial_number == "AB C D"
    assert len(facts.hardware["manufacturer"]) == 200


# --- macOS ---------------------------------------------------------------------------------------------
def test_on_a_mac_it_reads_ioreg(tmp_path: Path) -> None:
    outputs = {"ioreg": plistlib.dumps(IOREG), "sw_vers": b"14.5\n", "pmset": BATTERY, "sysctl": b"Apple M1 Pro\n"}
    facts = mac(outputs)
    assert (facts.platform, facts.serial_number, facts.problem) == (Platform.MACOS, "C02XK0AAJG5J", "")
    assert facts.os_version == "14.5"
    assert facts.hardware_uuid == "8F2B6C52-1D3A-5B62-9C1E-0A6F2D9B7E11"
    assert facts.battery == 0.83
    assert facts.hardware["model"] == "MacBookPro18,3"
    assert facts.hardware["manufacturer"] == "Apple Inc."


@pytest.mark.parametrize(
    "output", [b"", b"no plist", plistlib.dumps([]), plistlib.dumps({"a": 1}), plistlib.dumps(["x"])]
)
def test_what_ioreg_does_not_tell_is_said(output: bytes) -> None:
    with pytest.raises(agent.AgentError, match="ioreg tells nothing about this Mac that can be read"):
        mac({"ioreg": output})


def test_a_mac_without_serial_number_is_said() -> None:
    facts = mac({"ioreg": plistlib.dumps([{"model": b"VMware7,1\0"}])})
    assert "This Mac tells no serial number." in facts.problem


# --- what it shares with the portal ----------------------------------------------------------------------
def test_its_words_are_those_of_the_portal() -> None:
    assert "agent" in Method.values
    assert set(agent.HINTS) <= set(Reason.values) - {str(reason) for reason in LETS_IN}
    assert LENGTHS["serial_number"] == LENGTHS["hardware_uuid"] == 100
    assert LENGTHS["os_version"] == 64


# --- the oldest Python -----------------------------------------------------------------------------------
def test_it_is_written_in_python_3_8() -> None:
    tree = ast.parse(AGENT.read_text(), feature_version=(3, 8))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]
    newer = {"removeprefix", "removesuffix", "is_relative_to", "readlink", "hardlink_to", "pairwise", "bit_count"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not newer & used


def test_types_of_newer_pythons_stand_in_annotations_alone() -> None:
    tree = ast.parse(AGENT.read_text())
    assert any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    annotations: set[ast.AST] = set()
    for node in ast.walk(tree):
        for found in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            annotations |= set(ast.walk(found)) if found is not None else set()
    for node in set(ast.walk(tree)) - annotations:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            assert node.value.id not in {"dict", "list", "tuple", "set", "type"}, f"line {node.lineno}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            assert not isinstance(node.right, ast.Constant) or node.right.value is not None, f"line {node.lineno}"


def test_it_needs_nothing_but_python() -> None:
    tree = ast.parse(AGENT.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def pythons() -> list[str]:
    """Return the tests' own Python, and those of other versions that this machine has (pyenv keeps its own aside)."""
    found = [sys.executable]
    for version in ("3.8", "3.9", "3.12", "3.13", "3.14"):
        kept = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
        python = str(kept[0]) if kept else shutil.which(f"python{version}")
        if python and not subprocess.run([python, "--version"], capture_output=True).returncode:
            found.append(python)
    return found


@pytest.mark.parametrize("python", pythons())
def test_it_runs_on_every_python_of_this_machine(python: str) -> None:
    command = [python, "-I", "-W", "error", str(AGENT)]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"hexenroll-agent {agent.VERSION}\n"), done.stderr
    done = subprocess.run([*command, "install-service", "--print"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# --- the service -----------------------------------------------------------------------------------------
@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_the_systemd_service_checks_in_regularly_and_spread(computer: Computer) -> None:
    image = computer.home / "image"
    done = computer.run("install-service", "--root", str(image), "--every", "30")
    assert done.returncode == 0, done.stderr
    units = image / "etc/systemd/system"
    service = configparser.ConfigParser(interpolation=None)
    service.read(units / "hexenroll-agent.service")
    command = service["Service"]["ExecStart"]
    assert '"-I" "/usr/local/lib/hexenroll/hexenroll-agent.py" "checkin" "--state-dir"' in command
    assert f'"{computer.state_dir}"' in command
    timer = configparser.ConfigParser()
    timer.read(units / "hexenroll-agent.timer")
    assert timer["Timer"]["OnUnitActiveSec"] == "30min"
    assert timer["Timer"]["RandomizedDelaySec"] == "450s"
    assert (image / "usr/local/lib/hexenroll/hexenroll-agent.py").read_bytes() == AGENT.read_bytes()


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    command = [sys.executable, "-I", str(AGENT), "checkin", "--state-dir", 'with "quotes", $dollars and 100%']
    paths = []
    for name, data in agent.service_files("Linux", command, 60).items():
        paths.append(tmp_path / Path(name).name)
        paths[-1].write_bytes(data)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, paths)], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "hexenroll" in line] == []


def test_the_launchd_service_checks_in_regularly() -> None:
    command = ["/usr/bin/python3", "-I", agent.INSTALLED, "checkin"]
    ((name, data),) = agent.service_files("Darwin", command, 60).items()
    assert name == "/Library/LaunchDaemons/org.hexenroll.agent.plist"
    plist = plistlib.loads(data)
    assert (plist["ProgramArguments"], plist["StartInterval"], plist["RunAtLoad"]) == (command, 3_600, True)


def test_the_service_can_be_shown_and_removed(computer: Computer) -> None:
    image = computer.home / "image"
    shown = computer.run("install-service", "--root", str(image), "--print")
    assert "# /etc/systemd/system/hexenroll-agent.timer" in shown.stdout
    assert not image.exists()
    computer.run("install-service", "--root", str(image))
    done = computer.run("install-service", "--root", str(image), "--uninstall")
    assert (done.returncode, done.stdout) == (0, "The service is removed. The computer stays enrolled.\n")
    assert [path for path in image.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("arguments", [[], ["enroll"], ["checkin", "--tries", "0"], ["reboot"], ["checkin", "--x"]])
def test_a_wrong_command_line_is_usage(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-I", str(AGENT), *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage: hexenroll-agent" in done.stderr


# --- what is said about it -------------------------------------------------------------------------------
def test_its_guide_names_every_command_option_and_exit_code() -> None:
    guide = (AGENT.parents[2] / "docs" / "agent.md").read_text()
    choices = [action.choices for action in agent.parser()._actions]
    (commands,) = [found for found in choices if isinstance(found, dict)]
    for name, parser in commands.items():
        assert re.search(rf"^\| `{name}\b", guide, re.MULTILINE), name
        for action in parser._actions:
            for option in set(action.option_strings) - {"-h", "--help"}:
                assert option in guide, f"{name} {option}"
    codes = re.findall(r"^\| (\d) \|", guide, re.MULTILINE)
    assert codes == [str(code) for code in range(agent.NOT_APPLIED + 1)]
    for name in agent.Config._fields:
        assert f'"{name}"' in guide

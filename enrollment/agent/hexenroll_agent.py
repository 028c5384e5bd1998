#!/usr/bin/env python3
"""Enrolls this computer (Linux or macOS) in a hexenroll portal, and keeps it in step with its policies.

One file for Python 3.8 or newer, without dependencies; served by the portal, run by whoever administers the computer.
Exit codes: 0 done; 1 something on this computer is in the way; 2 usage; 3 the portal refused; 4 the portal can't be
reached or its answer can't be used; 5 this computer is not enrolled, or no longer; 6 a policy could not be applied.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import email.utils
import fcntl
import getpass
import http.client
import io
import ipaddress
import json
import os
import platform
import plistlib
import random
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple
from urllib.parse import urlsplit

VERSION = "1.0"
DONE, FAILED, USAGE, REFUSED, UNREACHABLE, NOT_ENROLLED, NOT_APPLIED = range(7)

ENROLL, DEVICE, CHECK_IN, DISENROLL = (
    "/api/v1/enroll",
    "/api/v1/device",
    "/api/v1/device/checkin",
    "/api/v1/device/disenroll",
)
SECONDS = 30  # for each answer to begin, and for each piece of it
ANSWER_SECONDS = 120  # for a whole answer
ANSWER_BYTES = 32 * 2**20  # profiles are in it
LONGEST_WAIT = 300  # seconds between two tries; who is told to wait longer is told so, and stops
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
SERVICE = "hexenroll-agent"
PLIST = "org.hexenroll.agent"
INSTALLED = "/usr/local/lib/hexenroll/hexenroll-agent.py"
CONFIG = "/etc/hexenroll/agent.json"
HOOK_SECONDS = 600
MOST_REPORTS, REPORT_BYTES = 1_000, 2**17  # that a portal takes with one check-in, which has other fields, too
LONGEST_HOOK = 86_400  # seconds
HINTS = {
    "not_pre_approved": "Compare the serial number above with the one on the list; upper and lower case count.",
    "bad_credentials": "A link and a password work once, for one device. Copy them anew from the invitation's page.",
    "conflict": "An administrator can accept this hardware in the portal, under Conflicts.",
}


class AgentError(Exception):
    """Ends the program: the text says what is wrong and what to do, `exit_code` is one of those above."""

    def __init__(self, text: str, exit_code: int = FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code


# --- what this computer is ---------------------------------------------------------------------------------
class Facts(NamedTuple):
    """What the computer tells of itself; "" for what it doesn't tell, `problem` says why it has no serial number."""

    platform: str
    serial_number: str
    problem: str
    os_version: str
    hardware_uuid: str
    hardware: dict[str, Any]
    battery: float | None


def clean(value: object, length: int = 200) -> str:
    """Return a text without control characters, which neither a terminal nor the portal's database should get."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(text.split())[:length]


def read_facts() -> Facts:
    """Return what this computer is.

    Raises:
        AgentError: it is neither Linux nor macOS.
    """
    system = platform.system()
    if system == "Linux":
        return linux_facts(Path("/"))
    if system == "Darwin":
        return mac_facts(_output)
    raise AgentError(f"This program is for Linux and macOS; this is {system or 'an unknown system'}.")


def linux_facts(root: Path) -> Facts:
    """Return what a Linux computer is, from the folders /sys, /proc and /etc below `root`.

    The serial number is the system's in DMI (what dmidecode -s system-serial-number prints), which root alone can read;
    where there is no DMI (ARM boards), the device tree's, which anybody can.
    """
    dmi, tree = root / "sys/class/dmi/id", root / "sys/firmware/devicetree/base"
    serial_number = _text(dmi / "product_serial") or _text(tree / "serial-number")
    problem = ""
    if not serial_number and (dmi / "product_serial").exists() and os.geteuid() != 0:
        problem = "The serial number of this computer can be read by root only. Run the same command with sudo."
    elif not serial_number:
        problem = "This computer tells no serial number. Ask your IT department, and give it with --serial-number."
    release = dict(re.findall(r"^(\w+)=[\"']?(.*?)[\"']?$", _lines(root / "etc/os-release"), re.MULTILINE))
    processor = re.search(r"^(?:model name|Model)\s*: (.*)", _lines(root / "proc/cpuinfo"), re.MULTILINE)
    hardware = {
        "manufacturer": _text(dmi / "sys_vendor"),
        "model": _text(dmi / "product_name") or _text(tree / "model"),
        "processor": clean(processor[1]) if processor else "",
        "os_name": clean(release.get("PRETTY_NAME", "Linux")),
    }
    charge = [_text(path) for path in sorted(root.glob("sys/class/power_supply/BAT*/capacity"))]
    battery = int(charge[0]) / 100 if charge and charge[0].isdecimal() else None
    uuid = _uuid(_text(dmi / "product_uuid"))
    version = clean(release.get("VERSION_ID", ""), 64)
    return Facts("linux", clean(serial_number, 100), problem, version, uuid, _hardware(hardware), battery)


def mac_facts(run: Callable[[list[str]], bytes]) -> Facts:
    """Return what a Mac is, from what ioreg, sw_vers and pmset print when `run`."""
    try:
        found = plistlib.loads(run(["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice", "-a"]))[0]
        found = {
            name: value.rstrip(b"\0").decode() if isinstance(value, bytes) else value for name, value in found.items()
        }
    except (ValueError, LookupError, AttributeError, TypeError, plistlib.InvalidFileException) as error:
        raise AgentError(f"ioreg tells nothing about this Mac that can be read: {clean(error)}") from error
    serial_number = clean(found.get("IOPlatformSerialNumber", ""), 100)
    version = clean(run(["/usr/bin/sw_vers", "-productVersion"]).decode("utf-8", "replace"), 64)
    charge = re.search(rb"(\d+)%", run(["/usr/bin/pmset", "-g", "batt"]))
    hardware = {
        "manufacturer": clean(found.get("manufacturer", "")) or "Apple Inc.",
        "model": clean(found.get("model", "")),
        "processor": clean(run(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]).decode("utf-8", "replace")),
        "os_name": "macOS",
    }
    problem = (
        ""
        if serial_number
        else "This Mac tells no serial number. Ask your IT department, and give it with --serial-number."
    )
    battery = min(int(charge[1]), 100) / 100 if charge else None
    uuid = _uuid(clean(found.get("IOPlatformUUID", "")))
    return Facts("macos", serial_number, problem, version, uuid, _hardware(hardware), battery)


def _hardware(own: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the hardware: what each system has in a place of its own, and the rest."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    common = {"architecture": platform.machine(), "processors": os.cpu_count(), "memory_bytes": memory}
    common.update(kernel=clean(platform.release()), host_name=clean(socket.gethostname()), agent=VERSION)
    common.update(own)
    return {name: value for name, value in common.items() if value}


def _uuid(text: str) -> str:
    """Return a hardware UUID in one spelling; "" for what boards without one report."""
    bare = text.replace("-", "").upper()
    return text.upper()[:100] if len(set(bare)) > 1 else ""


def _lines(path: Path) -> str:
    try:
        return path.read_bytes()[: 2**20].decode("utf-8", "replace")
    except OSError:
        return ""  # absent, or for root alone: the caller knows what that means


def _text(path: Path) -> str:
    return clean(_lines(path).strip("\0"))


def _output(command: list[str]) -> bytes:
    """Return what a program of the system prints; nothing where it is missing or fails."""
    # Without this variable some builds of Python are told that every macOS since 11 is 10.16.
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "SYSTEM_VERSION_COMPAT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        complain(f"{command[0]} can't be asked: {error}")
        return b""
    return done.stdout


# --- the portal --------------------------------------------------------------------------------------------
class Answer(NamedTuple):
    """What the portal answered; `body` is {} where there is none."""

    status: int
    body: dict[str, Any]
    etag: str
    retry_after: float | None


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nothing: credentials go to the named portal or nowhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Portal:
    """A portal, by its address. Certificates are verified, redirects aren't followed, what may pass is tried again."""

    def __init__(
        self,
        server: str,
        ca_file: str = "",
        allow_http: bool = False,
        tries: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server, self.ca_file, self.allow_http = origin_of(server, allow_http), ca_file, allow_http
        self.tries, self.sleep = tries, sleep
        self.opener = urllib.request.build_opener(
            NoRedirects, urllib.request.HTTPSHandler(context=tls_context(ca_file))
        )

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, token: str = "", etag: str = ""
    ) -> Answer:
        """Send a request, again if need be, and return the answer.

        Raises:
            AgentError: there is no answer, or none that an agent could use.
        """
        problem, tried = "", 0
        for tried in range(1, self.tries + 1):
            wait = None
            try:
                answer = self._once(method, path, body, token, etag)
            except (OSError, http.client.HTTPException) as error:
                problem = self._why(error)
            else:
                if answer.status not in RETRIED:
                    return self._usable(answer, path)
                problem, wait = f"it answers {answer.status}", answer.retry_after
            if wait is not None and wait > LONGEST_WAIT:
                raise AgentError(
                    f"The portal {self.server} asks to be left alone for {wait:.0f} seconds. Try again then.",
                    UNREACHABLE,
                )
            if tried < self.tries:
                # Spread out: thousands of computers wake up at the same time when a portal comes back.
                backoff = min(2.0**tried, 60) * random.uniform(0.5, 1.5)  # noqa: S311
                self.sleep(backoff if wait is None else wait + random.uniform(0, min(wait, 10)))  # noqa: S311
        raise AgentError(f"The portal {self.server} can't be reached (tried {tried} times): {problem}.", UNREACHABLE)

    def _once(self, method: str, path: str, body: dict[str, Any] | None, token: str, etag: str) -> Answer:
        headers = {"Accept": "application/json", "User-Agent": f"{SERVICE}/{VERSION} ({platform.system()})"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if etag:
            headers["If-None-Match"] = etag
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        try:
            response = self.opener.open(request, timeout=SECONDS)
        except urllib.error.HTTPError as error:
            response = error  # an answer, too: 304 and everything from 400
        with response:
            return self._read(response)

    def _read(self, response: Any) -> Answer:
        until, pieces, size = time.monotonic() + ANSWER_SECONDS, [], 0
        for piece in iter(lambda: response.read1(2**16), b""):
            pieces.append(piece)
            size += len(piece)
            if size > ANSWER_BYTES:
                raise AgentError(f"The answer of {self.server} has more than {ANSWER_BYTES} bytes.", UNREACHABLE)
            if time.monotonic() > until:
                raise ConnectionError(f"the answer takes longer than {ANSWER_SECONDS} seconds")
        promised = response.headers.get("Content-Length", "")
        if response.code not in (204, 304) and promised.isdecimal() and size < int(promised):
            raise http.client.IncompleteRead(b"", int(promised) - size)
        retry_after = seconds_of(response.headers.get("Retry-After", ""))
        etag = response.headers.get("ETag", "")
        return Answer(response.code, _object(b"".join(pieces)), etag if is_header(etag) else "", retry_after)

    def _usable(self, answer: Answer, path: str) -> Answer:
        """Return an answer that comes from a portal, or say what seems to be there instead."""
        if 300 <= answer.status < 400 and answer.status != 304:
            text = f"{self.server} sends this program elsewhere, and it doesn't follow. Check the address (https?)."
        elif answer.status == 404 and "code" not in answer.body:
            text = f"There is no hexenroll portal at {self.server}: {path} is not found. Check the address."
        elif answer.status == 200 and not answer.body and path in (ENROLL, DEVICE):
            text = f"{self.server} answers something that is no answer of a hexenroll portal. Check the address."
        else:
            return answer
        raise AgentError(text, UNREACHABLE)

    def _why(self, error: Exception) -> str:
        """Return what is wrong with a connection.

        Raises:
            AgentError: the certificate is refused, which no second try changes.
        """
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            text = (
                f"The certificate of {self.server} can't be trusted: {clean(reason.verify_message)}. Nothing was sent."
            )
            hint = "If the portal has a certificate of your own organisation, name its CA's file with --ca-file."
            raise AgentError(f"{text} {hint}", UNREACHABLE) from error
        if isinstance(reason, socket.timeout):  # a name of TimeoutError since Python 3.10
            return f"no answer within {SECONDS} seconds"
        return clean(reason) or type(reason).__name__


def origin_of(server: str, allow_http: bool) -> str:
    """Return the address of a portal as scheme, host and port.

    Raises:
        AgentError: it is none, or would send passwords unencrypted over a network.
    """
    try:
        parts = urlsplit(server)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AgentError(f"{server!r} is no address of a portal: {error}.", USAGE) from error
    is_plain = not (parts.query or parts.fragment or parts.username or parts.path.strip("/"))
    if parts.scheme not in ("https", "http") or not host or not is_plain or not is_header(server):
        raise AgentError(f"{server!r} is no address of a portal. It looks like https://portal.example.com.", USAGE)
    if parts.scheme == "http" and not allow_http and not _is_loopback(host):
        text = f"{server} is not encrypted: anybody on the way could read the password and change the policies."
        raise AgentError(f"{text} Use https://, or --allow-http to try things out.", USAGE)
    return f"{parts.scheme}://{parts.netloc}"


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Return what verifies the portal's certificate: by the system's list of CAs, or by one file alone."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise AgentError(f"The CA file {ca_file} can't be used: {error}.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python as it comes from python.org for the Mac brings no list of its own.
    if not ca_file and not context.cert_store_stats()["x509_ca"] and Path("/etc/ssl/cert.pem").exists():
        context.load_verify_locations("/etc/ssl/cert.pem")
    return context


def seconds_of(retry_after: str) -> float | None:
    """Return how long a Retry-After header asks to wait, None where it says nothing (RFC 9110, section 10.2.3)."""
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return max(0.0, (until - datetime.now(timezone.utc)).total_seconds())


def is_header(text: str) -> bool:
    """Tell whether a text can stand in a header or an address as it is."""
    return re.fullmatch(r"[\x21-\x7e]{0,1000}", text) is not None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}  # an error page of a proxy; its status says enough
    return found if isinstance(found, dict) else {}


# --- what is remembered ------------------------------------------------------------------------------------
class Store:
    """The folder that remembers the device token, for nobody else to read, and what was applied."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "agent.json"

    def prepare(self) -> None:
        """Make the folder. Called before anything is asked: a token that can't be kept is lost."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = self.folder.stat()
        except OSError as error:
            raise AgentError(f"{self.folder} can't be made ({error.strerror}). Use sudo, or --state-dir.") from error
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o022 or not os.access(self.folder, os.W_OK):
            text = f"{self.folder} must be yours, and writable by you alone"
            raise AgentError(f"{text}. Use sudo, or another folder with --state-dir.")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second agent out: two at once would report each other's half of the work."""
        self.prepare()
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AgentError("Another hexenroll-agent is at work. Try again when it has finished.") from error
            yield
        finally:
            os.close(descriptor)

    def load(self) -> dict[str, Any]:
        """Return what is remembered.

        Raises:
            AgentError: this computer is not enrolled, or what is remembered may have been read or changed by others.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise AgentError("This computer is not enrolled (or by another user: try sudo).", NOT_ENROLLED) from error
        except OSError as error:
            raise AgentError(f"{self.path} can't be read ({error.strerror}). Use sudo.") from error
        with open(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
                text = f"{self.path} belongs to another user, or others may read it"
                raise AgentError(
                    f"{text}. Its token may be known: disenroll the device in the portal and enroll again."
                )
            found = _object(file.read())
        if not is_token(found.get("device_token")) or not isinstance(found.get("policies"), dict):
            raise AgentError(f"{self.path} is damaged. Remove it and enroll again.")
        return found

    def save(self, state: dict[str, Any]) -> None:
        write_private(self.path, json.dumps(state, indent=1).encode())

    def forget(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def write_private(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step, readable by its owner alone unless `mode` says otherwise."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def is_token(value: object) -> bool:
    """Tell whether this can be a device token."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]{16,500}", value) is not None


# --- policies ----------------------------------------------------------------------------------------------
class Config(NamedTuple):
    """What the local administrator allows: where policies are written, and which program applies them."""

    policy_dir: Path | None
    hook: list[str]
    hook_seconds: float

    @property
    def mark(self) -> list[str]:
        """Tell one way of applying from another: what was applied otherwise is applied again."""
        return [str(self.policy_dir or ""), *self.hook]


def read_config(path: Path, state: dict[str, Any], folder: Path) -> Config:
    """Return what /etc/hexenroll/agent.json allows; without that file, policies are at most written.

    Raises:
        AgentError: others than root (and whoever runs this) could have written it or the program that it names.
    """
    found: dict[str, Any] = {}
    if path.exists() or path.is_symlink():
        refuse_foreign(path)
        found = _object(path.read_bytes())
        if not found or set(found) - {"policy_dir", "hook", "hook_seconds"}:
            raise AgentError(f"{path} must be a JSON object of policy_dir, hook and hook_seconds.")
    hook, seconds = found.get("hook", []), found.get("hook_seconds", HOOK_SECONDS)
    is_list = isinstance(hook, list) and all(isinstance(word, str) for word in hook)
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_list or not is_number or not 0 < seconds <= LONGEST_HOOK:
        text = f"hook is a list of texts (a program and its arguments), hook_seconds a number up to {LONGEST_HOOK}"
        raise AgentError(f"{path}: {text}.")
    if hook:
        if not os.path.isabs(hook[0]):
            raise AgentError(f"{path}: the hook {hook[0]!r} must be a whole path, from / on.")
        refuse_foreign(Path(hook[0]))
    place = state.get("policy_dir") or found.get("policy_dir") or (str(folder / "policies") if hook else "")
    if not isinstance(place, str) or (place and not os.path.isabs(place)):
        raise AgentError(f"{path}: policy_dir must be a whole path, from / on.")
    return Config(Path(place) if place else None, hook, float(seconds))


def refuse_foreign(path: Path) -> None:
    """Raise AgentError where others than root and the user who runs this could have put something in its place."""
    real = Path(os.path.realpath(path))
    for place in (path.parent, path, real.parent, real):
        try:
            facts = place.stat()
        except OSError as error:
            raise AgentError(f"{place} can't be looked at: {error.strerror}.") from error
        if facts.st_uid not in (0, os.geteuid()) or facts.st_mode & 0o022:
            raise AgentError(
                f"{place} must belong to root and be writable by its owner alone: it decides what runs here."
            )


def read_policies(document: dict[str, Any], server: str) -> dict[str, dict[str, Any]]:
    """Return the policies of an answer by their id.

    Raises:
        AgentError: the answer isn't of the shape that it should have.
    """
    found = {}
    policies = document.get("policies")
    for policy in policies if isinstance(policies, list) else [None]:
        shape = policy if isinstance(policy, dict) else {}
        numbers = [shape.get("id"), shape.get("version")]
        if not all(
            isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**63 for number in numbers
        ):
            raise AgentError(
                f"The policies that {server} answers can't be understood. Is this program too old?", UNREACHABLE
            )
        found[str(shape["id"])] = shape
    return found


def prepare_folder(config: Config) -> Path | None:
    """Make the folder of the policies, and return it; None where there is none.

    Raises:
        AgentError: it can't be made, or others could write into it.
    """
    folder = config.policy_dir
    if folder is not None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            text = f"{folder}, where the policies go, can't be made ({error.strerror})."
            raise AgentError(f"{text} Use sudo, or another folder.") from error
        refuse_foreign(folder)
    return folder


def apply_policies(document: dict[str, Any], state: dict[str, Any], config: Config) -> None:
    """Bring this computer to what the document says, and write into `state` what became of each policy.

    Each policy is written as policy-ID.json, its profile as policy-ID.mobileconfig; the hook, if there is one, is run
    for each that is new, changed, failed or gone. Nothing that the portal sends is run.
    """
    wanted, known = read_policies(document, state["server"]), state["policies"]
    if state.get("applied_with") != config.mark:
        for entry in known.values():
            entry["state"] = "delivered"
    folder = prepare_folder(config)
    for identity in [identity for identity in known if identity not in wanted]:
        _remove(identity, known, config)
    for identity, policy in wanted.items():
        old = known.get(identity, {})
        # The name, too: of another portal, in which this computer was before, the numbers could be the same.
        told = {"name": clean(policy.get("name", "")), "version": policy["version"]}
        is_known = all(old.get(name) == value for name, value in told.items())
        if is_known and (folder is None or is_in_place(folder, identity, old)):
            continue
        known[identity] = {**told, "state": "delivered", "message": "", "has_profile": bool(policy.get("profile"))}
        if folder is not None:
            problem = _apply(folder, policy, config)
            known[identity].update(state="failed" if problem else "applied", message=problem)
    if folder is not None:
        try:
            write_private(folder / "device.json", json.dumps(_without_secrets(document), indent=1).encode())
        except OSError as error:
            raise AgentError(f"{folder}/device.json can't be written ({error.strerror}).") from error
    state["applied_with"] = config.mark
    for name in ("groups", "apps"):
        state[name] = document.get(name) if isinstance(document.get(name), list) else []


def _apply(folder: Path, policy: dict[str, Any], config: Config) -> str:
    """Write a policy and run the hook for it; return what is wrong, "" for nothing."""
    path, profile_path = _files(folder, str(policy["id"]))
    try:
        profile = base64.b64decode(policy.get("profile") or "", validate=True)
        write_private(path, json.dumps(policy, indent=1).encode())
        if profile:
            write_private(profile_path, profile)
        elif profile_path.exists():
            profile_path.unlink()
    except (binascii.Error, TypeError, ValueError):
        return "its profile is not in base64"
    except OSError as error:
        return clean(f"it can't be written: {error.strerror}")
    return run_hook(config, "apply", path)


def _remove(identity: str, known: dict[str, Any], config: Config) -> None:
    """Take a policy away that is no longer assigned; it stays known, as failed, where the hook can't undo it."""
    if config.policy_dir is not None and re.fullmatch(r"[0-9]{1,19}", identity):
        path, profile_path = _files(config.policy_dir, identity)
        problem = run_hook(config, "remove", path) if path.exists() else ""
        if problem:
            known[identity].update(state="failed", message=problem)
            complain(f"Policy {known[identity].get('name')} could not be removed: {problem}")
            return
        for file in (path, profile_path):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
    del known[identity]


def run_hook(config: Config, action: str, path: Path) -> str:
    """Run the local administrator's program for a policy's file; return what is wrong, "" for nothing."""
    if not config.hook:
        return ""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    with tempfile.TemporaryFile() as said:  # not a pipe: what the hook leaves running would hold it open
        try:
            process = subprocess.Popen(
                [*config.hook, action, str(path)],
                cwd=path.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return clean(f"the hook can't be run: {error.strerror}")
        try:
            code = process.wait(config.hook_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"the hook took longer than {config.hook_seconds:g} seconds"
        said.seek(max(0, said.seek(0, os.SEEK_END) - 2_000))
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return clean(f"the hook ended with {code}: {lines[-1] if lines else ''}".rstrip(": "), 500) if code else ""


def _files(folder: Path, identity: str) -> list[Path]:
    return [folder / f"policy-{identity}.json", folder / f"policy-{identity}.mobileconfig"]


def _without_secrets(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "device_token"}


def is_incomplete(state: dict[str, Any], config: Config) -> bool:
    """Tell whether the whole document is needed although nothing changed in the portal."""
    if state.get("applied_with") != config.mark:
        return True
    folder = config.policy_dir
    if folder is None:
        return False
    return not all(is_in_place(folder, identity, entry) for identity, entry in state["policies"].items())


def is_in_place(folder: Path, identity: str, entry: dict[str, Any]) -> bool:
    """Tell whether a policy was applied, and nobody has removed its file since."""
    path, profile_path = _files(folder, identity)
    is_whole = path.exists() and (profile_path.exists() or not entry.get("has_profile"))
    return entry.get("state") == "applied" and is_whole


# --- commands ----------------------------------------------------------------------------------------------
def enroll(options: argparse.Namespace, store: Store) -> int:
    """Ask the portal to let this computer in; remember its token; apply what it answered."""
    portal = Portal(options.server, _whole(options.ca_file), options.allow_http, options.tries)
    if options.install_service:
        refuse_others_than_root(options)  # before the token is used up
    facts = read_facts()
    serial_number = options.serial_number or facts.serial_number
    if not serial_number:
        raise AgentError(facts.problem)
    with store.locked():
        old = remembered(store, options.again)
        state = {"server": portal.server, "ca_file": portal.ca_file, "allow_http": portal.allow_http, "etag": ""}
        state.update(serial_number=serial_number, policies=old.get("policies", {}))  # what is gone now is removed
        state["policy_dir"] = _whole(options.policy_dir) or old.get("policy_dir", "")
        config = read_config(Path(options.config), state, store.folder)  # what is wrong with it is said before,
        prepare_folder(config)  # and with the folder
        credentials = read_credentials(options, portal.server)
        body = {"serial_number": serial_number, "platform": facts.platform, "method": "agent"}
        body.update(
            os_version=facts.os_version, hardware_uuid=facts.hardware_uuid, hardware=facts.hardware, **credentials
        )
        say(f"Serial number: {clean(serial_number)}")
        answer = portal.call("POST", ENROLL, {name: value for name, value in body.items() if value})
        refuse(answer, portal)
        if not is_token(answer.body.get("device_token")):
            raise AgentError(f"The answer of {portal.server} holds no device token.", UNREACHABLE)
        state.update(device_token=answer.body["device_token"], device_id=clean(answer.body.get("device_id", "")))
        state.update(name=clean(answer.body.get("name", "")), enrolled_at=now())
        store.save(state)  # before anything else can fail
        say(f"Enrolled in {portal.server} as {state['name'] or serial_number}.")
        problem = None
        try:
            apply_and_report(answer.body, portal, store, state, config, facts)
        except AgentError as error:
            problem = error  # the service makes up for it, later
    tell(state)
    if options.install_service:
        install(options)
    if problem:
        raise problem
    return exit_code_of(state)


def remembered(store: Store, is_again: bool) -> dict[str, Any]:
    """Return what is known of an earlier enrollment, {} where there is none.

    Raises:
        AgentError: this computer is enrolled, and not to be enrolled anew.
    """
    if not store.path.exists():
        return {}
    try:
        old = store.load()
    except AgentError:
        if is_again:
            return {}  # whatever is wrong with it, a new one takes its place
        raise
    if is_again:
        return old
    raise AgentError(f"This computer is enrolled in {old['server']} already. To enroll it anew: --again.")


def read_credentials(options: argparse.Namespace, server: str) -> dict[str, str]:
    """Return the token, or e-mail address and password, that the command names; a password is asked for."""
    if (options.token is not None and options.password_file) or (options.token_file and options.password_file):
        raise AgentError("A token needs no password: leave --password-file out, or give --email.", USAGE)
    if options.token is not None or options.token_file:
        token = _first_line(options.token_file) if options.token is None else options.token
        if "/i/" in token:  # the address of the invitation's page
            address, _, token = re.split("[?#]", token)[0].partition("/i/")
            if address.strip(" \t/").lower() != server.lower():
                raise AgentError(f"The link leads to {clean(address)}, not to {server}.", USAGE)
        return {"token": _said(token.strip("/ \t"), "token", options.token_file)}
    if options.email is None:
        if options.password_file:
            raise AgentError("A password belongs to an e-mail address: give --email, too.", USAGE)
        return {}
    if options.password_file:
        password = _first_line(options.password_file)
    elif sys.stdin.isatty():
        password = getpass.getpass("One-time password: ")
    else:
        raise AgentError("There is nobody to ask for the password: give --password-file.", USAGE)
    address = _said(options.email.strip(), "e-mail address", "")
    return {"email": address, "password": _said(password, "password", options.password_file)}


def _said(text: str, what: str, file: str) -> str:
    """Return a credential. One that is empty is a mistake: without any, the portal would be asked as by nobody."""
    if not text:
        raise AgentError(f"The {what} is empty{f': there is none in the first line of {file}' if file else ''}.", USAGE)
    return text


def refuse(answer: Answer, portal: Portal) -> None:
    """Raise AgentError unless the portal said yes."""
    if answer.status in (200, 201, 204, 304):
        return
    code, message = clean(answer.body.get("code", "")), clean(answer.body.get("message", ""), 500)
    if answer.status == 401:
        text = "The portal doesn't know this computer any more: it was disenrolled, or enrolled anew. Enroll it again."
        raise AgentError(text, NOT_ENROLLED)
    if answer.status == 400 and isinstance(answer.body.get("errors"), dict):
        errors = answer.body["errors"].items()
        message = "; ".join(f"{clean(name) or 'request'}: {_sentences(what)}" for name, what in errors)
    if code:
        lines = [f"The portal refuses: {message or code} [{code}]", HINTS.get(code, "")]
        raise AgentError("\n".join(line for line in lines if line), REFUSED)
    raise AgentError(f"{portal.server} answers {answer.status}, which no portal does. Check the address.", UNREACHABLE)


def _sentences(what: object) -> str:
    return clean(" ".join(map(str, what)) if isinstance(what, list) else what, 500)


def apply_and_report(
    document: dict[str, Any], portal: Portal, store: Store, state: dict[str, Any], config: Config, facts: Facts
) -> None:
    """Apply a document, `{}` for one that has not changed, and tell the portal; both are remembered."""
    if document:
        try:
            apply_policies(document, state, config)
        finally:
            store.save(state)
    results = [
        {"id": int(identity), "version": entry["version"], "state": entry["state"], "message": entry["message"]}
        for identity, entry in state["policies"].items()
        if entry["state"] != "delivered"
    ]
    body: dict[str, Any] = {"os_version": facts.os_version, "hardware": facts.hardware}
    if facts.battery is not None:
        body["battery"] = facts.battery
    for portion in portions(results):
        refuse(portal.call("POST", CHECK_IN, {**body, "policies": portion}, state["device_token"]), portal)
        body = {}  # said already
    state["checked_in_at"] = now()
    store.save(state)


def portions(results: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield what became of the policies, as much as one check-in can say at a time; once at least."""
    portion: list[dict[str, Any]] = []
    size = 0
    for result in results:
        length = len(json.dumps(result)) + 2
        if len(portion) == MOST_REPORTS or size + length > REPORT_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(result)
        size += length
    yield portion


def check_in(options: argparse.Namespace, store: Store) -> int:
    """Fetch what changed, apply it, and report."""
    with store.locked():
        state = store.load()
        config = read_config(Path(options.config), state, store.folder)
        portal = _portal_of(state, options)
        etag = "" if is_incomplete(state, config) else state.get("etag", "")
        answer = portal.call("GET", DEVICE, token=state["device_token"], etag=etag)
        refuse(answer, portal)
        if answer.status != 304:
            state["etag"] = ""  # until all of it is applied
            apply_and_report(answer.body, portal, store, state, config, read_facts())
            state["etag"] = answer.etag
            store.save(state)
        else:
            apply_and_report({}, portal, store, state, config, read_facts())
    tell(state)
    return exit_code_of(state)


def status(options: argparse.Namespace, store: Store) -> int:
    """Say where this computer stands, without asking the portal."""
    state = store.load()
    if options.json:
        shown = (
            "server",
            "device_id",
            "name",
            "serial_number",
            "enrolled_at",
            "checked_in_at",
            "groups",
            "policies",
            "apps",
        )
        say(json.dumps({name: state.get(name) for name in shown}, indent=1))
        return DONE
    name = state.get("name") or state.get("serial_number")
    say(f"Enrolled in {state['server']} as {name}, {state.get('enrolled_at')}.")
    say(f"Last check-in: {state.get('checked_in_at', 'never')}.")
    tell(state)
    return exit_code_of(state)


def disenroll(options: argparse.Namespace, store: Store) -> int:
    """Take this computer out of the portal, and away what was written for it."""
    with store.locked():
        state = store.load()
        config = read_config(Path(options.config), state, store.folder)
        portal = _portal_of(state, options)
        answer = portal.call("POST", DISENROLL, {}, state["device_token"])
        if answer.status != 401:  # it knew nothing of this computer any more: that is what was wanted
            refuse(answer, portal)
        for identity in list(state["policies"]):
            _remove(identity, state["policies"], config)
        if config.policy_dir is not None:
            with contextlib.suppress(FileNotFoundError):
                (config.policy_dir / "device.json").unlink()
        store.forget()
    say(f"Disenrolled from {state['server']}.")
    if any(Path(name).exists() for name in service_files(platform.system(), [], 1)):
        say("The service still runs. To remove it, too: install-service --uninstall.")
    return NOT_APPLIED if state["policies"] else DONE


def tell(state: dict[str, Any]) -> None:
    """Print what the portal has assigned, and what became of it."""
    say("Groups: " + (", ".join(clean(group) for group in state.get("groups", [])) or "none"))
    for entry in state["policies"].values():
        problem = f": {clean(entry['message'], 500)}" if entry["message"] else ""
        say(f"Policy: {clean(entry['name'])} (version {entry['version']}), {entry['state']}{problem}")
    for app in state.get("apps", []):
        named = app if isinstance(app, dict) else {}
        say(f"App: {clean(named.get('name') or named.get('identifier') or app)}")
    if state["policies"] and state.get("applied_with") == [""]:
        say(f"The policies were delivered. To have them written to a folder, name it in {CONFIG} (policy_dir).")


def exit_code_of(state: dict[str, Any]) -> int:
    return NOT_APPLIED if any(entry["state"] == "failed" for entry in state["policies"].values()) else DONE


def _portal_of(state: dict[str, Any], options: argparse.Namespace) -> Portal:
    ca_file = _whole(options.ca_file) or state.get("ca_file", "")
    return Portal(state["server"], ca_file, bool(state.get("allow_http")), options.tries)


def _first_line(name: str) -> str:
    """Return the first line of a file, `-` being what comes in."""
    try:
        if name == "-":
            return sys.stdin.readline().rstrip("\r\n")
        return (Path(name).read_text(encoding="utf-8").splitlines() or [""])[0]
    except (OSError, ValueError) as error:
        raise AgentError(f"{name} can't be read: {error}.", USAGE) from error


def _whole(path: str) -> str:
    return os.path.abspath(path) if path else ""


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"{SERVICE}: {text}", file=sys.stderr, flush=True)


# --- the service -------------------------------------------------------------------------------------------
UNIT = """\
[Unit]
Description=hexenroll agent: check in with the portal
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={command}
TimeoutStartSec=30min
UMask=0077
"""
TIMER = """\
[Unit]
Description=hexenroll agent: when to check in

[Timer]
OnBootSec=2min
OnUnitActiveSec={minutes}min
RandomizedDelaySec={spread}s

[Install]
WantedBy=timers.target
"""


def service_files(system: str, command: list[str], minutes: int) -> dict[str, bytes]:
    """Return the files of the service that runs `command`, by their places: of systemd, or of launchd on a Mac."""
    if system == "Darwin":
        plist = {
            "Label": PLIST,
            "ProgramArguments": command,
            "RunAtLoad": True,
            "StartInterval": minutes * 60,
            "ProcessType": "Background",
            "Umask": 0o077,
            "StandardErrorPath": f"/var/log/{SERVICE}.log",
        }
        return {f"/Library/LaunchDaemons/{PLIST}.plist": plistlib.dumps(plist)}
    # systemd reads \\, " and, for what it fills in, % and $.
    words = [re.sub(r'([\\"])', r"\\\1", word).replace("%", "%%").replace("$", "$$") for word in command]
    unit = UNIT.format(command=" ".join(f'"{word}"' for word in words))
    timer = TIMER.format(minutes=minutes, spread=minutes * 60 // 4)
    folder = f"/etc/systemd/system/{SERVICE}"
    return {f"{folder}.service": unit.encode(), f"{folder}.timer": timer.encode()}


def install(options: argparse.Namespace) -> int:
    """Install this program and a service that checks in by itself; or take both away, or show them."""
    system, root = platform.system(), Path(options.root)
    command = [sys.executable or "/usr/bin/python3", "-I", INSTALLED, "checkin"]
    command += ["--state-dir", _whole(options.state_dir)] if options.state_dir else []
    command += ["--config", _whole(options.config)] if options.config != CONFIG else []
    files = service_files(system, command, options.every)
    if options.print:
        for name, data in files.items():
            say(f"# {name}\n{data.decode()}")
        return DONE
    refuse_others_than_root(options)
    starts = options.root == "/"
    if options.uninstall:
        if starts:
            switch(system, is_on=False)
        for name in [*files, INSTALLED]:
            with contextlib.suppress(FileNotFoundError):
                (root / name.lstrip("/")).unlink()
        say("The service is removed. The computer stays enrolled.")
        return DONE
    try:
        files[INSTALLED] = Path(__file__).read_bytes()
        for name, data in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, data, 0o755 if name == INSTALLED else 0o644)
    except OSError as error:
        raise AgentError(f"The service can't be written: {error}.") from error
    if starts:
        switch(system, is_on=True)
    say(f"The service is installed: it checks in every {options.every} minutes.")
    return DONE


def refuse_others_than_root(options: argparse.Namespace) -> None:
    """Raise AgentError where the service is to be installed on this computer by somebody who can't."""
    if os.geteuid() != 0 and options.root == "/":
        raise AgentError("A service is installed by root. Run the same command with sudo.")


def switch(system: str, is_on: bool) -> None:
    """Start or stop the service."""
    plist, timer = f"/Library/LaunchDaemons/{PLIST}.plist", f"{SERVICE}.timer"
    if system == "Darwin":
        commands = [["launchctl", "bootout", f"system/{PLIST}"]]
        commands += [["launchctl", "bootstrap", "system", plist]] if is_on else []
    elif is_on:
        commands = [["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", timer]]
    else:
        commands = [["systemctl", "disable", "--now", timer]]
    if not shutil.which(commands[0][0]):
        raise AgentError(f"There is no {commands[0][0]} here. Have something else run “{INSTALLED} checkin” regularly.")
    for number, command in enumerate(commands):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        is_needed = is_on and number == len(commands) - 1  # what was never loaded can't be unloaded
        if done.returncode and is_needed:
            raise AgentError(f"{' '.join(command)}: {clean(done.stderr, 500)}")


# --- the command line --------------------------------------------------------------------------------------
def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument(
        "--state-dir", metavar="DIR", default="", help="where the device token is kept (root: /var/lib/hexenroll)"
    )
    places.add_argument("--config", metavar="FILE", default=CONFIG, help=f"what the administrator allows ({CONFIG})")
    common = argparse.ArgumentParser(add_help=False, parents=[places])
    common.add_argument("--ca-file", metavar="FILE", default="", help="trust this CA alone (PEM)")
    common.add_argument("--tries", metavar="N", type=_count, default=5, help="how often to try (5)")
    service = argparse.ArgumentParser(add_help=False)
    service.add_argument("--every", metavar="MINUTES", type=_count, default=60, help="how often to check in (60)")
    service.add_argument("--root", metavar="DIR", default="/", help="write below this folder, start nothing (images)")
    result = argparse.ArgumentParser(prog=SERVICE, description="Enrolls this computer in a hexenroll portal.")
    result.add_argument("--version", action="version", version=f"{SERVICE} {VERSION}")
    commands = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    one = commands.add_parser("enroll", parents=[common, service], help="enroll this computer")
    one.add_argument("--server", metavar="URL", required=True, help="the portal, such as https://portal.example.com")
    who = one.add_mutually_exclusive_group()
    who.add_argument("--token", metavar="T", help="of the invitation's link, or the link")
    who.add_argument(
        "--token-file", metavar="FILE", default="", help="a file whose first line is the token; - for stdin"
    )
    who.add_argument("--email", metavar="E", help="of the user; the one-time password is asked for")
    one.add_argument(
        "--password-file", metavar="FILE", default="", help="a file whose first line is the password; - for stdin"
    )
    one.add_argument(
        "--serial-number", metavar="TEXT", default="", help="where the computer tells none, or a wrong one"
    )
    one.add_argument("--policy-dir", metavar="DIR", default="", help="write the policies there")
    one.add_argument("--again", action="store_true", help="although this computer is enrolled already")
    one.add_argument("--allow-http", action="store_true", help="send passwords unencrypted (to try things out)")
    one.add_argument("--install-service", action="store_true", help="and check in by itself from now on")
    one.set_defaults(run=enroll, print=False, uninstall=False)
    commands.add_parser("checkin", parents=[common], help="fetch, apply, report").set_defaults(run=check_in)
    said = commands.add_parser("status", parents=[common], help="where this computer stands")
    said.add_argument("--json", action="store_true", help="for programs")
    said.set_defaults(run=status)
    commands.add_parser("disenroll", parents=[common], help="leave the portal").set_defaults(run=disenroll)
    last = commands.add_parser(
        "install-service", parents=[places, service], help="check in by itself (systemd, launchd)"
    )
    last.add_argument("--print", action="store_true", help="show the files, write nothing")
    last.add_argument("--uninstall", action="store_true", help="remove the service")
    last.set_defaults(run=lambda options, _store: install(options))
    return result


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def default_folder() -> Path:
    """Return where the state is kept: of the computer for root, else of the user (XDG Base Directory Specification)."""
    if os.geteuid() == 0:
        return Path("/var/lib/hexenroll")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "hexenroll"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names, on a terminal that can't show them
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options, Store(Path(_whole(options.state_dir) or default_folder()))))
    except AgentError as error:
        complain(str(error))
        return error.exit_code
    except OSError as error:
        complain(f"{error.filename or 'This computer'}: {error.strerror or error}.")
        return FAILED
    except KeyboardInterrupt:
        complain("Stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())

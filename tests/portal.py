"""How does a test run the whole portal? `manage.py up` in a data folder of its own, for journeys and fault tests."""

import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.servers import LEASH, database_url

ROOT = Path(__file__).parent.parent
READY_SECONDS = 150  # two processors may be running four things at once


class Portal:
    """A portal on a free port. `base_url`, `password` of `admin`, and its processes by name."""

    def __init__(self, folder: Path, is_postgresql: bool, environment: dict[str, str]) -> None:
        self.folder = folder
        self.data = Path(tempfile.mkdtemp(prefix="portal-", dir=folder))
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.password = ""
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
        self.environment |= {"HEXENROLL_DATA": str(self.data), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        if is_postgresql:
            self.environment["DATABASE_URL"] = new_database(folder, self.data.name.replace("-", "_").lower())
        self.environment |= environment

    def launch(self, command: list[str] | None = None) -> "Portal":
        """Start `manage.py up` without waiting for anything."""
        leash = [sys.executable, "-P", str(LEASH), str(os.getpid()), "TERM"]
        self.process = subprocess.Popen(
            command or [*leash, sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Password:"):
                self.password = line.split()[1]

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def start(self, *, from_nothing: bool = False) -> "Portal":
        """Start and wait until the portal says that it is ready; `from_nothing`: it makes its tables itself."""
        database = self.data / "db.sqlite3"
        if not from_nothing and not database.exists() and "DATABASE_URL" not in self.environment:
            shutil.copy(migrated_file(self.folder), database)
        self.launch()
        self.wait_for_line("Ready:", READY_SECONDS)
        self.wait_for_line("Stop:", 5)  # the last line of the greeting: the password was before it
        return self

    def wait_for_line(self, text: str, seconds: float) -> None:
        """Wait until the console shows a line with `text`; fail with all that it showed."""
        wait_until(
            lambda: text in self.output or not self.is_running(), seconds, lambda: f"no {text!r} in: {self.output}"
        )
        if text not in self.output:
            self.reader.join(5)
        assert text in self.output, f"no {text!r} in: {self.output}"

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def processes(self) -> dict[int, str]:
        """Return pid and command line of every process that works on this portal's data folder, `up` included."""
        mark = f"HEXENROLL_DATA={self.data}\0".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                # Valkey writes its title over its environment; its title names the folder.
                if mark in (folder / "environ").read_bytes() or str(self.data) in command:
                    found[int(folder.name)] = command
            except (PermissionError, ProcessLookupError, FileNotFoundError):
                continue  # somebody else's, or gone in between
        return {pid: command for pid, command in found.items() if command}  # a zombie has no command line

    def pids(self, name: str) -> list[int]:
        """Return the pids of `worker`, `web`, `beat`, `valkey` or `supervisord`, the main process first."""
        words = {
            "worker": "hexenroll worker",
            "web": "-m gunicorn",
            "beat": "hexenroll beat",
            "valkey": "valkey-server",
            "supervisord": "supervisor.supervisord",
        }
        return sorted(
            pid for pid, command in self.processes().items() if words[name] in command and "leash" not in command
        )

    def kill(self, name: str) -> None:
        """Kill -9 the main process of that name; its children die with it."""
        os.kill(self.pids(name)[0], signal.SIGKILL)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command on this portal's data."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300)

    def stop(self, seconds: float = 60) -> int:
        """Ask the portal to stop, as Ctrl-C does; return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(seconds)
        self.reader.join(5)
        return status

    def close(self) -> None:
        """Leave nothing behind, however the test ended."""
        if self.process is not None and self.is_running():
            self.process.kill()
            self.process.wait()


def new_database(folder: Path, name: str) -> str:
    """Make a database with all tables on the run's PostgreSQL; return its DATABASE_URL."""
    migrated = migrated_database(folder)
    with psycopg.connect(host=str(folder), user="hexenroll", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"'.encode())
    return database_url(folder, name)


# Migrating an empty database takes three seconds of the processor: a run does it once, and its portals start on copies.
@functools.cache
def migrated_file(folder: Path) -> Path:
    """Return an SQLite database that has all tables and nothing in them."""
    data = Path(tempfile.mkdtemp(prefix="migrated-", dir=folder))
    migrate(data, {})
    return data / "db.sqlite3"


@functools.cache
def migrated_database(folder: Path) -> str:
    """Return the name of a database of the PostgreSQL in `folder` that has all tables and nothing in them."""
    data = Path(tempfile.mkdtemp(prefix="migrated-", dir=folder))
    with psycopg.connect(host=str(folder), user="hexenroll", dbname="postgres", autocommit=True) as connection:
        connection.execute(b"CREATE DATABASE migrated")
    migrate(data, {"DATABASE_URL": database_url(folder, "migrated")})
    return "migrated"


def migrate(data: Path, environment: dict[str, str]) -> None:
    """Run `manage.py migrate` with the data folder `data`; fail with what it said."""
    own = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    own |= {"HEXENROLL_DATA": str(data), **environment}
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    answer = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    """Return as soon as the condition holds; fail with `why()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {why()}"
        time.sleep(0.05)


MakePortal = Callable[..., Portal]

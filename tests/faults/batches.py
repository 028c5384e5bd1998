"""What does a fault test do with batches in a running portal, and how does it see what became of them?"""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from tests.portal import ROOT, Portal, wait_until

IN_WORK = ("checking", "committing", "undoing")
# From any fault to a batch that stands still: the worker's restart, the clock's next look, and the work itself.
BOUND_SECONDS = 90

SQLITE_QUERY = """
import json, sqlite3, sys
print(json.dumps(sqlite3.connect(sys.argv[1], uri=True, timeout=20).execute(sys.argv[2]).fetchall(), default=str))
"""


class Batches:
    """The import batches of a portal: steps are taken by a process of their own, results read from the database."""

    def __init__(self, portal: Portal, *, data: Path | None = None, command: tuple[str, ...] = ()) -> None:
        """Take a portal, and for one with mounts of its own: where its data is from here, and how to enter them."""
        self.portal = portal
        self.data = data or portal.data
        self.command = command

    def take(self, step: str, argument: object) -> str:
        """Take a step of take_step.py; return what it printed."""
        done = subprocess.run(
            [*self.command, sys.executable, "-m", "tests.faults.take_step", step, str(argument)],
            cwd=ROOT,
            env=self.portal.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip().splitlines()[-1]

    def upload(self, path: Path) -> int:
        """Upload and map a file; return its batch's number."""
        return int(self.take("upload", path))

    def upload_and_check(self, path: Path) -> int:
        """Upload, map and check a file; return its batch's number, state `ready`."""
        batch = self.upload(path)
        self.take("start_check", batch)
        self.wait_for(batch, "ready")
        return batch

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one SELECT in the portal's database."""
        url = self.portal.environment.get("DATABASE_URL")
        if url is not None:
            with psycopg.connect(url) as connection:
                return connection.execute(statement.encode()).fetchall()
        if self.command:
            return self._query_inside(statement)
        file = f"file:{self.data}/db.sqlite3?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=20)) as sqlite:
            return sqlite.execute(statement).fetchall()

    def _query_inside(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one SELECT where the portal's mounts are: SQLite goes by a file's true path, another one here."""
        query = [sys.executable, "-c", SQLITE_QUERY, f"file:{self.portal.data}/db.sqlite3?mode=ro", statement]
        done = subprocess.run([*self.command, *query], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [tuple(row) for row in json.loads(done.stdout)]

    def field(self, batch: int, name: str) -> Any:
        """Return a field of a batch, as the database has it."""
        return self.query(f"SELECT {name} FROM devices_importbatch WHERE id = {int(batch)}")[0][0]

    def state(self, batch: int) -> str:
        return str(self.field(batch, "state"))

    def failure(self, batch: int) -> dict[str, Any]:
        return _json(self.field(batch, "failure"))

    def counts(self, batch: int) -> dict[str, Any]:
        return _json(self.field(batch, "counts"))

    def count(self, table: str, condition: str = "1 = 1") -> int:
        """Count the rows of a table of the app `devices`, `device` for instance."""
        return int(self.query(f"SELECT count(*) FROM devices_{table} WHERE {condition}")[0][0])

    def wait_for(self, batch: int, *states: str, seconds: float = BOUND_SECONDS) -> str:
        """Wait until a batch is in one of the states; return it."""
        wait_until(
            lambda: self.state(batch) in states,
            seconds,
            lambda: f"{self.query(f'SELECT * FROM devices_importbatch WHERE id = {int(batch)}')}\n{self.logs()}",
        )
        return self.state(batch)

    def wait_until_settled(self, batch: int, seconds: float = BOUND_SECONDS) -> str:
        """Wait until no worker has a batch, or should have it; return its state."""
        wait_until(lambda: self.state(batch) not in IN_WORK, seconds, lambda: f"{self.state(batch)}\n{self.logs()}")
        return self.state(batch)

    def logs(self) -> str:
        """Return the end of the worker's log."""
        log = self.data / "log" / "worker.log"
        return log.read_text()[-4_000:] if log.exists() else ""


def _json(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value)

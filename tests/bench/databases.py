"""On which database is measured? A PostgreSQL of its own with default durability, or SQLite; each run gets a fresh one.

Made once with all migrations, then copied for each run, so that no contender finds what another one left.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.servers import Servers, database_url, start_postgresql

# Debian's defaults but for a cache that a portal would have, and a log that doesn't make a checkpoint in each run.
SETTINGS = ("shared_buffers=256MB", "max_wal_size=4GB")
TEMPLATE, SCRATCH = "bench_template", "bench_scratch"


class Database:
    """A kind of database, and the scratch copy that a run works on.

    Args:
        kind: `postgresql` or `sqlite`.
        servers: what the bench has started; the files lie in its folder.
    """

    def __init__(self, kind: str, servers: Servers) -> None:
        self.kind = kind
        self.folder = servers.folder
        self._broker = f"unix://{servers.folder}/valkey.sock"
        if kind == "postgresql":
            start_postgresql(servers, SETTINGS)
            self.pid = servers.running[-1].pid
            self._admin = psycopg.connect(host=str(self.folder), user="hexenroll", dbname="postgres", autocommit=True)
            self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput"]
        for command in (migrate, collect):
            subprocess.run(command, env=self.environment(TEMPLATE), check=True, stdout=subprocess.DEVNULL)

    def environment(self, name: str = SCRATCH) -> dict[str, str]:
        """Return the environment of a process that works on this database."""
        url = (
            database_url(self.folder, name)
            if self.kind == "postgresql"
            else f"sqlite:///{self.folder / f'{name}.sqlite3'}"
        )
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # One key for all processes that read the secrets in a database, whatever their data folder.
        kept["SALT_KEY"] = "only for measuring"
        return {**kept, "DATABASE_URL": url, "HEXENROLL_DATA": str(self.folder / "data"), "REDIS_URL": self._broker}

    def renew(self, template: str = TEMPLATE) -> None:
        """Make the scratch database anew, with nothing left to be written to disk.

        Args:
            template: what it is copied from: nothing but the tables, or what was kept by this name.
        """
        if self.kind == "postgresql":
            self._admin.execute(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")
            self._admin.execute(f"CREATE DATABASE {SCRATCH} TEMPLATE {template} STRATEGY file_copy")
            self._admin.execute("CHECKPOINT")
        else:
            for path in self.folder.glob(f"{SCRATCH}.sqlite3*"):
                path.unlink()
            shutil.copy(self.folder / f"{TEMPLATE}.sqlite3", self.folder / f"{SCRATCH}.sqlite3")
        shutil.rmtree(Path(self.folder / "data" / "imports"), ignore_errors=True)
        os.sync()

    def keep(self, name: str) -> None:
        """Keep the scratch database by another name, as a template for others; on PostgreSQL alone."""
        self._admin.execute(f"ALTER DATABASE {SCRATCH} RENAME TO {name}")

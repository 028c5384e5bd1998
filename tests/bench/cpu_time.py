"""How much CPU time did a process and its descendants take? Read from /proc, by the load generator of the gate."""

import os
import time
from collections import defaultdict
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # a second


def seconds_of(root: int) -> float:
    """Return the CPU seconds of a process, its descendants, and those of them that have ended and were waited for."""
    children: dict[int, list[int]] = defaultdict(list)
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # gone in between
        # After the name in brackets, which may hold anything: state, parent, ...; 12 to 15 are times, proc(5).
        fields = stat.rpartition(")")[2].split()
        children[int(fields[1])].append(int(folder.name))
        used[int(folder.name)] = sum(map(int, fields[11:15])) / TICKS
    waiting, total = [root], 0.0
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0.0)
        waiting.extend(children[pid])
    return total


def wait_until_idle(root: int, at_most: float = 60) -> None:
    """Wait until a process and its descendants take less than a tenth of a core, or `at_most` seconds have passed."""
    deadline = time.monotonic() + at_most
    before = seconds_of(root)
    while time.monotonic() < deadline:
        time.sleep(1)
        now = seconds_of(root)
        if now - before < 0.1:
            return
        before = now

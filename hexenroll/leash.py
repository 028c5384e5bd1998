"""How does a process die with its parent, even when the parent is killed with -9?

A program: `python -P leash.py PARENT SIGNAL COMMAND...` becomes COMMAND and gets SIGNAL when its parent dies.
PARENT is the parent's pid, a file that holds it, or `-` for whoever it is. Forked workers call the function.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None, number: int = signal.SIGKILL) -> None:
    """Ask the kernel to send `number` to this process when its parent dies; exit if `parent` is gone already.

    Linux only: elsewhere orphans stay possible. See prctl(2), PR_SET_PDEATHSIG: it is kept over exec and not
    over fork, so that every generation asks for itself.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if parent is not None and os.getppid() != parent:  # it died before the kernel knew
        os._exit(1)


def main(arguments: list[str]) -> None:
    """Bind this process to its parent, then become the command."""
    parent, signal_name, *command = arguments
    if parent == "-":
        pid = None
    elif parent.isdigit():
        pid = int(parent)
    else:
        pid = int(Path(parent).read_text())
    die_with_parent(pid, signal.Signals[f"SIG{signal_name}"])
    os.execvp(command[0], command)  # noqa: S606 - the command is ours, and there is no shell on purpose


if __name__ == "__main__":
    main(sys.argv[1:])

"""What happens to the running portal? Starts supervisord; tells when the web answers, what dies and what comes
back; stops it all. Called by `manage.py up`.
"""

import http.client
import json
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType

from django.conf import settings

from hexenroll.processes import supervisor_command

READY_SECONDS = 60
DIED = re.compile(r"exited: (?P<name>\S+) \((?P<reason>.*?)(?:; (?:not )?expected)?\)")
RUNNING = re.compile(r"success: (?P<name>\S+) entered RUNNING")


class Watch:
    """Run the processes until a signal: `say` prints a line, `when_ready` is called once."""

    def __init__(self, say: Callable[[str], None], when_ready: Callable[[], None]) -> None:
        self.say = say
        self.when_ready = when_ready
        self.stopping = False
        self.failed = False
        self.down: set[str] = set()
        self.last_words: deque[str] = deque(maxlen=5)

    def run(self) -> int:
        """Return the exit status: 0 after a stop that was asked for, 1 when it broke."""
        # A session of its own: Ctrl-C reaches this process alone, which then stops the rest in order.
        self.supervisor = subprocess.Popen(
            supervisor_command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        threading.Thread(target=self._wait_until_ready, daemon=True).start()
        assert self.supervisor.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self.supervisor.stdout:
            self._tell(line)
        self.supervisor.wait()
        if self.stopping and not self.failed:
            self.say("Stopped.")
            return 0
        if not self.failed:
            self.say("The process manager died. Its last words:\n" + "".join(self.last_words))
        return 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:
            self.supervisor.kill()  # asked twice: everything else dies with it
            return
        self.say("Stopping. A running task gets up to 30 seconds; the next start takes up what it can't finish.")
        self._stop()

    def _stop(self) -> None:
        self.stopping = True
        self.supervisor.terminate()

    def _tell(self, line: str) -> None:
        self.last_words.append(line)
        if self.stopping:
            return
        if died := DIED.search(line):
            self.down.add(died["name"])
            log = settings.HEXENROLL_DATA / "log" / f"{died['name']}.log"
            self.say(f"{died['name']} died ({died['reason']}) and is started again; see {log}.")
        elif (running := RUNNING.search(line)) and running["name"] in self.down:
            self.down.remove(running["name"])
            self.say(f"{running['name']} is back.")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        failing = "the web server doesn't answer"
        while time.monotonic() < deadline and not self.stopping:
            try:
                status, failing = _ask_health()
            except (OSError, http.client.HTTPException):
                status = 0  # not listening yet
            if status == 200:
                self.when_ready()
                return
            time.sleep(0.1)
        if not self.stopping:
            self.failed = True
            log = settings.HEXENROLL_DATA / "log"
            self.say(f"The portal isn't ready after {READY_SECONDS} seconds: {failing}. See {log}.")
            self._stop()


def _ask_health() -> tuple[int, str]:
    """Return the status of /healthz, and its failing parts in words."""
    host = settings.HEXENROLL_LISTEN if settings.HEXENROLL_LISTEN not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    probe = http.client.HTTPConnection(host, settings.PORT, timeout=10)
    try:
        probe.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
        answer = probe.getresponse()
        parts = json.loads(answer.read())["parts"]
    except ValueError:
        return 0, "what answers there is not hexenroll"
    finally:
        probe.close()
    return answer.status, ", ".join(f"{name}: {state}" for name, state in parts.items() if state != "ok")

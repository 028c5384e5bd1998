"""What is to go wrong? Answers that a test wants in the place of the real one, by endpoint and count."""

from dataclasses import dataclass, field
from typing import Literal

from tests.ade_simulator.answers import Answer

Drop = Literal["unanswered", "half"]


@dataclass
class Script:
    """What happens to calls of an endpoint (`POST /devices/sync`, or `*`), from the call after `after`, `times` times.

    With a status it is answered instead of the real answer. Without one the real answer is made, then delayed by
    `delay` seconds, or computed and not sent: `drop` it `unanswered`, or `half` of it.
    """

    endpoint: str
    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    times: int | None = 1  # None: for ever
    after: int = 0
    drop: Drop | None = None
    delay: float = 0.0
    account: str | None = None  # None: whoever calls

    def matches(self, endpoint: str, account: str | None) -> bool:
        return self.endpoint in ("*", endpoint) and self.account in (None, account)

    def answer(self) -> Answer | None:
        if self.status is None:
            return None
        return Answer(self.status, self.body.encode(), {"Content-Type": "text/plain;charset=UTF8", **self.headers})


class Scripts:
    """The scripts in force, in the order in which they came: the first that is due has the call."""

    def __init__(self) -> None:
        self.all: list[Script] = []

    def due(self, endpoint: str, account: str | None) -> Script | None:
        """Return the script for this call, one time fewer; each script counts the calls that it waits for."""
        due = None
        for script in self.all:
            if not script.matches(endpoint, account):
                continue
            if script.after:
                script.after -= 1
            elif due is None and script.times != 0:
                due = script
        if due is not None and due.times is not None:
            due.times -= 1
        return due

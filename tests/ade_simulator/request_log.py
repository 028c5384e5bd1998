"""Who asked for what? Every call in order, for tests to assert; secrets are not in it."""

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class SeenRequest:
    """A call, and what came of it. `session`: the how manieth session of the account it used."""

    endpoint: str
    account: str | None = None
    session: int | None = None
    user_agent: str = ""
    protocol_version: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    status: int = 0
    said: str = ""  # the body of a refusal
    scripted: bool = False
    dropped: bool = False
    new_cursor: str = ""  # the one answered
    devices: int = 0  # how many the answered page has
    rotated: bool = False  # the answer carries a new session token
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def cursor(self) -> str | None:
        """Return the cursor that was sent."""
        return self.body.get("cursor")

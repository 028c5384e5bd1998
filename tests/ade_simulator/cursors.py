"""Where in a list does a cursor stand? Opaque texts that only the account that issued them can read, for seven days."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import timedelta
from typing import Literal, NamedTuple

from tests.ade_simulator.answers import RefusedError
from tests.ade_simulator.clock import Clock

LONGEST = 1000
VALID_DAYS = 7
SEAL_BYTES = 12

Feed = Literal["full", "delta"]


class Place(NamedTuple):
    """Where a client is: in the full list (`at` devices passed, the fetch began at event `since`) or in the delta."""

    feed: Feed
    at: int
    since: int


class Cursors:
    """Issues and reads cursors. `length`: characters that each is filled up to."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.key = secrets.token_bytes(16)
        self.length = 0

    def issue(self, place: Place) -> str:
        """Return a new cursor for the place."""
        parts = [*place, int(self.clock.now().timestamp()), ""]
        missing = self.length * 3 // 4 - SEAL_BYTES - len(json.dumps(parts))
        parts[-1] = secrets.token_hex(max(missing, 0))[: max(missing, 0)]
        content = json.dumps(parts).encode()
        return base64.urlsafe_b64encode(self._seal(content) + content).decode()

    def read(self, text: object) -> Place:
        """Return the place; refuse what this account didn't issue, or issued more than seven days ago."""
        if not isinstance(text, str) or len(text) > LONGEST:
            raise RefusedError(400, "INVALID_CURSOR")
        try:
            sealed = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
        except ValueError:
            raise RefusedError(400, "INVALID_CURSOR") from None
        content = sealed[SEAL_BYTES:]
        if not hmac.compare_digest(sealed[:SEAL_BYTES], self._seal(content)):
            raise RefusedError(400, "INVALID_CURSOR")
        feed, at, since, issued, _filling = json.loads(content)
        if self.clock.now().timestamp() - issued > timedelta(days=VALID_DAYS).total_seconds():
            raise RefusedError(400, "EXPIRED_CURSOR")
        return Place(feed, at, since)

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self.key, content, hashlib.sha256)[:SEAL_BYTES]

"""Which session tokens are good? They last some minutes or calls, and any answer may put another in their place."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.ade_simulator.answers import RefusedError
from tests.ade_simulator.clock import Clock

HEADER = "X-ADM-Auth-Session"


@dataclass
class Session:
    """A session: which one of the account it is (the log says this, not the token), and how often it was used."""

    number: int
    token: str
    ends: datetime
    calls: int = 0


class Sessions:
    """The sessions of an account. Tests set what follows the clock: how they end, and when tokens rotate."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.minutes = 30.0
        self.calls: int | None = None  # a session ends after so many calls; None: only by time
        self.rotate_every = 0  # every n-th answer carries a new token, and the old one is good no more; 0: none
        self.refused_by = 401
        self._open: dict[str, Session] = {}
        self._opened = 0

    def open(self) -> Session:
        """Return a new session."""
        self._opened += 1
        ends = self.clock.now() + timedelta(minutes=self.minutes)
        session = Session(self._opened, secrets.token_urlsafe(24), ends)
        self._open[session.token] = session
        return session

    def known(self, token: str) -> Session | None:
        return self._open.get(token)

    def use(self, token: str) -> Session:
        """Return the session of the token for one call; refuse a token that is none, or none any more."""
        session = self._open.get(token)
        if session is None or self.clock.now() >= session.ends or session.calls == self.calls:
            self._open.pop(token, None)
            raise RefusedError(self.refused_by, "FORBIDDEN" if self.refused_by == 403 else "UNAUTHORIZED")
        session.calls += 1
        return session

    def rotated(self, session: Session) -> str | None:
        """Return the token that this call's answer puts in the place of the session's, if it does."""
        if not self.rotate_every or session.calls % self.rotate_every:
            return None
        del self._open[session.token]
        session.token = secrets.token_urlsafe(24)
        self._open[session.token] = session
        return session.token

    def end_all(self) -> None:
        self._open.clear()

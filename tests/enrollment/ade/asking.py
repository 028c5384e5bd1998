"""How do the tests of the client ask? With a token of the simulator's, and waits that are written down, not waited."""

from typing import Any

from enrollment.ade.answers import moment
from enrollment.ade.client import Client
from enrollment.ade.token import ServerToken
from tests.ade_simulator.running import FIRST, Simulator


class Asking(Client):
    """A client that doesn't wait, and remembers how long it would have."""

    def __init__(self, token: ServerToken, base_url: str, **how: Any) -> None:
        self.waits: list[float] = []
        super().__init__(token, base_url, wait=self.waits.append, **how)


def token_of(simulator: Simulator, account: str = FIRST, **changes: str) -> ServerToken:
    """Return the token in force, with other values where `changes` says so."""
    values = simulator.token(account) | changes
    until = moment(values.pop("access_token_expiry"))
    assert until is not None
    return ServerToken(**values, access_token_expiry=until)


def asking(simulator: Simulator, **how: Any) -> Asking:
    return Asking(token_of(simulator), simulator.base_url, **how)


def endpoints(simulator: Simulator) -> list[str]:
    """Return which endpoints were called, in order."""
    return [request.endpoint for request in simulator.requests()]

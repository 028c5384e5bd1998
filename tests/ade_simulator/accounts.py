"""Whose devices are asked for? An account: one device management server of an organisation at Apple.

https://developer.apple.com/documentation/devicemanagement/get-account-detail
"""

import hashlib
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from tests.ade_simulator.answers import RefusedError
from tests.ade_simulator.clock import Clock, stamp
from tests.ade_simulator.cursors import Cursors
from tests.ade_simulator.fleet import Fleet
from tests.ade_simulator.listing import DEFAULT_LIMIT, LARGEST_LIMIT
from tests.ade_simulator.oauth import SignedRequest
from tests.ade_simulator.profiles import Profiles
from tests.ade_simulator.sessions import Sessions

LIMITED = {
    "/server/devices": ["POST"],
    "/devices/sync": ["POST"],
    "/devices": ["POST"],
    "/profile/devices": ["POST", "DELETE"],
}


@dataclass
class Token:
    """What a token file holds, in its words; `access_token_expiry` as Apple writes moments."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_secret: str
    access_token_expiry: str

    def content(self) -> dict[str, str]:
        return asdict(self)


class Account:
    """A server of an organisation: its token, sessions, devices and profiles.

    Args:
        name: what tests call it.
        number: 0 for the first one; its devices are others than those of other numbers.
        clock: the service's.
        seed: what its secrets are made from.
    """

    def __init__(self, name: str, number: int, clock: Clock, seed: str) -> None:
        self.name = name
        self.clock = clock
        self.seed = seed
        self.tokens_made = 0
        self.consumer_key = self._secret("CK")
        self.consumer_secret = self._secret("CS")
        self.token = self.new_token(365)
        self.sessions = Sessions(clock)
        self.cursors = Cursors(clock)
        self.fleet = Fleet(clock, number * 10_000_000)
        self.profiles = Profiles(clock, self.fleet)
        self.nonces: set[tuple[str, str]] = set()
        self.facts: dict[str, Any] = {
            "server_name": f"hexenroll {name}",
            "server_uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)).upper(),
            "admin_id": "administrator@example.com",
            "facilitator_id": "administrator@example.com",
            "org_name": "Example School",
            "org_email": "school@example.com",
            "org_phone": "+49 30 1234567",
            "org_address": "1 Example Street, Berlin, DE",
            "org_id": str(40_000_001 + number),
            "org_id_hash": self._secret("ID"),
            "org_type": "edu",
            "org_version": "v2",
            "urls": [
                {"uri": uri, "http_method": methods, "limit": {"default": DEFAULT_LIMIT, "maximum": LARGEST_LIMIT}}
                for uri, methods in LIMITED.items()
            ],
        }

    def new_token(self, days: float) -> Token:
        """Make the next token of this server, good for `days`; the one before is good no more, as at Apple."""
        self.tokens_made += 1
        self.token = Token(
            self.consumer_key,
            self.consumer_secret,
            self._secret(f"AT{self.tokens_made}"),
            self._secret(f"AS{self.tokens_made}"),
            stamp(self.clock.now() + timedelta(days=days)),
        )
        return self.token

    def _secret(self, what: str) -> str:
        """Return a secret of this account, the same one for the same seed: a demo's token outlives a restart."""
        return f"{what[:2]}_{hashlib.sha256(f'{self.seed} {self.name} {what}'.encode()).hexdigest()}"

    def check(self, request: SignedRequest) -> None:
        """Refuse a request for a session that the account's token didn't sign, or whose time is over."""
        if request.token != self.token.access_token:
            raise RefusedError(401, "oauth_problem=token_rejected")
        request.check_signature(self.consumer_secret, self.token.access_secret)
        request.check_fresh(self.nonces)
        if stamp(self.clock.now()) >= self.token.access_token_expiry:
            raise RefusedError(401, "oauth_problem=token_expired")

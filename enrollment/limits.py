"""How often may somebody knock, and guess? By address, serial number and account; asked by the endpoint.

An office with thousands of devices shares one address, so what is limited tightly by address are wrong credentials, not
requests. Five wrong one-time passwords lock an account for a while. A guess is counted before it is compared, and given
back when it was right: of many at once no sixth is looked at. While Valkey is away nobody can count guesses, so
credentials are refused until it is back.
"""

import hashlib
import logging
import time
import unicodedata
from dataclasses import dataclass, field

from django.conf import settings
from redis.exceptions import RedisError

from . import counters
from .counters import Count, Outcome

logger = logging.getLogger(__name__)

WINDOW = 60  # seconds
LOCKED = 15 * 60  # seconds that an account, or an address, waits after too many wrong credentials
WRONG_PASSWORDS = 5
WAIT_FOR_VALKEY = 30  # seconds
# Requests a minute that are recorded although they never came to the gate: of one address, and of all.
NOTED_BY_ADDRESS = 60
NOTED = 600
# Seconds after which a guess asks again, while as many as there may be wrong ones are open; comparing takes less.
PAUSES = (0.02, 0.04, 0.08, 0.16, 0.2)


class TooManyError(Exception):
    """Too many requests, or too many wrong credentials; `retry_after` says how many seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"wait {retry_after} s")
        self.retry_after = retry_after


class UncountableError(Exception):
    """Credentials can't be looked at, for nobody can count guesses now; `retry_after` says how many seconds to wait."""

    retry_after = WAIT_FOR_VALKEY


@dataclass(frozen=True)
class Admitted:
    """A request that may be looked at. One that carries credentials is a guess, which `settle` closes.

    Attributes:
        address, account: as `admit` was told.
        guesses: what a wrong guess counts for: the address, and the account where one is named.
    """

    address: str
    account: str
    guesses: tuple[Count, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Lock:
    """Nobody is let in for LOCKED seconds: to an account, or, where none is named, from an address.

    Attributes:
        key: by which it can be ended (`unlock`).
        address: where the last wrong guess came from.
    """

    key: str
    account: str
    address: str


def admit(*, address: str, serial_number: str, account: str, has_credentials: bool) -> Admitted:
    """Count a request before it is looked at; each one that carries credentials must be settled.

    Args:
        address: where it comes from, as it is limited (client_address.py).
        serial_number: as the device says it; "" for none.
        account: the e-mail address that it names; "" for none.
        has_credentials: it carries a token or a password.

    Raises:
        TooManyError: it is one too many.
        UncountableError: nobody can count guesses now, and it is one.
    """
    rates = [Count(_key("rate", f"address {address}"), settings.HEXENROLL_ENROLL_RATE_BY_ADDRESS)]
    if serial_number:
        rates.append(Count(_key("rate", f"serial {serial_number}"), settings.HEXENROLL_ENROLL_RATE_BY_SERIAL))
    guesses = [Count(_key("wrong", f"address {address}"), settings.HEXENROLL_ENROLL_WRONG_BY_ADDRESS)]
    if account:
        guesses.append(Count(_key("wrong", _account(account)), WRONG_PASSWORDS))
    try:
        for pause in (*PAUSES, 0):
            verdict = counters.admit(rates, guesses, WINDOW, LOCKED, is_guess=has_credentials)
            if verdict.word != "busy":
                break
            time.sleep(pause)
    except RedisError as error:
        logger.warning("enrollment requests can't be counted: %s", error)
        if has_credentials:
            raise UncountableError from error
        return Admitted(address, account)
    if verdict.word != "in":
        raise TooManyError(verdict.seconds)
    return Admitted(address, account, tuple(guesses) if has_credentials else ())


def settle(admitted: Admitted, outcome: Outcome) -> list[Lock]:
    """Close the guess that a request was; do nothing for one that was none.

    Args:
        outcome: of its credentials. `right` forgets the wrong ones of the account, not of the address: else whoever
            has a good one would guess on. `neither`: nobody has said that they are wrong.

    Returns:
        What is locked by this guess.
    """
    if not admitted.guesses:
        return []
    of_account = admitted.guesses[1] if admitted.account else None
    try:
        begun = counters.settle(admitted.guesses, LOCKED, outcome, of_account)
    except RedisError as error:  # it stays open until it is forgotten, which counts like a wrong one
        logger.warning("a guess can't be counted: %s", error)
        return []
    return [Lock(count.key, admitted.account if count == of_account else "", admitted.address) for count in begun]


def is_noted(address: str) -> bool:
    """Count what never came to the gate, and tell whether it is recorded: who floods the portal fills no list.

    Args:
        address: where it comes from, as it is limited.
    """
    counts = [
        Count(_key("noted", f"address {address}"), NOTED_BY_ADDRESS),
        Count(_key("noted", "all"), NOTED),
    ]
    try:
        return counters.admit(counts, [], WINDOW, LOCKED, is_guess=False).word == "in"
    except RedisError as error:
        # What carries no credentials comes to the gate then, uncounted, and is recorded, too.
        logger.warning("requests that are refused at once can't be counted: %s", error)
        return True


def unlock(key: str) -> None:
    """End a lock before its time.

    Raises:
        UncountableError: Valkey doesn't answer.
    """
    try:
        counters.forget(key)
    except RedisError as error:
        logger.warning("a lock can't be ended: %s", error)
        raise UncountableError from error


def _account(email: str) -> str:
    """Return the name of an account, the same for all spellings that a database may take for one address.

    Databases and Python don't agree on the lower case of each letter (U+0130), and each spelling would be five guesses.
    """
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", email).casefold())
    return "account " + "".join(sign for sign in parts if not unicodedata.combining(sign))


def _key(kind: str, name: str) -> str:
    # What a device says may be long, and may hold what no key can.
    return f"{kind}:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}"

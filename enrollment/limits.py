"""How often may somebody knock? Counters in Valkey, by address, serial number and account; asked by the endpoint.

An office with thousands of devices shares one address, so what is limited tightly by address are wrong credentials, not
requests. Five wrong one-time passwords lock an account for a while. While Valkey is away nobody can count guesses, so
credentials are refused until it is back.
"""

import hashlib
import logging
import unicodedata

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

WINDOW = 60  # seconds
LOCKED = 15 * 60  # seconds that an account, or an address, waits after too many wrong credentials
WRONG_PASSWORDS = 5
WAIT_FOR_VALKEY = 30  # seconds


class TooManyError(Exception):
    """Too many requests, or too many wrong credentials; `retry_after` says how many seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"wait {retry_after} s")
        self.retry_after = retry_after


def admit(*, address: str, serial_number: str, account: str, has_credentials: bool) -> None:
    """Count a request before it is looked at.

    Args:
        address: where it comes from.
        serial_number: as the device says it; "" for none.
        account: the e-mail address that it names; "" for none.
        has_credentials: it carries a token or a password.

    Raises:
        TooManyError: it is one too many, or nobody can count now.
    """
    try:
        for name in filter(None, (_account(account) if account else "", f"address {address}")):
            if cache.get(_key("locked", name)):
                raise TooManyError(LOCKED)
        _count(f"address {address}", settings.HEXENROLL_ENROLL_RATE_BY_ADDRESS)
        if serial_number:
            _count(f"serial {serial_number}", settings.HEXENROLL_ENROLL_RATE_BY_SERIAL)
    except RedisError as error:
        logger.warning("enrollment requests can't be counted: %s", error)
        if has_credentials:
            raise TooManyError(WAIT_FOR_VALKEY) from error


def wrong_credentials(*, address: str, account: str) -> None:
    """Count wrong credentials; the account, or the address, is locked after too many."""
    try:
        counted = {f"address {address}": settings.HEXENROLL_ENROLL_WRONG_BY_ADDRESS}
        if account:
            counted[_account(account)] = WRONG_PASSWORDS
        for name, most in counted.items():
            if _increase(_key("wrong", name), LOCKED) == most:
                cache.set(_key("locked", name), 1, LOCKED)
                logger.warning("too many wrong credentials: %s waits for %s s", name.partition(" ")[0], LOCKED)
    except RedisError as error:
        logger.warning("wrong credentials can't be counted: %s", error)


def right_credentials(account: str) -> None:
    """Forget the wrong passwords of an account that has shown the right one."""
    try:
        cache.delete(_key("wrong", _account(account)))
    except RedisError as error:
        logger.warning("wrong credentials can't be forgotten: %s", error)


def _count(name: str, most: int) -> None:
    if _increase(_key("count", name), WINDOW) > most:
        raise TooManyError(WINDOW)


def _increase(key: str, seconds: int) -> int:
    """Add one to a counter that is forgotten so many seconds after it began; return what it stands at."""
    cache.add(key, 0, seconds)
    try:
        count = int(cache.incr(key))
        if count == 1:  # it may have been forgotten between the two: then it began without an end
            cache.touch(key, seconds)
        return count
    except ValueError:  # forgotten in between
        cache.set(key, 1, seconds)
        return 1


def _account(email: str) -> str:
    """Return the name of an account, the same for all spellings that a database may take for one address.

    Databases and Python don't agree on the lower case of each letter (U+0130), and each spelling would be five guesses.
    """
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", email).casefold())
    return "account " + "".join(sign for sign in parts if not unicodedata.combining(sign))


def _key(kind: str, name: str) -> str:
    # What a device says may be long, and may hold what no key can.
    return f"enroll {kind} {hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}".replace(" ", "-")

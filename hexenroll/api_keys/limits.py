"""How often may a program ask, and somebody guess a key? Asked with each request of the administrators' API.

A key has 256 bits: while Valkey, which counts, is away, keys go on working.
"""

import hashlib
import logging

from django.conf import settings
from redis.exceptions import RedisError

from enrollment.counters import Count, admit, settle

logger = logging.getLogger(__name__)

WINDOW = 60  # seconds
LOCKED = 15 * 60  # seconds that an address waits after too many wrong keys
WRONG = 20


def wait_of_address(address: str) -> int:
    """Return how many seconds an address has to wait because of its wrong keys; 0: none."""
    return _wait([], [_wrong(address)])


def wait_of_key(prefix: str) -> int:
    """Count a request with a good key; return how many seconds to wait; 0: it may go on."""
    return _wait([Count(f"rate:key {prefix}", settings.HEXENROLL_API_RATE_BY_KEY)], [])


def count_wrong(address: str) -> None:
    """Count a wrong key of an address."""
    guesses = [_wrong(address)]
    try:
        if admit([], guesses, WINDOW, LOCKED, is_guess=True).word == "in":
            settle(guesses, LOCKED, "wrong")
    except RedisError as error:
        logger.warning("wrong API keys can't be counted: %s", error)


def _wait(rates: list[Count], guesses: list[Count]) -> int:
    try:
        verdict = admit(rates, guesses, WINDOW, LOCKED, is_guess=False)
    except RedisError as error:
        logger.warning("requests with API keys can't be counted: %s", error)
        return 0
    return verdict.seconds if verdict.word == "wait" else 0


def _wrong(address: str) -> Count:
    return Count(f"wrong:key {hashlib.sha256(address.encode()).hexdigest()}", WRONG)

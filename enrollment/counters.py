"""How are requests and guesses counted? In Valkey, by two scripts of one round trip each; called by limits.py alone.

A script is one step for everybody else: of requests that come at once each sees what the one before has counted.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

PREFIX = "hexenroll-limits:"
PATIENCE = 2.0  # seconds for an answer: a Valkey that hangs is one that is down

# KEYS: the rates, then the guesses. ARGV: how many rates there are, milliseconds of a rate and of a lock, whether
# the request is a guess, and the most of each key.
ADMIT = """
local rates, is_guess = tonumber(ARGV[1]), ARGV[4] == '1'
local locked, is_busy = -1, false
for i = rates + 1, #KEYS do
    local counted, most = redis.call('HMGET', KEYS[i], 'wrong', 'open'), tonumber(ARGV[4 + i])
    local wrong, open = tonumber(counted[1] or 0), tonumber(counted[2] or 0)
    if wrong >= most then
        locked = math.max(locked, redis.call('PTTL', KEYS[i]))
    elseif is_guess and wrong + open >= most then
        is_busy = true
    end
end
if locked >= 0 then return {'wait', locked} end
if is_busy then return {'busy', 0} end
for i = 1, rates do
    local count = redis.call('INCR', KEYS[i])
    if count == 1 then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
    if count > tonumber(ARGV[4 + i]) then return {'wait', redis.call('PTTL', KEYS[i])} end
end
if is_guess then
    for i = rates + 1, #KEYS do
        redis.call('HINCRBY', KEYS[i], 'open', 1)
        if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
    end
end
return {'in', 0}
"""

# KEYS: the guesses. ARGV: the outcome, milliseconds of a lock, the number of the key that a right guess forgives (0:
# none), and the most of each key. Returns which keys are locked by this guess.
SETTLE = """
local begun = {}
for i, key in ipairs(KEYS) do
    if tonumber(redis.call('HGET', key, 'open') or 0) > 0 then redis.call('HINCRBY', key, 'open', -1) end
    if ARGV[1] == 'wrong' then
        local wrong = redis.call('HINCRBY', key, 'wrong', 1)
        if wrong == tonumber(ARGV[3 + i]) then
            redis.call('PEXPIRE', key, ARGV[2])
            begun[#begun + 1] = i - 1
        elseif redis.call('PTTL', key) < 0 then
            redis.call('PEXPIRE', key, ARGV[2])
        end
    elseif ARGV[1] == 'right' and i == tonumber(ARGV[3]) then
        redis.call('HDEL', key, 'wrong')
    end
    local left = redis.call('HMGET', key, 'wrong', 'open')
    if tonumber(left[1] or 0) + tonumber(left[2] or 0) == 0 then redis.call('DEL', key) end
end
return begun
"""

Outcome = Literal["right", "wrong", "neither"]


@dataclass(frozen=True)
class Count:
    """Something that is counted: its key, and the most that there may be of it."""

    key: str
    most: int


@dataclass(frozen=True)
class Verdict:
    """May a request come in? `wait`: not within so many `seconds`; `busy`: not while the guesses before it are open."""

    word: Literal["in", "wait", "busy"]
    seconds: int = 0


def admit(rates: Sequence[Count], guesses: Sequence[Count], window: int, locked: int, *, is_guess: bool) -> Verdict:
    """Count a request, and open a guess, unless there are too many.

    Args:
        rates: each counts requests, and is forgotten `window` seconds after its first.
        guesses: each counts wrong guesses and open ones, and is forgotten `locked` seconds after its first, or after
            the last of too many.
        is_guess: the request carries credentials.

    Raises:
        redis.RedisError: nobody can count now.
    """
    most = [count.most for count in (*rates, *guesses)]
    script, _settle = _mine().scripts
    keys = [PREFIX + count.key for count in (*rates, *guesses)]
    word, left = script(keys, [len(rates), window * 1000, locked * 1000, int(is_guess), *most])
    return Verdict(word, max(1, math.ceil(left / 1000)))


def settle(guesses: Sequence[Count], locked: int, outcome: Outcome, forgiven: Count | None = None) -> list[Count]:
    """Close a guess that `admit` has opened.

    Args:
        forgiven: of the guesses, the one whose wrong ones a right guess forgets.

    Returns:
        Those of which there are too many by this guess: they are locked for `locked` seconds.

    Raises:
        redis.RedisError: nobody can count now.
    """
    number = guesses.index(forgiven) + 1 if forgiven is not None else 0
    _admit, script = _mine().scripts
    keys = [PREFIX + count.key for count in guesses]
    begun = script(keys, [outcome, locked * 1000, number, *(count.most for count in guesses)])
    return [guesses[position] for position in begun]


def forget(key: str) -> None:
    """Forget what was counted under a key.

    Raises:
        redis.RedisError: Valkey doesn't answer.
    """
    _mine().client.delete(PREFIX + key)


class _OfThread(threading.local):
    """What a thread speaks to Valkey with: a connection of its own, which costs half as much as one of a pool."""

    url: str | None = None
    client: redis.Redis
    scripts: tuple[Script, Script]


_of_thread = _OfThread()


def _mine() -> _OfThread:
    """Return the connection of this thread, with ADMIT and SETTLE, which it calls by their hash (EVALSHA).

    Raises:
        redis.RedisError: there is none yet, and Valkey doesn't answer.
    """
    if _of_thread.url != settings.REDIS_URL:
        # Once more where it has been closed meanwhile, but not where Valkey hangs: the request would hang with it.
        again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        client = redis.Redis.from_url(
            settings.REDIS_URL,
            single_connection_client=True,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=again,
            decode_responses=True,
        )
        _of_thread.client = client
        _of_thread.scripts = client.register_script(ADMIT), client.register_script(SETTLE)
        _of_thread.url = settings.REDIS_URL
    return _of_thread

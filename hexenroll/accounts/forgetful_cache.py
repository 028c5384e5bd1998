"""What does the sign-in do while Valkey is away? Its libraries find an empty cache. Named in settings.py, CACHES.

allauth counts in the cache how often links for a password are asked for, and remembers there which codes of an app
were used. Nobody could sign in while it is away otherwise; guesses are counted in the database (lockout.py).
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# The keys of allauth. Who asks for others decides for themselves what is right without an answer.
KEYS: Final = ("allauth", "jwt:", "saml.")
PAUSE: Final = 10  # seconds in which it isn't asked again: one that hangs would make each question wait


class ForgetfulCache(RedisCache):
    """Valkey as a cache, whose absence the sign-in doesn't notice."""

    _asked_again_at = 0.0

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        return bool(self._ask(key, True, lambda: super(ForgetfulCache, self).add(key, value, timeout, version)))

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        return self._ask(key, default, lambda: super(ForgetfulCache, self).get(key, default, version))

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        self._ask(key, None, lambda: super(ForgetfulCache, self).set(key, value, timeout, version))

    def delete(self, key: str, version: Any = None) -> bool:
        return bool(self._ask(key, False, lambda: super(ForgetfulCache, self).delete(key, version)))

    def _ask(self, key: str, otherwise: Any, question: Callable[[], Any]) -> Any:
        if not key.startswith(KEYS):
            return question()
        if monotonic() < self._asked_again_at:
            return otherwise
        try:
            return question()
        except RedisError as error:
            self._asked_again_at = monotonic() + PAUSE
            logger.warning("the sign-in goes on without the cache: %s", error)
            return otherwise

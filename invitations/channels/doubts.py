"""Is it this message, or the provider? Asked by email.py and sms.py of a failure that may be either (DoubtError)."""

from collections.abc import Iterator
from contextlib import contextmanager

from .outcome import DoubtError, ProviderDownError, TryLaterError


class Doubts:
    """The failures that one connection met, from message to message."""

    def __init__(self) -> None:
        self._before = ""  # names the message before this one, if it met a doubt

    @contextmanager
    def about(self, message: str) -> Iterator[None]:
        """Raise in place of a DoubtError what it means: its own error, or ProviderDownError.

        Args:
            message: names the message that is sent in this block, the same each time that it is tried.
        """
        before, self._before = self._before, ""
        try:
            yield
        except DoubtError as doubt:
            self._before = message
            error = doubt.error
            if before in ("", message):
                raise error from doubt
            wait = error.retry_after if isinstance(error, TryLaterError) else None
            raise ProviderDownError(error.message, error.code, wait) from doubt

"""What may go wrong with Apple's device assignment service, and what does an answer of it mean? Raised by client.

Free of Django and of models. An error says a code and how long to wait, never what was sent or answered.
"""

import re
from typing import Final

_OWN_WORD: Final = re.compile(r"[A-Z_]{3,64}")  # no key or token of Apple's looks so: they have digits in them
_TOKEN_WORDS: Final = re.compile(
    r"(token|consumer_key|signature|timestamp|nonce|version|permission)"
    r"_(expired|rejected|revoked|invalid|unknown|refused|used|denied)"
)


class AdeError(Exception):
    """Apple's service refused, failed, or answered what nobody understands."""

    def __init__(self, code: str = "", retry_after: int | None = None) -> None:
        """Say what happened.

        Args:
            code: Apple's own word (`T_C_NOT_SIGNED`), else ours in small letters; safe to store, log and show.
            retry_after: seconds to wait at least before the next request, where Apple said so.
        """
        super().__init__(code or type(self).__name__)
        self.code = code
        self.retry_after = retry_after


class AccountError(AdeError):
    """A person has to do something at Apple, or to the account here, before it works again."""


class TermsNotSignedError(AccountError):
    """The organisation hasn't accepted Apple's latest terms (T_C_NOT_SIGNED)."""


class AccessDeniedError(AccountError):
    """The server was removed at Apple, or may not do this (ACCESS_DENIED)."""


class ForbiddenError(AccountError):
    """The session was refused, and a new one too (401, FORBIDDEN)."""


class TokenRejectedError(AccountError):
    """Apple doesn't know the token any more, or the portal's clock is wrong (code `timestamp_refused`)."""


class TokenExpiredError(AccountError):
    """The token's year is over."""


class CursorError(AdeError):
    """The place in the list isn't known any more: forget it, and fetch the whole list."""


class ExpiredCursorError(CursorError):
    """The cursor is older than 7 days (EXPIRED_CURSOR)."""


class InvalidCursorError(CursorError):
    """The cursor is none of Apple's (INVALID_CURSOR)."""


class CursorRequiredError(CursorError):
    """A sync was asked for without a cursor (CURSOR_REQUIRED)."""


class ExhaustedCursorError(AdeError):
    """The whole list was fetched already: go on with a sync from the same cursor (EXHAUSTED_CURSOR)."""


class TemporaryError(AdeError):
    """Nothing to do but wait; the cursor stays as it is."""


class ThrottledError(TemporaryError):
    """Too many requests (429)."""


class UnavailableError(TemporaryError):
    """No answer, a broken one, or an error at Apple's (5xx). `code`: `http_503`, `timed_out`, `certificate`, ..."""


class RequestRefusedError(AdeError):
    """Apple doesn't like what was asked; `code` is its word (`CONFIG_URL_INVALID`), or `http_404`."""


class UnexpectedAnswerError(AdeError):
    """The answer isn't what Apple documents: no JSON, a field missing or of another type, too large, a redirect."""


class EmptyListError(AdeError):
    """The whole list names no device any more (`empty_list`). Raised by the sync; a person says whether that is so."""


_WORDS: Final[dict[str, type[AdeError]]] = {
    "T_C_NOT_SIGNED": TermsNotSignedError,
    "ACCESS_DENIED": AccessDeniedError,
    "EXPIRED_CURSOR": ExpiredCursorError,
    "INVALID_CURSOR": InvalidCursorError,
    "CURSOR_REQUIRED": CursorRequiredError,
    "EXHAUSTED_CURSOR": ExhaustedCursorError,
}


def error_of(status: int, text: str, retry_after: int | None = None) -> AdeError:
    """Return the error that an answer means. A test holds the same table.

    Apple's errors are plain text, sometimes in quotes, so a word is looked for anywhere in it
    (https://developer.apple.com/documentation/devicemanagement/interpreting-error-codes).

    | status    | text               | error                                                  |
    |-----------|--------------------|--------------------------------------------------------|
    | 2xx, 3xx  | any                | UnexpectedAnswerError (nothing is followed)            |
    | 4xx       | one of Apple's six | its own: terms, access, the four cursors               |
    | 429       | any                | ThrottledError                                         |
    | 401, 403  | any                | ForbiddenError                                         |
    | other 4xx | any                | RequestRefusedError                                    |
    | 5xx       | any                | UnavailableError                                       |

    Args:
        status: of HTTP, not 200.
        text: the body.
        retry_after: seconds, from the header of that name.
    """
    if status < 400:
        return UnexpectedAnswerError("redirect" if status >= 300 else f"http_{status}")
    if status >= 500:
        return UnavailableError(f"http_{status}", retry_after)
    for word, kind in _WORDS.items():
        if word in text:
            return kind(word, retry_after)
    if status == 429:
        return ThrottledError("http_429", retry_after)
    if status in (401, 403):
        return ForbiddenError("FORBIDDEN" if "FORBIDDEN" in text else f"http_{status}", retry_after)
    own = text.strip().strip('"')
    return RequestRefusedError(own if _OWN_WORD.fullmatch(own) else f"http_{status}", retry_after)


def token_error_of(text: str, *, is_over: bool) -> AccountError:
    """Return what a refused token means: the answer was 401 when a session was asked for.

    Args:
        text: the body and the header `WWW-Authenticate`, where the problem may be named (OAuth Problem Reporting).
        is_over: the token's own date has passed, which Apple doesn't always say.
    """
    found = _TOKEN_WORDS.search(text)
    code = found.group() if found else ""
    if code == "token_expired" or (is_over and not code.startswith("timestamp")):
        return TokenExpiredError("token_expired")
    return TokenRejectedError(code or "http_401")

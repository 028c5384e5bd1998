"""What does the failure of a mail provider mean for the message in hand, and for the next ones? Used by email.py.

Reads the exceptions of django-anymail, which speaks to the providers.
"""

import re
from http import HTTPStatus
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailUnsupportedFeature,
)
from django.utils.translation import gettext as _
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from .outcome import DoubtError, NotSentError, ProviderDownError, RefusedError, TryLaterError
from .retry_after import seconds_of
from .said import said, without_addresses

# What providers say when it isn't the recipient: the sender is not confirmed, the account is limited or has no money.
_ABOUT_US = re.compile(
    r"sender|\bfrom\b|signature|verif|domain|account|credit|quota|limit|suspend|payment|api.?key", re.I
)


def failed(error: AnymailError, provider: str, secrets: tuple[str, ...]) -> NotSentError | DoubtError:
    """Return what it means that a provider's backend raised `error`.

    | answer | meaning |
    |---|---|
    | all recipients rejected or invalid; an address that can't be written | refused |
    | connection refused, unknown name, TLS, no connection in time | down |
    | connection broken or silent after the request went out | later: it may have been taken |
    | 2xx that can't be read | later: it may have been taken |
    | 401, 402, 404, 405, 3xx | down: the key, the account, the address of the API |
    | 429, 503 | down, for as long as Retry-After says |
    | 403, other 5xx, 408, 425 | later; down when it meets two messages in a row |
    | other 4xx about sender, account, limits | refused; down when it meets two messages in a row |
    | other 4xx | refused |

    Args:
        error: as anymail raised it. Its text repeats the request's address and the answer, so it isn't shown as it is.
        provider: its name.
        secrets: never to be shown.
    """
    if isinstance(error, AnymailRecipientsRefused):
        text = _("%(provider)s refused the recipient: %(reply)s. Correct the address, then send the message again.")
        return RefusedError(
            text % {"provider": provider, "reply": _words(error.response, secrets)}, f"{provider} rejected"[:40]
        )
    if isinstance(error, AnymailInvalidAddress):
        text = _("This is no e-mail address that %(provider)s can be given. Correct it, then send the message again.")
        return RefusedError(text % {"provider": provider}, "address")
    if isinstance(error, AnymailUnsupportedFeature):
        text = _("%(provider)s can't send such mails: %(reason)s. Set ANYMAIL_IGNORE_UNSUPPORTED_FEATURES to true.")
        return ProviderDownError(text % {"provider": provider, "reason": said(str(error.args[0]))}, "unsupported")
    if not isinstance(error, AnymailAPIError):
        raise error  # AnymailSerializationError: a mistake of this program
    if error.status_code is not None:
        return _answered(error, provider, secrets)
    if isinstance(error.__cause__, requests.RequestException):
        return _no_answer(error.__cause__, provider)
    text = _("%(provider)s did not take the message: %(reply)s. It is tried again by itself.")
    shown = {"provider": provider, "reply": said(str(error.args[0]) if error.args else "-", secrets).rstrip(" .")}
    return DoubtError(TryLaterError(text % shown, provider[:40]))


def _answered(error: AnymailAPIError, provider: str, secrets: tuple[str, ...]) -> NotSentError | DoubtError:
    """Return what an HTTP answer means."""
    status = int(error.status_code)
    shown = {"provider": provider, "reply": f"HTTP {status} {_words(error.response, secrets)}".strip()}
    mark = f"{provider} {status}"[-40:]
    wait = seconds_of(error.response.headers.get("Retry-After"))
    if 200 <= status < 300:
        return unreadable(error.response, provider, secrets)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED):
        text = _(
            "%(provider)s does not accept this portal's key, or the account: %(reply)s. Correct the ANYMAIL_ "
            "settings, or look at the account there."
        )
        return ProviderDownError(text % shown, mark)
    if status < 400 or status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE):
        text = _(
            "The address at which %(provider)s is asked leads nowhere: %(reply)s. Correct its domain or API_URL in "
            "the ANYMAIL_ settings."
        )
        return ProviderDownError(text % shown, mark)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        text = _(
            "%(provider)s takes no more messages for now: %(reply)s. It is tried again by itself; if it happens "
            "often, lower HEXENROLL_EMAIL_RATE."
        )
        return ProviderDownError(text % shown, mark, wait)
    if status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
        text = _("%(provider)s has a fault of its own: %(reply)s. It is tried again by itself.")
        return DoubtError(TryLaterError(text % shown, mark, wait))
    if status == HTTPStatus.FORBIDDEN:
        text = _(
            "%(provider)s does not allow this: %(reply)s. Confirm the sender DEFAULT_FROM_EMAIL there, and look at "
            "the rights of the key. It is tried again by itself."
        )
        return DoubtError(TryLaterError(text % shown, mark, wait))
    text = _("%(provider)s refused the message: %(reply)s. Correct what it names, then send the message again.")
    refused = RefusedError(text % shown, mark)
    return DoubtError(refused) if _ABOUT_US.search(without_addresses(shown["reply"])) else refused


def unreadable(answer: Any, provider: str, secrets: tuple[str, ...]) -> TryLaterError:
    """Return what a friendly answer of another shape than the provider's means: the message may have been taken."""
    status = getattr(answer, "status_code", "")
    text = _(
        "%(provider)s answered, but nothing that can be read: %(reply)s. The message may have been sent. It is tried "
        "again by itself; check whether a proxy answers in the provider's place."
    )
    reply = f"HTTP {status} {_words(answer, secrets)}"
    shown = {"provider": provider, "reply": reply}
    return TryLaterError(text % shown, f"{provider} {status}"[-40:], may_have_arrived=True)


def _no_answer(cause: requests.RequestException, provider: str) -> NotSentError:
    """Return what a request without an answer means: it was never sent, or nobody knows."""
    shown = {"provider": provider, "reason": type(cause).__name__}
    reason = getattr(cause.args[0], "reason", None) if cause.args and isinstance(cause.args[0], MaxRetryError) else None
    is_unsent = isinstance(cause, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )
    may_be_sent = isinstance(
        cause, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
    )
    if may_be_sent and not is_unsent:
        text = _(
            "%(provider)s did not answer in time, or broke off (%(reason)s). The message may have been sent all the "
            "same. It is tried again by itself."
        )
        return TryLaterError(text % shown, "no answer", may_have_arrived=True)
    text = _(
        "%(provider)s can't be reached (%(reason)s). Check the network and the proxy of this machine. It is tried "
        "again by itself."
    )
    return ProviderDownError(text % shown, "unreachable")


def _words(answer: Any, secrets: tuple[str, ...]) -> str:
    """Return what stands in an answer of HTTP; "-" for nothing."""
    return said(getattr(answer, "text", ""), secrets).rstrip(" .") or "-"

"""How is one request sent to Apple, and what came back? Called by client.

Free of Django and of models. Secrets go into headers and nowhere else: no error, log line or repr has them.
"""

import ipaddress
import json
import logging
import math
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from requests_oauthlib import OAuth1
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as NoSignError

from .answers import MAX_RETRY_AFTER
from .errors import UnavailableError, UnexpectedAnswerError, error_of, token_error_of
from .token import ServerToken

MAX_ANSWER: Final = 16 * 1024 * 1024  # bytes; 1000 devices are about one megabyte
MAX_SESSION: Final = 4096  # characters
CONNECT_TIMEOUT: Final = 10.0  # seconds
SESSION_HEADER: Final = "X-ADM-Auth-Session"
HEADERS: Final = {
    # From version 9 on Apple may throttle a device in an assignment instead of failing it, and from 10 on it says for
    # how long. The service takes any number, and answers as the newest that it knows.
    "X-Server-Protocol-Version": "10",
    "User-Agent": "hexenroll",  # without one: 400 USER_AGENT_MISSING
    "Content-Type": "application/json;charset=UTF8",  # spelled exactly so
    "Accept": "application/json;charset=UTF8",
}

# At DEBUG they write keys, tokens and signatures of each request.
for _talker in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_talker).setLevel(logging.INFO)


class BaseUrlError(ValueError):
    """The address is none that a token may be sent to."""


def clean_base_url(url: str) -> str:
    """Return the address without a slash at its end.

    Raises:
        BaseUrlError: it is neither https, nor http on this machine; or names a person, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise BaseUrlError from None
    allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    whole = not (parts.username or parts.password or parts.query or parts.fragment)
    if not (allowed and host and whole and url.strip().isprintable() and " " not in url.strip()):
        raise BaseUrlError
    return url.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether the host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Exchange:
    """Sends requests to one server for one token, and keeps the session that its answers name."""

    def __init__(self, token: ServerToken, base_url: str, timeout: float) -> None:
        self.session = ""  # none yet
        self._base_url = clean_base_url(base_url)
        self._token = token
        self._timeout = timeout
        self._http = requests.Session()
        self._http.headers.update(HEADERS)
        # An organisation's proxy is for the world outside only.
        self._http.trust_env = not is_loopback(urlsplit(self._base_url).hostname or "")

    def close(self) -> None:
        self._http.close()

    def send(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """Send one request and return the JSON that came back.

        Args:
            method, path: of the endpoint; `/session` is signed, the others carry the session.
            body: sent as JSON.

        Raises:
            AdeError: the answer is another than 200 with a JSON object, or there is none.
        """
        data = None if body is None else json.dumps(body).encode()
        try:
            with self._http.request(
                method,
                self._base_url + path,
                data=data,
                auth=self._signature() if path == "/session" else _SessionHeader(self.session),
                timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = self._content(answer)
        except (requests.RequestException, HTTPError, OSError) as error:
            # What they say, and the request that they carry, stay out of tracebacks: headers are secrets.
            raise UnavailableError(_trouble(error)) from None
        renewed = answer.headers.get(SESSION_HEADER)
        if renewed:
            self.session = session_of(renewed)
        if answer.status_code != 200:
            raise self._error_of(path, answer, content)
        return _json(content)

    def _signature(self) -> AuthBase:
        token = self._token
        signature: AuthBase = OAuth1(
            token.consumer_key, token.consumer_secret, token.access_token, token.access_secret, realm="ADM"
        )
        return signature

    def _content(self, answer: requests.Response) -> bytes:
        """Read the body: so much, and for so long, at most."""
        found = bytearray()
        end = time.monotonic() + 2 * self._timeout
        while piece := answer.raw.read1(65536, decode_content=True):
            found += piece
            if len(found) > MAX_ANSWER:
                raise UnexpectedAnswerError("too_large")
            if time.monotonic() > end:
                raise UnavailableError("timed_out")
        return bytes(found)

    def _error_of(self, path: str, answer: requests.Response, content: bytes) -> Exception:
        text = content[:4096].decode(errors="replace")
        if path == "/session" and answer.status_code == 401:
            is_over = self._token.access_token_expiry <= datetime.now(UTC)
            return token_error_of(f"{text} {answer.headers.get('WWW-Authenticate', '')}", is_over=is_over)
        return error_of(answer.status_code, text, seconds_of(answer.headers.get("Retry-After", "")))


class _SessionHeader(AuthBase):
    """Given as `auth`, so that requests doesn't look for a password in ~/.netrc."""

    def __init__(self, session: str) -> None:
        self.session = session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[SESSION_HEADER] = self.session
        return request


def seconds_of(retry_after: str) -> int | None:
    """Return for how many seconds a header `Retry-After` asks (RFC 9110, 10.2.3: seconds or a date), else None."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            when = parsedate_to_datetime(retry_after)
            zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
            seconds = (zoned - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if math.isnan(seconds) else math.ceil(min(max(seconds, 0), MAX_RETRY_AFTER))


def session_of(value: object) -> str:
    """Return the session token that an answer named, fit for a header."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_SESSION or not value.isascii():
        raise UnexpectedAnswerError("field_auth_session_token")
    if not value.isprintable() or " " in value:
        raise UnexpectedAnswerError("field_auth_session_token")
    return value


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise UnexpectedAnswerError("not_json") from None
    if not isinstance(found, dict):
        raise UnexpectedAnswerError("not_an_object")
    return found


def _trouble(error: Exception) -> str:
    """Return our word for what kept the answer away."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "certificate"),
        (requests.exceptions.ProxyError, "proxy"),
        (requests.exceptions.Timeout, "timed_out"),
        (NoSignError, "timed_out"),
        (TimeoutError, "timed_out"),
    )
    return next((word for kind, word in kinds if isinstance(error, kind)), "no_connection")

"""How does a short message reach Twilio? The client of its REST API, for sms.py.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

import json
import time
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from invitations.messages.message import Sms

from .outcome import Accepted, ProviderDownError, TryLaterError
from .retry_after import seconds_of
from .twilio_errors import failure

NOT_SENT = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)
# Twilio's answers have 2 KB. Whatever sends more is not Twilio.
ANSWER_BYTES = 2**16
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Twilio:
    """Twilio's API over one connection, which is kept open from message to message."""

    def __init__(self) -> None:
        self.url = f"{settings.TWILIO_BASE_URL}/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}/Messages.json"
        self.session = requests.Session()
        # An API key can be taken back without changing the account's own token.
        if settings.TWILIO_API_KEY_SID:
            self.session.auth = (settings.TWILIO_API_KEY_SID, settings.TWILIO_API_KEY_SECRET)
        else:
            self.session.auth = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
        self.session.headers.update({"Accept": "application/json", "User-Agent": "hexenroll"})

    def close(self) -> None:
        self.session.close()

    def send(self, sms: Sms) -> Accepted:
        """Ask Twilio to send a message.

        Raises:
            RefusedError: the number is none, has unsubscribed, or may not be sent to.
            TryLaterError: nobody knows whether Twilio took it: no answer in time, or none that can be read.
            DoubtError: Twilio's answer may be about this message, or about every one.
            ProviderDownError: Twilio can't be reached, refuses the account or the sender, or limits the rate.
        """
        status, headers, body = self._post(fields_of(sms))
        answer = _object(body)
        if status == 201 and answer and str(answer.get("sid") or ""):
            if answer.get("status") in ("failed", "undelivered", "canceled"):
                raise failure(400, str(answer.get("error_code") or ""), str(answer.get("error_message") or ""), sms)
            return Accepted(str(answer["sid"])[:255])
        if 200 <= status < 300:
            raise TryLaterError(
                _(
                    "%(host)s answered, but not as Twilio does (HTTP %(status)s). The message may have been sent. "
                    "Check TWILIO_BASE_URL, and whether a proxy answers in Twilio's place."
                )
                % {"host": self._host(), "status": status},
                f"http {status}",
                may_have_arrived=True,
            )
        code, message = str(answer.get("code") or ""), str(answer.get("message") or "")
        raise failure(status, code, message, sms, retry_after=seconds_of(headers.get("Retry-After")))

    def _post(self, fields: dict[str, str]) -> tuple[int, Any, bytes]:
        """Send the request; return status, headers and body of the answer."""
        patience = settings.HEXENROLL_SMS_TIMEOUT
        try:
            with self.session.post(
                self.url,
                data=fields,
                timeout=(patience, patience),
                allow_redirects=False,  # the password is for this address alone
                stream=True,
            ) as answer:
                return answer.status_code, answer.headers, _read(answer, time.monotonic() + patience)
        except NOT_SENT as error:
            raise self._unreachable(error) from error
        except requests.exceptions.ConnectionError as error:
            if _is_before_the_request(error):
                raise self._unreachable(error) from error
            raise self._no_answer() from error
        except (requests.exceptions.Timeout, HTTPError) as error:
            raise self._no_answer() from error
        except requests.exceptions.RequestException as error:
            raise self._unreachable(error) from error

    def _host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def _unreachable(self, error: Exception) -> ProviderDownError:
        """Return the failure of a request that was never sent."""
        return ProviderDownError(
            _(
                "%(host)s can't be reached (%(reason)s). Check the network of this machine, a proxy, and "
                "TWILIO_BASE_URL. It is tried again by itself."
            )
            % {"host": self._host(), "reason": type(error).__name__},
            "unreachable",
        )

    def _no_answer(self) -> TryLaterError:
        """Return the failure of a request that was sent, and not answered to the end."""
        return TryLaterError(
            _(
                "%(host)s did not answer within %(seconds)s seconds, or broke off. The message may have been sent all "
                "the same. It is tried again by itself."
            )
            % {"host": self._host(), "seconds": settings.HEXENROLL_SMS_TIMEOUT},
            "no answer",
            may_have_arrived=True,
        )


def fields_of(sms: Sms) -> dict[str, str]:
    """Return the form fields of the request."""
    fields = {"To": sms.recipient, "Body": sms.text}
    if settings.TWILIO_MESSAGING_SERVICE_SID:
        fields["MessagingServiceSid"] = settings.TWILIO_MESSAGING_SERVICE_SID
    else:
        fields["From"] = settings.TWILIO_FROM
    if is_callback_possible():
        # It names the message by our key, too: Twilio may report before its answer with the sid has arrived here.
        fields["StatusCallback"] = f"{settings.PUBLIC_URL}/webhooks/twilio/?message={quote(sms.key, safe='')}"
    return fields


def is_callback_possible() -> bool:
    """Tell whether Twilio can report what became of a message.

    Its reports are signed with the auth token, whatever the message was sent with. And it refuses a message whose
    callback is on a machine that it can't reach (error 21609); a simulator on this machine can.
    """
    if not settings.TWILIO_AUTH_TOKEN:
        return False
    is_local = urlsplit(settings.PUBLIC_URL).hostname in LOOPBACK
    return not is_local or urlsplit(settings.TWILIO_BASE_URL).hostname in LOOPBACK


def _read(answer: requests.Response, deadline: float) -> bytes:
    """Return the answer's body, of a long one the beginning.

    Raises:
        HTTPError: of urllib3: it broke off, or comes too slowly. (Each single byte restarts the timeout of a socket.)
    """
    body = b""
    while len(body) <= ANSWER_BYTES and (block := answer.raw.read1(8_192, decode_content=True)):
        body += block
        if time.monotonic() > deadline:
            raise HTTPError("the answer came too slowly")
    return body


def _object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer is; an empty one when it is none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_before_the_request(error: requests.exceptions.ConnectionError) -> bool:
    """Tell whether there was no connection at all: the name is unknown, or nobody listens."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)

"""What does Twilio report about a short message? The view of its status callbacks.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status and, for the signature,
https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hmac
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from invitations import delivery_status
from invitations.channels.twilio_errors import explain
from invitations.delivery_status import StatusEvent

from .bounds import FORM, callback, refusal
from .replay import ReplayedError, take

logger = logging.getLogger(__name__)

# What Twilio calls it: what it is. The other states (queued, sending, sent) say nothing that isn't known.
EVENTS = {
    "delivered": StatusEvent.DELIVERED,
    "undelivered": StatusEvent.BOUNCED,
    "failed": StatusEvent.FAILED,
    "canceled": StatusEvent.FAILED,
    "read": StatusEvent.OPENED,
}
PORTS = {"http": 80, "https": 443}


@callback(FORM)
def status_callback(request: HttpRequest) -> HttpResponse:
    """Take a status callback: 204; 403 unsigned, 404 Twilio is not in use, 409 taken before."""
    if settings.SMS_PROVIDER != "twilio" or not settings.TWILIO_AUTH_TOKEN:
        return refusal(404, "No callbacks of Twilio are expected.")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_signed(request.get_full_path(), request.POST, signature):
        return refusal(403, "The signature is missing or wrong.")
    sid = request.POST.get("MessageSid") or request.POST.get("SmsSid") or ""
    status = request.POST.get("MessageStatus") or request.POST.get("SmsStatus") or ""
    if not sid or not status:
        return refusal(400, "MessageSid or MessageStatus is missing.")
    try:
        with transaction.atomic():
            # It carries no time of its own; with its parameters the signature tells it from every other one.
            take("twilio", signature)
            _record(sid, status, request)
    except ReplayedError:
        return refusal(409, "This callback was taken before.")
    return HttpResponse(status=204)


def _record(sid: str, status: str, request: HttpRequest) -> None:
    event = EVENTS.get(status)
    if event is None:
        return
    has_failed = event in (StatusEvent.BOUNCED, StatusEvent.FAILED)
    text = explain(delivery_status.clean(request.POST.get("ErrorCode", ""), 20)) if has_failed else ""
    key = request.GET.get("message", "")
    if not delivery_status.record(sid, event, at=timezone.now(), text=text, key=key):
        logger.info("twilio: %s of a message changed nothing", event)


def is_signed(path: str, fields: QueryDict, signature: str) -> bool:
    """Tell whether Twilio signed a callback for this portal.

    Args:
        path: with its query; the address is that of PUBLIC_URL, whatever a proxy in between made of it.
        fields: of the form.
        signature: the header X-Twilio-Signature.
    """
    token = settings.TWILIO_AUTH_TOKEN
    expected = [signature_of(address + path, fields, token) for address in _addresses(settings.PUBLIC_URL)]
    given = signature.encode("utf-8", "replace")
    # All are compared, so that the time tells nothing.
    matches = [hmac.compare_digest(given, one.encode()) for one in expected]
    return any(matches)


def signature_of(url: str, fields: QueryDict, token: str) -> str:
    """Return Twilio's signature: HMAC-SHA1 of the URL and the sorted fields, as base64."""
    text = url
    for name in sorted(fields):
        for value in sorted(set(fields.getlist(name))):
            text += name + value
    digest = hmac.digest(token.encode(), text.encode("utf-8", "replace"), "sha1")
    return base64.b64encode(digest).decode()


def _addresses(origin: str) -> Iterator[str]:
    """Yield the spellings of an origin: Twilio leaves the port out, or puts the usual one in."""
    yield origin
    parts = urlsplit(origin)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    yield f"{parts.scheme}://{host}" if parts.port else f"{parts.scheme}://{host}:{PORTS[parts.scheme]}"

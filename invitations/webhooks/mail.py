"""What does the mail service report about a mail? The view of its tracking callbacks, read by anymail.

https://anymail.dev/en/stable/sending/tracking/. The services' own signatures, or the basic authentication of
ANYMAIL_WEBHOOK_SECRET, are checked by anymail; a service that has neither here is not listened to.
"""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from anymail.exceptions import AnymailConfigurationError, AnymailError
from anymail.signals import AnymailTrackingEvent, EventType
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string

from invitations import delivery_status
from invitations.delivery_status import StatusEvent
from invitations.models import Invitation

from .bounds import FORM, callback, refusal
from .replay import ReplayedError, take

logger = logging.getLogger(__name__)


class Service(NamedTuple):
    """How a mail service signs its callbacks.

    Attributes:
        view: anymail's, which checks and reads them.
        key: the entry of settings.ANYMAIL without which they aren't signed; "": they never are.
    """

    view: str
    key: str


# EMAIL_PROVIDER: its callbacks. amazon_ses is not among them: SNS needs a second way in, and boto3.
SERVICES = {
    "brevo": Service("brevo.BrevoTrackingWebhookView", ""),
    "mailersend": Service("mailersend.MailerSendTrackingWebhookView", "MAILERSEND_SIGNING_SECRET"),
    "mailgun": Service("mailgun.MailgunTrackingWebhookView", "MAILGUN_WEBHOOK_SIGNING_KEY"),
    "mailjet": Service("mailjet.MailjetTrackingWebhookView", ""),
    "mailtrap": Service("mailtrap.MailtrapTrackingWebhookView", "MAILTRAP_TRACKING_SECRET"),
    "mandrill": Service("mandrill.MandrillCombinedWebhookView", "MANDRILL_WEBHOOK_KEY"),
    "postal": Service("postal.PostalTrackingWebhookView", "POSTAL_WEBHOOK_KEY"),
    "postmark": Service("postmark.PostmarkTrackingWebhookView", ""),
    "resend": Service("resend.ResendTrackingWebhookView", ""),
    "sendgrid": Service("sendgrid.SendGridTrackingWebhookView", "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"),
    "sparkpost": Service("sparkpost.SparkPostTrackingWebhookView", ""),
    "unisender_go": Service("unisender_go.UnisenderGoTrackingWebhookView", "UNISENDER_GO_API_KEY"),
}
EVENTS = {
    EventType.DELIVERED: StatusEvent.DELIVERED,
    EventType.BOUNCED: StatusEvent.BOUNCED,
    EventType.DEFERRED: StatusEvent.DEFERRED,
    EventType.REJECTED: StatusEvent.FAILED,
    EventType.FAILED: StatusEvent.FAILED,
    EventType.OPENED: StatusEvent.OPENED,
    EventType.CLICKED: StatusEvent.OPENED,
    EventType.COMPLAINED: StatusEvent.COMPLAINED,
    EventType.UNSUBSCRIBED: StatusEvent.COMPLAINED,
}
# What anymail's readers raise over a body that is not what the service sends.
RUBBISH = (AnymailError, AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
# Mailgun tries for 8 hours to deliver a callback. Longer than this nothing is remembered of those that were taken
# (replay.py), so it must stay below that.
STALE_AFTER = timedelta(days=1)


class TooEarlyError(Exception):
    """A mail is meant whose number is not stored yet: the worker that sent it is about to."""


@callback("application/json", FORM, methods=("POST", "HEAD"))
def tracking_callback(request: HttpRequest) -> HttpResponse:
    """Take a tracking callback: 200; 403 unsigned or stale, 404 no mail service is listened to, 409 taken before.

    A HEAD request, by which some services look whether the address is right, is answered and has no effect.
    """
    view = _view()
    if view is None:
        return refusal(404, "No callbacks of a mail service are expected.")
    if request.method == "HEAD":
        return HttpResponse()
    try:
        view.setup(request)
        view.run_validators(request)
    except (AnymailConfigurationError, *RUBBISH):
        return refusal(403, "The signature is missing or wrong.")
    told_by = _told_by(request)
    if told_by.is_stale:
        return refusal(403, "The callback is too old.")
    try:
        events = view.parse_events(request)
    except RUBBISH as error:
        logger.warning("%s: a callback that can't be read: %s", settings.EMAIL_PROVIDER, type(error).__name__)
        return refusal(400, "The callback can't be read.")
    try:
        with transaction.atomic():
            take(settings.EMAIL_PROVIDER, told_by.text)
            _record(events)
    except ReplayedError:
        return refusal(409, "This callback was taken before.")
    except TooEarlyError:
        answer = refusal(503, "Try again in a minute.")
        answer["Retry-After"] = "60"
        return answer
    return HttpResponse()


def is_listening() -> bool:
    """Tell whether callbacks of EMAIL_PROVIDER are taken: it has some, and they can be told from forged ones."""
    service = SERVICES.get(settings.EMAIL_PROVIDER)
    return service is not None and bool(
        settings.ANYMAIL.get("WEBHOOK_SECRET") or (service.key and settings.ANYMAIL.get(service.key))
    )


def _view() -> Any | None:
    """Return anymail's view, as an object that checks and reads; None: nobody is listened to."""
    if not is_listening():
        return None
    try:
        return import_string(f"anymail.webhooks.{SERVICES[settings.EMAIL_PROVIDER].view}")()
    except (AnymailConfigurationError, ValueError) as error:
        logger.error("callbacks of %s can't be checked: %s", settings.EMAIL_PROVIDER, type(error).__name__)  # noqa: TRY400
        return None


class ToldBy(NamedTuple):
    """What tells a callback from every other one, and whether it is past its time."""

    text: bytes
    is_stale: bool


def _told_by(request: HttpRequest) -> ToldBy:
    """Return what a callback is known by: all of its body, or what alone Mailgun signs, its token and the time."""
    if settings.EMAIL_PROVIDER != "mailgun":
        return ToldBy(request.body, is_stale=False)
    block = request.POST if request.content_type == FORM else json.loads(request.body)["signature"]
    text = f"{block['timestamp']}:{block['token']}".encode()
    try:
        moment = datetime.fromtimestamp(float(block["timestamp"]), UTC)
    except (ValueError, OverflowError, OSError):
        return ToldBy(text, is_stale=True)
    return ToldBy(text, is_stale=timezone.now() - moment > STALE_AFTER)


def _record(events: Iterable[AnymailTrackingEvent]) -> None:
    for event in events:
        kind = EVENTS.get(event.event_type)
        if kind is None:
            continue
        number, key = str(event.message_id or ""), _key(event)
        if delivery_status.find(number, key) is None:
            _wait_for_number(str(event.recipient or ""))
            continue
        text = " ".join(str(part) for part in (event.description, event.mta_response) if part)
        delivery_status.record(number, kind, at=event.timestamp or timezone.now(), text=text, key=key)


def _key(event: AnymailTrackingEvent) -> str:
    """Return our own name of the mail, which channels/ gave the service along; "" when it gives none back."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    return str(metadata.get("invitation") or "")


def _wait_for_number(recipient: str) -> None:
    """Have the service come again while a mail to this address is in a worker's hand: its number comes in a moment.

    Raises:
        TooEarlyError: it is.
    """
    recipient = delivery_status.clean(recipient, 254)
    in_hand = Invitation.objects.exclude(holder=None).filter(channel=Invitation.Channel.EMAIL)
    if recipient and in_hand.filter(recipient__iexact=recipient).exists():
        raise TooEarlyError

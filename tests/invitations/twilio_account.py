"""An account at Twilio as the tests have it: its settings, and callbacks signed with its token."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.test import Client

from invitations.messages.message import Sms
from invitations.webhooks.twilio import signature_of

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "token-of-the-account"
FROM = "+15005550006"
MESSAGE_SID = "SM" + "fedcba9876543210" * 2
PUBLIC_URL = "https://portal.example.com"

SETTINGS: dict[str, Any] = {
    "SMS_PROVIDER": "twilio",
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_API_KEY_SID": "",
    "TWILIO_API_KEY_SECRET": "",
    "TWILIO_FROM": FROM,
    "TWILIO_MESSAGING_SERVICE_SID": "",
    "PUBLIC_URL": PUBLIC_URL,
    "ALLOWED_HOSTS": ["portal.example.com"],
    "HEXENROLL_SMS_TIMEOUT": 1,
}
SMS = Sms(
    recipient="+4915112345678",
    text="Hi Ana & Öz! Enroll: https://portal.example.com/i/secret-token, password se+same=1",
    key="0f8fad5bd9cb469fa16570867728950e.0",
    secrets=("secret-token", "se+same=1"),
)


def created(sid: str = MESSAGE_SID) -> dict[str, Any]:
    """Return what Twilio answers to a message that it takes (HTTP 201), as its documentation shows it."""
    return {
        "account_sid": ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": "Hi there",
        "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
        "date_sent": None,
        "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": FROM,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "messaging_service_sid": None,
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}/Media.json"},
        "to": SMS.recipient,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}.json",
    }


def refused(status: int, code: int, message: str = "No.") -> dict[str, Any]:
    """Return what Twilio answers to a message that it doesn't take."""
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def report(
    client: Client,
    status: str = "delivered",
    *,
    path: str = "/webhooks/twilio/",
    signature: str | None = None,
    **more: str,
) -> HttpResponse:
    """Post a status callback as Twilio does, signed unless a signature is given; "": without any."""
    fields = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "From": FROM,
        "MessageSid": MESSAGE_SID,
        "MessageStatus": status,
        "SmsSid": MESSAGE_SID,
        "SmsStatus": status,
        "To": SMS.recipient,
        **more,
    }
    body = urlencode(fields)
    if signature is None:
        signature = signature_of(settings.PUBLIC_URL + path, QueryDict(body), AUTH_TOKEN)
    headers = {"X-Twilio-Signature": signature} if signature else {}
    return client.post(  # type: ignore[return-value]
        path,
        body,
        content_type="application/x-www-form-urlencoded",
        secure=True,
        headers={"Host": "portal.example.com", **headers},
    )

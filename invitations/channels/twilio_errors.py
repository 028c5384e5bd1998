"""What does an error of Twilio mean for a message, and what can be done? Asked by twilio.py and the webhook.

https://www.twilio.com/docs/api/errors. Codes are added and split now and then: an unknown one is judged by the status.
"""

from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.messages.message import Sms

from .outcome import DoubtError, NotSentError, ProviderDownError, RefusedError, TryLaterError
from .said import said


class Fault(StrEnum):
    """Whose fault is it?"""

    RECIPIENT = "recipient"  # this message will never be taken
    ACCOUNT = "account"  # no message will be, until somebody changes the settings here or the account there
    RATE = "rate"  # not now


_NOT_A_NUMBER = gettext_lazy("Twilio says that this is not a phone number. Correct the user's mobile number.")
_NOT_MOBILE = gettext_lazy("Twilio can't send SMS to this number. Is it a landline? Correct the user's mobile number.")
_SENDER = gettext_lazy(
    "Twilio does not let this account send from the number in TWILIO_FROM. It must be a number of the account that "
    "can send SMS, written as +15005550006."
)
_SERVICE = gettext_lazy("Twilio can't use TWILIO_MESSAGING_SERVICE_SID: it is unknown there, or has no sender.")
_ACCOUNT = gettext_lazy(
    "Twilio refuses the account or its password. Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or the API key."
)
_INACTIVE = gettext_lazy("The Twilio account is not active: suspended, closed, or without credit. Look at its console.")
_RATE = gettext_lazy("Twilio takes no more messages at the moment. A lower HEXENROLL_SMS_RATE avoids this.")

# What Twilio answers when it is asked to send.
ON_SENDING = {
    "21211": (Fault.RECIPIENT, _NOT_A_NUMBER),
    "21217": (Fault.RECIPIENT, _NOT_A_NUMBER),
    "21265": (Fault.RECIPIENT, gettext_lazy("This is a short code, which can't receive SMS. Correct the number.")),
    "21266": (Fault.RECIPIENT, gettext_lazy("The recipient's number is that of the sender.")),
    "21408": (
        Fault.RECIPIENT,
        gettext_lazy("SMS to this country is off. Turn it on in Twilio's console (Geo permissions), then send again."),
    ),
    "21604": (Fault.RECIPIENT, _NOT_A_NUMBER),
    "21608": (
        Fault.RECIPIENT,
        gettext_lazy("A trial account of Twilio may only send to verified numbers. Verify this one, or upgrade."),
    ),
    "21610": (
        Fault.RECIPIENT,
        gettext_lazy("The recipient has unsubscribed (STOP). Only they can change that, by sending START."),
    ),
    "21612": (
        Fault.RECIPIENT,
        gettext_lazy("Twilio can't reach this number from this sender. Use another sender for its country."),
    ),
    "21614": (Fault.RECIPIENT, _NOT_MOBILE),
    "21617": (
        Fault.RECIPIENT,
        gettext_lazy("The message is too long for Twilio (1,600 characters). Shorten it."),
    ),
    "21635": (Fault.RECIPIENT, _NOT_MOBILE),
    "20003": (Fault.ACCOUNT, _ACCOUNT),
    "20005": (Fault.ACCOUNT, _INACTIVE),
    "20404": (Fault.ACCOUNT, _ACCOUNT),
    "21212": (Fault.ACCOUNT, _SENDER),
    "21601": (Fault.ACCOUNT, _SENDER),
    "21603": (Fault.ACCOUNT, _SENDER),
    "21606": (Fault.ACCOUNT, _SENDER),
    "21609": (Fault.ACCOUNT, gettext_lazy("Twilio can't use PUBLIC_URL for its status reports. It must be reachable.")),
    "21659": (Fault.ACCOUNT, _SENDER),
    "21660": (Fault.ACCOUNT, _SENDER),
    "21661": (Fault.ACCOUNT, _SENDER),
    "21701": (Fault.ACCOUNT, _SERVICE),
    "21703": (Fault.ACCOUNT, _SERVICE),
    "21705": (Fault.ACCOUNT, _SERVICE),
    "30002": (Fault.ACCOUNT, _INACTIVE),
    "14107": (Fault.RATE, _RATE),
    "20429": (Fault.RATE, _RATE),
    "21611": (Fault.RATE, _RATE),
    "30001": (Fault.RATE, _RATE),
    "63038": (Fault.RATE, gettext_lazy("The Twilio account has reached its daily limit of messages.")),
}

# What Twilio reports afterwards (https://www.twilio.com/docs/sms/debugging-tools: delivery errors).
AFTERWARDS = {
    "30001": gettext_lazy("Twilio's queue was full."),
    "30002": _INACTIVE,
    "30003": gettext_lazy("The phone could not be reached: switched off, out of coverage, or no number in use."),
    "30004": gettext_lazy("The message was blocked: by the recipient, or by the carrier."),
    "30005": gettext_lazy("The number is not in use."),
    "30006": gettext_lazy("The number is a landline, or its carrier takes no SMS."),
    "30007": gettext_lazy("The carrier, or Twilio, took the message for spam."),
    "30008": gettext_lazy("The carrier gave no reason."),
    "30032": gettext_lazy("The toll-free sender is not verified at Twilio."),
    "30034": gettext_lazy("The sender is not registered for SMS in the United States (A2P 10DLC)."),
    "30454": gettext_lazy("The Twilio account has reached its limit of messages."),
}


def failure(
    status: int, code: str, message: str, sms: Sms, retry_after: float | None = None
) -> NotSentError | DoubtError:
    """Return what an answer other than success means.

    | answer | is |
    |---|---|
    | a code of `ON_SENDING` | what stands there |
    | 401, 3xx | ProviderDownError: the account, or the address |
    | 429, 503 | ProviderDownError, with what Retry-After says |
    | 403, 404 | TryLaterError; ProviderDownError when it meets two messages in a row |
    | other 5xx | the same; Twilio may have sent the message |
    | other 4xx | RefusedError |

    Args:
        status: of HTTP.
        code: Twilio's; "" when it gave none.
        message: Twilio's.
        sms: what was to be sent; its secrets must not come back in the reason.
        retry_after: seconds.
    """
    number = f"twilio {code}" if code else f"http {status}"
    fault, reason = ON_SENDING.get(code, (None, ""))
    if fault is None:
        fault = {401: Fault.ACCOUNT, 429: Fault.RATE}.get(status)
        reason = _RATE if fault == Fault.RATE else _unknown(status, code, message, sms)
    if fault == Fault.RECIPIENT:
        return RefusedError(str(reason), number)
    if fault is not None or status == 503 or status < 400:
        return ProviderDownError(str(reason), number, retry_after)
    if status >= 500 or status in (403, 404):
        # Something that only one recipient meets must not keep the others waiting for good.
        later = TryLaterError(str(reason), number, retry_after, may_have_arrived=status >= 500)
        return DoubtError(later)
    return RefusedError(str(reason), number)


def explain(code: str) -> str:
    """Return in words why a message that Twilio took did not arrive.

    Args:
        code: as Twilio reports it; "": it gave none.
    """
    if not code or code == "0":
        return _("Twilio gave no reason.")
    known = AFTERWARDS.get(code) or ON_SENDING.get(code, (None, ""))[1]
    where = _("See https://www.twilio.com/docs/api/errors/%(code)s.")
    words = {"code": code, "reason": known or where % {"code": code}}
    return _("%(reason)s (Twilio %(code)s)") % words


def _unknown(status: int, code: str, message: str, sms: Sms) -> str:
    """Return the reason of an answer that isn't in the table, in Twilio's own words if it gave any."""
    if status >= 500:
        return _("Twilio has a fault (HTTP %(status)s). It is tried again by itself.") % {"status": status}
    words = {"status": status, "code": code or "-", "said": said(message, sms.secrets) or "-"}
    if status < 400:
        return _("TWILIO_BASE_URL leads elsewhere (HTTP %(status)s), which Twilio's never does. Correct it.") % words
    if status in (401, 403, 404):
        return _("%(reason)s It answered HTTP %(status)s: %(said)s") % {"reason": _ACCOUNT, **words}
    return _("Twilio refuses the message (HTTP %(status)s, error %(code)s): %(said)s") % words

"""What does a mail server's reply mean for the message in hand, and for the next ones? Used by smtp.py."""

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from enum import Enum

from django.utils.translation import gettext as _

from .outcome import DoubtError, NotSentError, ProviderDownError, RefusedError, TryLaterError
from .said import said, without_addresses

# The server wants to know who we are (RFC 4954), whatever the command was.
_WANTS_SIGN_IN = frozenset({530, 534, 535, 538})
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")  # RFC 3463
# Words with which servers refuse whom they talk to, not to whom the mail goes.
_ABOUT_US = re.compile(r"relay|authenticat|block ?list|blacklist|spamhaus|client host|sender (address )?reject", re.I)
_ABOUT_RATE = re.compile(r"too many|too much|\brate|limit|throttl|slow down", re.I)
_ABOUT_SIZE = re.compile(r"size|too (big|large|long)", re.I)


class Stage(Enum):
    """The command that the server replied to."""

    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    DATA = "DATA"
    CONTENT = "content"


@dataclass(frozen=True)
class Dialogue:
    """With whom we talk, about what: the words of the messages.

    Attributes:
        server: host and port.
        sender: the address on the envelope.
        secrets: never to be shown.
    """

    server: str
    sender: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)


def replied(stage: Stage, code: int, words: bytes, dialogue: Dialogue) -> NotSentError | DoubtError:
    """Return what a reply means that isn't the one hoped for.

    | reply | to MAIL | to RCPT, DATA, the content |
    |---|---|---|
    | 421 | down | later; down when it meets two messages in a row |
    | 530, 534, 535, 538 | down | down |
    | 552 or X.3.4 about the size | refused | refused |
    | 5xx about relaying, authentication, block lists | down | refused; down when it meets two messages in a row |
    | 552 or 5.2.2: the mailbox is full | down | later |
    | other 5xx | down: it is the sender | refused |
    | 4xx about rates and limits | down | later; down when it meets two messages in a row |
    | other 4xx | down | later |
    | no reply of SMTP | down | later; down when it meets two messages in a row |
    """
    text = said(words, dialogue.secrets)
    match = _STATUS.match(text)
    status = match[1] if match else ""
    shown = {"server": dialogue.server, "sender": dialogue.sender, "reply": f"{code} {text}".rstrip(" .")}
    mark = f"{code} {status}".strip()
    topic = without_addresses(text)
    is_about_size = status[1:] == ".3.4" or (code == 552 and status != "5.2.2" and bool(_ABOUT_SIZE.search(topic)))
    if code in _WANTS_SIGN_IN:
        return ProviderDownError(_sign_in_wanted() % shown, mark)
    if is_about_size and code >= 500:
        return RefusedError(_too_large() % shown, mark)
    if not 400 <= code < 600 and stage is Stage.SENDER:
        return ProviderDownError(_not_smtp() % shown, mark)
    if not 400 <= code < 600:
        return DoubtError(TryLaterError(_not_smtp() % shown, mark))
    if code == 421:
        down = ProviderDownError(_closing() % shown, mark)
        return down if stage is Stage.SENDER else DoubtError(TryLaterError(down.message, mark))
    if stage is Stage.SENDER:
        return ProviderDownError((_sender_later() if code < 500 else _sender_refused()) % shown, mark)
    if code < 500 or code == 552 or status == "5.2.2":
        later = TryLaterError((_full() if status[1:] == ".2.2" or code == 552 else _later()) % shown, mark)
        return DoubtError(later) if code < 500 and _ABOUT_RATE.search(topic) else later
    if _ABOUT_US.search(topic):
        return DoubtError(RefusedError(_not_for_us() % shown, mark))
    return RefusedError((_recipient_refused() if stage is Stage.RECIPIENT else _message_refused()) % shown, mark)


def broke(error: OSError, dialogue: Dialogue, *, is_sent: bool) -> NotSentError | DoubtError:
    """Return what it means that the connection ended, or stayed silent, in the middle of a message.

    Args:
        is_sent: all of the message went out, and only the server's word for it is missing. Then it is about this
            message whatever the others meet: a server that takes each one and never says so must not get it for ever.
    """
    reason = _reason(error)
    if is_sent:
        text = _(
            "%(server)s did not confirm the message (%(reason)s). It may have arrived all the same. "
            "It is tried again by itself."
        )
        shown = {"server": dialogue.server, "reason": reason}
        return TryLaterError(text % shown, "no answer", may_have_arrived=True)
    text = _(
        "The connection to %(server)s broke in the middle of the message (%(reason)s). It is tried again by itself."
    )
    return DoubtError(TryLaterError(text % {"server": dialogue.server, "reason": reason}, "broken"))


def not_connected(error: OSError | UnicodeError, dialogue: Dialogue) -> ProviderDownError:
    """Return why there is no connection: the name, the network, TLS, the greeting, the password."""
    shown = {"server": dialogue.server, "reason": _reason(error)}
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500:
        reply = f"{error.smtp_code} {said(error.smtp_error)}".rstrip(" .")
        text = _("%(server)s refused the user name or the password: %(reply)s. Correct them in EMAIL_URL.")
        return ProviderDownError(text % {**shown, "reply": reply}, str(error.smtp_code))
    if isinstance(error, smtplib.SMTPResponseException):
        reply = f"{error.smtp_code} {said(error.smtp_error)}".rstrip(" .")
        text = _("%(server)s takes no mails now: %(reply)s. It is tried again by itself; ask who runs it.")
        return ProviderDownError(text % {**shown, "reply": reply}, str(error.smtp_code))
    for kind, text in _unreachable():
        if isinstance(error, kind):
            return ProviderDownError(text % shown, "unreachable")
    text = _("%(server)s can't be used (%(reason)s). Correct EMAIL_URL, or ask who runs the server.")
    return ProviderDownError(text % shown, "unreachable")


def _unreachable() -> tuple[tuple[type[Exception], str], ...]:
    """Return the failures of a connection with their texts, the special ones first."""
    return (
        (
            smtplib.SMTPNotSupportedError,
            _(
                "%(server)s can't do what EMAIL_URL asks for (%(reason)s): with smtp+tls:// the server must offer "
                "STARTTLS, with a user name it must offer AUTH."
            ),
        ),
        (
            smtplib.SMTPServerDisconnected,
            _(
                "%(server)s closed the connection or did not answer in time (%(reason)s). Check the port and the "
                "encryption in EMAIL_URL: smtp+tls:// usually goes with port 587, smtp+ssl:// with 465."
            ),
        ),
        (
            socket.gaierror,
            _(
                "The mail server %(server)s is not known: its name has no address (%(reason)s). Correct EMAIL_URL, or "
                "the name service of this machine."
            ),
        ),
        (
            ssl.SSLCertVerificationError,
            _(
                "The certificate of %(server)s can't be trusted (%(reason)s). Write the host in EMAIL_URL as the "
                "certificate has it, or name its authority in SSL_CERT_FILE."
            ),
        ),
        (
            ssl.SSLError,
            _(
                "No encrypted connection to %(server)s (%(reason)s). Check the port and the encryption in EMAIL_URL: "
                "smtp+tls:// usually goes with port 587, smtp+ssl:// with 465."
            ),
        ),
        (
            ConnectionRefusedError,
            _("Nothing listens at %(server)s (%(reason)s). Correct EMAIL_URL, or start the mail server."),
        ),
        (
            TimeoutError,
            _(
                "%(server)s did not answer in time (%(reason)s). Correct EMAIL_URL, let the firewall pass it, or raise "
                "HEXENROLL_EMAIL_TIMEOUT."
            ),
        ),
        (
            UnicodeError,
            _(
                "%(server)s can't be asked like this (%(reason)s). Host, user name and password in EMAIL_URL must be "
                "such as mail servers take: ASCII."
            ),
        ),
    )


def _reason(error: Exception) -> str:
    """Return the cause in a few words. A UnicodeError's own text may hold the password."""
    if isinstance(error, UnicodeError):
        return type(error).__name__
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        return _("no answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return said(error.verify_message)
    if isinstance(error, ssl.SSLError):
        return said(error.reason or str(error))
    return said(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _sign_in_wanted() -> str:
    return _("%(server)s wants to be signed in to: %(reply)s. Write user name and password into EMAIL_URL.")


def _too_large() -> str:
    return _(
        "%(server)s says that the message is too large: %(reply)s. Shorten the text of the message, or raise the "
        "server's limit."
    )


def _not_smtp() -> str:
    return _("%(server)s answers, but not as a mail server does: %(reply)s. Check host and port in EMAIL_URL.")


def _closing() -> str:
    return _("%(server)s takes no more mails now: %(reply)s. It is tried again by itself.")


def _sender_refused() -> str:
    return _(
        "%(server)s refused the sender %(sender)s: %(reply)s. Set DEFAULT_FROM_EMAIL to an address that may send "
        "through this server."
    )


def _sender_later() -> str:
    return _(
        "%(server)s takes nothing from %(sender)s now: %(reply)s. It is tried again by itself; if it stays so, "
        "correct DEFAULT_FROM_EMAIL or ask who runs the server."
    )


def _full() -> str:
    return _("The mailbox of the recipient is full: %(reply)s. It is tried again by itself.")


def _later() -> str:
    return _("%(server)s wants this message later: %(reply)s. It is tried again by itself.")


def _not_for_us() -> str:
    return _(
        "%(server)s does not forward mails for this portal: %(reply)s. Allow this machine there, or write user "
        "name and password into EMAIL_URL; then send the message again."
    )


def _recipient_refused() -> str:
    return _("%(server)s refused the recipient: %(reply)s. Correct the address, then send the message again.")


def _message_refused() -> str:
    return _(
        "%(server)s refused the message: %(reply)s. If the reply names a filter, change the text or ask who runs "
        "the server; then send it again."
    )

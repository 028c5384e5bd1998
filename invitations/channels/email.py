"""How does a mail leave the portal? By the way that the settings name; opened by `open_channel("email")`.

EMAIL_URL or EMAIL_PROVIDER become Django's EMAIL_BACKEND (hexenroll/mail_settings.py): SMTP, a provider of anymail, or
a place to try things out: the console, files, the development mailbox.
"""

from typing import Any, Protocol, Self

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailError
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.utils.translation import gettext as _

from invitations.messages.message import Mail, Message, Sms

from .django_mail import DjangoMail
from .doubts import Doubts
from .envelope import envelope_of
from .outcome import Accepted, ProviderDownError, TryLaterError
from .provider_answers import failed, unreadable
from .said import said
from .smtp import SmtpConnection

PROVIDER_ID_LENGTH = 255  # characters of Invitation.provider_id


class Way(Protocol):
    """A way on which mails leave. `send` raises what `Channel.send` raises, and DoubtError."""

    def send(self, mail: Mail) -> Accepted: ...

    def close(self) -> None: ...


class EmailChannel:
    """A connection to the mail server or provider, kept from message to message; a context manager."""

    def __init__(self) -> None:
        self._way: Way | None = None
        self._doubts = Doubts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        if self._way is not None:
            self._way.close()
            self._way = None

    def send(self, message: Message) -> Accepted:
        """Hand one message over; raises what `Channel.send` raises."""
        if isinstance(message, Sms):
            raise TypeError("a short message does not go out as mail")
        with self._doubts.about(message.message_id):
            if self._way is None:
                self._way = _choose_way()
            return self._way.send(message)


class Provider:
    """A provider of anymail, asked over one HTTP session."""

    def __init__(self, backend: AnymailBaseBackend) -> None:
        self._backend = backend
        self._is_open = False

    def send(self, mail: Mail) -> Accepted:
        message = django_mail_of(mail)
        provider = str(self._backend.esp_name)
        try:
            self._is_open = bool(self._backend.open()) or self._is_open
            if not self._backend.send_messages([message]):
                raise RuntimeError("a receiver of anymail's pre_send cancelled the mail")
        except AnymailError as error:
            raise failed(error, provider, mail.secrets) from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            answer = getattr(message.anymail_status, "esp_response", None)
            if answer is None:
                raise  # nothing was asked yet: a mistake of this program
            # Anymail trusts the shape of most answers.
            raise unreadable(answer, provider, mail.secrets) from error
        status = message.anymail_status
        if status.status == {"failed"}:
            text = _("%(provider)s could not send the message. It is tried again by itself.")
            raise TryLaterError(text % {"provider": provider}, f"{provider} failed"[:40])
        number = status.message_id if isinstance(status.message_id, str) else mail.message_id.strip("<>")
        return Accepted(number[:PROVIDER_ID_LENGTH])

    def close(self) -> None:
        if self._is_open:
            self._backend.close()
            self._is_open = False


class Place:
    """Somewhere on this machine: the console, a folder, the development mailbox."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def send(self, mail: Mail) -> Accepted:
        message = django_mail_of(mail)
        try:
            self._backend.send_messages([message])
        except OSError as error:
            text = _("The mail can't be written (%(reason)s). Check the folder in EMAIL_URL, and the disk.")
            raise ProviderDownError(text % {"reason": said(error.strerror or str(error))}, "write") from error
        return Accepted(mail.message_id.strip("<>"))

    def close(self) -> None:
        """Do nothing: these backends close after each message."""


def django_mail_of(mail: Mail) -> DjangoMail:
    """Return the mail as Django's backends take it; raises RefusedError and ProviderDownError for its addresses."""
    _sender, recipient = envelope_of(mail)
    return DjangoMail(mail, recipient)


def _choose_way() -> Way:
    """Return the way that EMAIL_BACKEND names.

    Raises:
        ProviderDownError: it can't work as it is set.
    """
    try:
        backend = get_connection()
    except (ImproperlyConfigured, ImportError) as error:
        text = _("The mail settings can't work: %(reason)s. Look at manage.py check.")
        raise ProviderDownError(text % {"reason": said(str(error)).rstrip(".")}, "settings") from error
    if isinstance(backend, SmtpBackend):
        return SmtpConnection()
    if isinstance(backend, AnymailBaseBackend):
        return Provider(backend)
    return Place(backend)

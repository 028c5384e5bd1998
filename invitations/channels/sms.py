"""Which provider sends short messages? Chosen by SMS_PROVIDER; opened by `open_channel("sms")`."""

from collections.abc import Callable
from typing import Protocol, Self

from django.conf import settings
from django.utils.translation import gettext as _

from invitations.messages.message import Mail, Message, Sms

from .doubts import Doubts
from .outcome import Accepted, ProviderDownError
from .sms_tryout import ConsoleSms, FileSms, MailboxSms


class SmsProvider(Protocol):
    """Somebody who takes short messages; raises what `Channel.send` raises, and DoubtError."""

    def send(self, sms: Sms) -> Accepted: ...

    def close(self) -> None: ...


def _twilio() -> SmsProvider:
    from .twilio import Twilio

    return Twilio()


def _apprise() -> SmsProvider:
    # Imported where it is used: it reads a hundred plugins.
    from .apprise_sms import AppriseSms

    return AppriseSms()


# SMS_PROVIDER: what it opens.
PROVIDERS: dict[str, Callable[[], SmsProvider]] = {
    "": MailboxSms,
    "apprise": _apprise,
    "console": ConsoleSms,
    "file": FileSms,
    "twilio": _twilio,
}


class SmsChannel:
    """A connection to the provider of SMS_PROVIDER, made when the first message is sent; a context manager."""

    def __init__(self) -> None:
        self._provider: SmsProvider | None = None
        self._doubts = Doubts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._provider is not None:
            self._provider.close()

    def send(self, message: Message) -> Accepted:
        """Hand one message over; raises what `Channel.send` raises."""
        if isinstance(message, Mail):
            raise TypeError("a mail does not go out as SMS")
        with self._doubts.about(message.key):
            if self._provider is None:
                self._provider = _open()
            return self._provider.send(message)


def _open() -> SmsProvider:
    opener = PROVIDERS.get(settings.SMS_PROVIDER)
    if opener is None:
        raise ProviderDownError(_("SMS_PROVIDER names no provider. Look at manage.py check."))
    return opener()

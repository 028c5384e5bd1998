"""How does a message leave the portal? Each channel keeps one connection to its provider, for the outbox to reuse."""

from contextlib import AbstractContextManager
from typing import Protocol

from invitations.messages.message import Message

from .outcome import Accepted


class Channel(Protocol):
    """A connection to a provider."""

    def send(self, message: Message) -> Accepted:
        """Hand one message over.

        Raises:
            RefusedError: it will never be taken.
            TryLaterError: it may be taken later.
            ProviderDownError: nothing can be sent now.
        """


def open_channel(channel: str) -> AbstractContextManager[Channel]:
    """Return the channel `email` or `sms`, for one thread.

    The connection is made when the first message is sent, used for all that follow, made anew after it broke, and
    closed at the end of the block.
    """
    # Imported here: they need Django's settings, which the outcomes beside them don't.
    from .email import EmailChannel
    from .sms import SmsChannel

    openers: dict[str, type[EmailChannel] | type[SmsChannel]] = {"email": EmailChannel, "sms": SmsChannel}
    return openers[channel]()

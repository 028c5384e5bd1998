"""How does a message leave the portal? Each channel keeps one connection to its provider, for the outbox to reuse."""

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

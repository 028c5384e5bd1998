"""What became of a message that was handed to a provider? The words in which every channel answers the outbox."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The provider took the message; `provider_id` is the number under which it reports about it ("": it won't)."""

    provider_id: str = ""


class NotSentError(Exception):
    """The message was not sent.

    Attributes:
        code: the provider's, such as `550` or `twilio 21211`; "" when it gave none.
        message: for the administrator: what happened and what to do; never a secret, never the message's text.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class RefusedError(NotSentError):
    """This message will never be taken: its recipient doesn't exist, or the provider refuses it for good."""


class TryLaterError(NotSentError):
    """This message may be taken later: greylisting, a full mailbox, a connection that broke in the middle of it.

    Attributes:
        retry_after: seconds that the provider asked to wait; None: it didn't say.
        may_have_arrived: nobody knows whether the provider took it: its answer is missing, or can't be read.
    """

    def __init__(
        self, message: str, code: str = "", retry_after: float | None = None, *, may_have_arrived: bool = False
    ) -> None:
        super().__init__(message, code)
        self.retry_after = retry_after
        self.may_have_arrived = may_have_arrived


class ProviderDownError(TryLaterError):
    """No message can be sent now: the server can't be reached, refuses the sender or the password, limits the rate.

    It says nothing about the message in hand, which is not counted as tried.
    """


class DoubtError(Exception):
    """The message was not sent, and what was said may be about this message, or about every one.

    A channel raises `error` for the first such message, and ProviderDownError when the next one meets the same: so one
    bad recipient never stops the others, and a provider in trouble doesn't use up the attempts of them all.
    """

    def __init__(self, error: NotSentError) -> None:
        super().__init__(error.message)
        self.error = error

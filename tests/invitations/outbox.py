"""What a test of the outbox needs: a provider that answers as it is told, and one round of the worker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from invitations.channels import Channel
from invitations.channels.outcome import Accepted
from invitations.messages.message import Message
from invitations.models import Invitation
from invitations.outbox import deliver

Answer = Accepted | Exception


@dataclass
class Provider:
    """Takes every message, unless it was told another answer for its recipient, or for everybody.

    Attributes:
        messages: those that it took.
        answers: by recipient; a list is used up from its beginning.
        before: called with each message before it is answered.
    """

    messages: list[Message] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    before: Callable[[Message], None] = lambda message: None
    opened: int = 0

    def send(self, message: Message) -> Accepted:
        self.before(message)
        answers = self.answers.get(message.recipient) or self.answers.get("")
        answer = answers.pop(0) if answers else Accepted(f"id of {len(self.messages) + 1}")
        if isinstance(answer, Exception):
            raise answer
        self.messages.append(message)
        return answer

    @property
    def recipients(self) -> list[str]:
        return [message.recipient for message in self.messages]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Put a provider that the test tells what to answer behind both channels."""
    made = Provider()

    @contextmanager
    def open_channel(channel: str) -> Iterator[Channel]:
        made.opened += 1
        yield made

    monkeypatch.setattr(deliver, "open_channel", open_channel)
    return made


def worked(channel: str = "email") -> deliver.Tally:
    """Let a worker send what is due."""
    return deliver.work(channel, seconds=60)


def state_of(invitation: Invitation) -> str:
    """Return the state of an invitation as the database knows it."""
    return str(Invitation.objects.values_list("state", flat=True).get(pk=invitation.pk))

"""What the portal remembers about invitations: what was asked for, what went out, what it says, who sends it."""

from .invitation import Invitation, InvitationEvent
from .lane import Lane
from .mailbox_message import MailboxMessage
from .message_template import MessageTemplate
from .provider_callback import ProviderCallback
from .sending import Sending

__all__ = [
    "Invitation",
    "InvitationEvent",
    "Lane",
    "MailboxMessage",
    "MessageTemplate",
    "ProviderCallback",
    "Sending",
]

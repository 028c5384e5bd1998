"""Where do messages stay when there is no mail server or SMS provider? In the development mailbox, to be read there.

`EmailBackend` is Django's name for a way to send mail: settings name this one for EMAIL_URL=mailbox://.
"""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from invitations.models import MailboxMessage

KEPT = 1_000  # messages: enough to look at, too few to matter on the disk


class EmailBackend(BaseEmailBackend):
    """Keeps each mail, whole, instead of sending it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            source = message.message().as_bytes()
            text = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\n", "\r\n")
            keep("email", ", ".join(message.recipients()), text)
        return len(email_messages)


def keep(channel: str, recipient: str, content: str) -> None:
    """Put a message into the mailbox, and remove the oldest beyond the newest 1,000.

    Args:
        channel: `email` or `sms`.
        recipient: to whom it would have gone.
        content: of a mail its source, of an SMS its text. It is encrypted in the database.
    """
    MailboxMessage.objects.create(channel=channel, recipient=recipient[:254], content=content)
    newest_too_old = MailboxMessage.objects.order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1]
    for pk in newest_too_old:
        MailboxMessage.objects.filter(pk__lte=pk).delete()

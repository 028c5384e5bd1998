"""How does a mail look to Django's mail backends and to those of anymail? Made by email.py."""

from email import message_from_bytes
from email.message import Message
from email.mime.image import MIMEImage
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import MIMEMixin

from invitations.messages.message import Mail
from invitations.messages.mime import as_bytes
from invitations.messages.variables import QR_CODE_ID, one_line

TAG = "invitation"


class Source(MIMEMixin, Message):  # type: ignore[misc]  # the mix that Django's own messages are
    """A message as it was read from its bytes, with the methods that backends call."""


class DjangoMail(EmailMultiAlternatives):
    """A mail with the attributes that providers' backends read, and the source that all others send.

    What goes to a provider besides the mail holds no secret: the metadata are the Message-ID. Clicks aren't tracked:
    that would lead each user over one more host, which then knows the link.
    """

    def __init__(self, mail: Mail, recipient: str) -> None:
        """Take over a mail to `recipient`, its bare address as it goes on the envelope."""
        self.mail = mail
        self.anymail_status: Any = None
        name = mail.recipient_name.replace("\\", "\\\\").replace('"', '\\"')
        super().__init__(
            subject=one_line(mail.subject),
            body=mail.text,
            from_email=one_line(mail.sender),
            to=[f'"{one_line(name)}" <{recipient}>' if name else recipient],
            headers={"Message-ID": mail.message_id, **dict(mail.headers)},
        )
        if mail.html:
            self.attach_alternative(mail.html, "text/html")
        if mail.html and mail.qr_code:
            image = MIMEImage(mail.qr_code, "png")
            image["Content-ID"] = f"<{QR_CODE_ID}>"
            image["Content-Disposition"] = f'inline; filename="{QR_CODE_ID}.png"'
            self.attach(image)
        self.tags = [TAG]
        self.metadata = {TAG: mail.message_id.strip("<>")}
        self.track_clicks = False

    def message(self, *, policy: Any = None) -> Any:
        """Return the source: the bytes that go to an SMTP server, too. It has no use for a policy (Django 6)."""
        return message_from_bytes(as_bytes(self.mail), _class=Source)

"""What is handed to a channel? Plain values, free of models and of Django's mail classes.

What holds the link or the password is left out of `repr`: that ends up in reports of errors.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mail:
    """A mail as it goes out.

    Attributes:
        sender: the From header, `hexenroll@example.com` or `Name <hexenroll@example.com>`.
        recipient: the bare address.
        recipient_name: for the To header; "" for none.
        subject: one line.
        text: the plain part.
        html: the HTML part; refers to the QR code as `cid:qr-code`. "": there is none.
        qr_code: PNG of the link; b"": none.
        message_id: with its angle brackets.
        headers: others, such as Auto-Submitted; values are ASCII.
        secrets: link token and password: what a provider says is shown without them, should it repeat the message.
    """

    sender: str
    recipient: str
    recipient_name: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    qr_code: bytes = field(repr=False)
    message_id: str
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Sms:
    """A short message as it goes out.

    Attributes:
        recipient: E.164.
        text: at most two segments.
        key: names the message to the provider where it takes such a key; the same when it is sent again.
        secrets: as those of a mail.
    """

    recipient: str
    text: str = field(repr=False)
    key: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


Message = Mail | Sms

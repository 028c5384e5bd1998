"""Which mail does a channel's test send? A plausible one; what a test doesn't name doesn't matter to it."""

from typing import Any
from uuid import uuid4

from invitations.messages.message import Mail

# A red dot.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8d"
    "b00000000049454e44ae426082"
)


def mail(recipient: str = "ada@example.com", **fields: Any) -> Mail:
    """Return a mail to `recipient`."""
    given: dict[str, Any] = {
        "sender": "IT department <hexenroll@example.com>",
        "recipient": recipient,
        "recipient_name": "Ada Lovelace",
        "subject": "Enroll your device",
        "text": "Your one-time password: Tr0ub4dor-xyz\n.\nA line with a dot ends nothing.\n",
        "html": '<p>Grüße</p><img src="cid:qr-code" alt="QR code">',
        "qr_code": PNG,
        "message_id": f"<{uuid4().hex}.0@example.com>",
        "headers": (("Auto-Submitted", "auto-generated"),),
        "secrets": ("Tr0ub4dor-xyz",),
    }
    return Mail(**{**given, **fields})

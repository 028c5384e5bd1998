"""Which token stands in an invitation's link, and how is it found again?

A token is 256 bits, made from the invitation's public number and a key that never is in the database. So it needs to be
stored hashed only, and yet a message that has to be sent a second time (after a crash, or as a reminder) says the same.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from uuid import UUID

from django.conf import settings

LENGTH = 43  # characters of 256 bits in base64url, without padding


def token_of(public_id: UUID) -> str:
    """Return the token of an invitation: 43 characters, safe in an address."""
    digest = hmac.digest(_key(settings.SALT_KEY), public_id.bytes, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_of(token: str) -> str:
    """Return what the database knows of a token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def link_of(token: str) -> str:
    """Return the address that opens the page of an invitation."""
    return f"{settings.PUBLIC_URL}/i/{token}"


def message_id_of(public_id: UUID, reminder: int = 0) -> str:
    """Return the Message-ID: the same each time that one message is sent, so that receivers can tell a double.

    Args:
        public_id: of the invitation.
        reminder: 0 for the invitation itself, else the number of the reminder.
    """
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    return f"<{public_id.hex}.{reminder}@{host}>"


@lru_cache(maxsize=2)
def _key(salt_key: str) -> bytes:
    return hashlib.sha256(b"hexenroll invitation link\0" + salt_key.encode()).digest()

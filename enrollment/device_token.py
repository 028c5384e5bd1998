"""Which device shows this bearer token? Tokens are issued by the gate, read by the device API; stored hashed only."""

import hashlib
import secrets

from django.utils import timezone

from devices.models import Device

from .models import DeviceToken

LENGTH = 43  # characters of 256 bits in base64url, without padding


def issue(device_id: int) -> str:
    """Give a device its token: 43 characters. One that it had is void from now on.

    One statement, so that two of them at once leave one valid token.
    """
    token = secrets.token_urlsafe(32)
    row = DeviceToken(device_id=device_id, token_hash=hash_of(token), created_at=timezone.now())
    DeviceToken.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["device"], update_fields=["token_hash", "created_at"]
    )
    return token


def device_of(token: str) -> Device | None:
    """Return the enrolled device that a token belongs to; None for a token that is void, or never was one.

    A device that an administrator has blocked, or that has left, is none, whatever it still holds.
    """
    if len(token) != LENGTH or not token.isascii():
        return None
    enrolled = Device.objects.select_related("user").filter(status=Device.Status.ENROLLED)
    return enrolled.filter(token__token_hash=hash_of(token)).order_by().first()


def revoke(device_id: int) -> None:
    """Make the token of a device void; a device without one stays as it is."""
    DeviceToken.objects.filter(device=device_id).delete()


def hash_of(token: str) -> str:
    """Return what the database knows of a token: its SHA-256 in hexadecimal digits.

    No slow hash: 256 random bits can't be guessed, and each check-in of each device computes this once.
    """
    return hashlib.sha256(token.encode()).hexdigest()

"""Which device shows this bearer token? Tokens are issued by the gate, read by the device API; stored hashed only."""

import hashlib
import secrets

from django.utils import timezone

from devices.models import Device, DeviceUser
from devices.prepared import fetch, write

from .models import DeviceToken

LENGTH = 43  # characters of 256 bits in base64url, without padding


# One statement, so that two of them at once leave one valid token; the gate runs it with what else it writes.
STORE = """
INSERT INTO enrollment_devicetoken (device_id, token_hash, created_at)
VALUES (%(device)s, %(token_hash)s, %(now)s)
ON CONFLICT (device_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at
"""
# In the order in which the models have them, which `from_db` expects: what an answer tells of a device.
_DEVICE = ("id", "serial_number", "platform", "name", "status", "user_id")
_USER = ("id", "name", "email")
# Asked with each request of each device: the ORM takes six times as long to write this down.
_KNOWN = f"""
SELECT {", ".join(f"d.{name}" for name in _DEVICE)}, {", ".join(f"u.{name}" for name in _USER)}
FROM enrollment_devicetoken t
JOIN devices_device d ON d.id = t.device_id
LEFT JOIN devices_deviceuser u ON u.id = d.user_id
WHERE t.token_hash = %(token_hash)s AND d.status = '{Device.Status.ENROLLED}'
"""  # noqa: S608


def generate() -> str:
    """Return a new token: 43 characters, which belong to nobody until they are stored."""
    return secrets.token_urlsafe(32)


def issue(device_id: int) -> str:
    """Give a device a token; one that it had is void from now on."""
    token = generate()
    write([STORE], {"device": device_id, "token_hash": hash_of(token), "now": timezone.now()})
    return token


def device_of(token: str) -> Device | None:
    """Return the enrolled device that a token belongs to; None for a token that is void, or never was one.

    A device that an administrator has blocked, or that has left, is none, whatever it still holds.
    """
    if len(token) != LENGTH or not token.isascii():
        return None
    for row in fetch(_KNOWN, {"token_hash": hash_of(token)}):
        device = Device.from_db(None, _DEVICE, row[: len(_DEVICE)])
        user = row[len(_DEVICE) :]
        device._state.fields_cache["user"] = DeviceUser.from_db(None, _USER, user) if user[0] is not None else None
        return device
    return None


def revoke(device_id: int) -> None:
    """Make the token of a device void; a device without one stays as it is."""
    DeviceToken.objects.filter(device=device_id).delete()


def hash_of(token: str) -> str:
    """Return what the database knows of a token: its SHA-256 in hexadecimal digits.

    No slow hash: 256 random bits can't be guessed, and each check-in of each device computes this once.
    """
    return hashlib.sha256(token.encode()).hexdigest()

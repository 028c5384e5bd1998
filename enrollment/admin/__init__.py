"""The console's pages of who asked to come in, and of what the portal answers."""

from . import (
    ade_account,
    ade_device,
    ade_profile,
    attempt,
    blocked_hardware,
    conflict,
    device,
    device_user,
    lockout,
)

__all__ = [
    "ade_account",
    "ade_device",
    "ade_profile",
    "attempt",
    "blocked_hardware",
    "conflict",
    "device",
    "device_user",
    "lockout",
]

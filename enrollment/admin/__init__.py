"""The console's pages of who asked to come in, and of what the portal answers."""

from . import attempt, blocked_hardware, conflict, device, device_user, lockout

__all__ = ["attempt", "blocked_hardware", "conflict", "device", "device_user", "lockout"]

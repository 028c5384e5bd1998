"""The console's pages of invitations, one module a model; and what invitations add to the pages of devices."""

from . import device, invitation, sending

__all__ = ["device", "invitation", "sending"]

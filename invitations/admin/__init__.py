"""The console's pages of invitations, one module a model; and what invitations add to the pages of devices."""

from . import device, invitation, mailbox, message_template, sending

__all__ = ["device", "invitation", "mailbox", "message_template", "sending"]

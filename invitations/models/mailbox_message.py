"""What would have gone out, where no mail server or SMS provider is set? The development mailbox."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from encrypted_fields.fields import EncryptedTextField

from .invitation import Invitation


class MailboxMessage(models.Model):
    """A message that stayed in the portal, whole. Encrypted: it holds a one-time password and a link."""

    channel = models.CharField(_("channel"), max_length=5, choices=Invitation.Channel)
    recipient = models.CharField(_("recipient"), max_length=254)
    # Of a mail the source (RFC 5322), of an SMS its text.
    content = EncryptedTextField(_("content"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name = _("message in the development mailbox")
        verbose_name_plural = _("messages in the development mailbox")
        ordering = ("-received_at", "-id")
        indexes = (models.Index(fields=("-received_at", "-id"), name="mailbox_order"),)

    def __str__(self) -> str:
        return self.recipient

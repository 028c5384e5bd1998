"""What do the messages say, for users of which domain, in which language?"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from devices.models import Domain
from devices.vocabulary import Language

from .invitation import Invitation


class MessageTemplate(models.Model):
    """The text of invitations by one channel, in one language; of one domain, or of all that have none of their own."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)
    # Without a domain it is read by everybody, and changed with all domains only.
    IS_SHARED_WITHOUT_DOMAIN: ClassVar[bool] = True

    domain = models.ForeignKey(
        Domain,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="message_templates",
        verbose_name=_("domain"),
        help_text=_("Empty: for every domain that has no text of its own."),
    )
    channel = models.CharField(
        _("channel"), max_length=5, choices=Invitation.Channel, help_text=_("By which the message goes out.")
    )
    language = models.CharField(
        _("language"), max_length=5, choices=Language, help_text=_("Of the users who are written to.")
    )
    subject = models.CharField(_("subject"), max_length=200, blank=True, help_text=_("Of the mail."))
    text = models.TextField(_("text"), help_text=_("The SMS, or the plain part of the mail."))
    html = models.TextField(
        _("HTML"), blank=True, help_text=_("The part of the mail that most programs show. Values are escaped.")
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("channel", "language", "domain__name")
        constraints = (
            models.UniqueConstraint(
                Coalesce("domain", models.Value(0)),
                "channel",
                "language",
                name="message_template_unique",
                violation_error_message=_("There is a text for this domain, channel and language already."),
            ),
        )

    def __str__(self) -> str:
        where = self.domain.name if self.domain else _("all domains")
        return f"{self.get_channel_display()}, {self.get_language_display()}, {where}"

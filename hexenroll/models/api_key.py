"""Which programs may use the administrators' API, as whom, until when?"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiKey(models.Model):
    """A secret by which a program acts as an account: with its permissions and domains, never with more."""

    name = models.CharField(_("name"), max_length=100, help_text=_("What it is for, such as “Inventory sync”."))
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="api_keys",
        verbose_name=_("account"),
        help_text=_("As whom it acts: with that account's roles and domains."),
    )
    prefix = models.CharField(_("begins with"), max_length=12, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False, help_text=_("SHA-256; the key itself is shown once."))
    is_read_only = models.BooleanField(_("read only"), default=False, help_text=_("It may look, and change nothing."))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, help_text=_("Empty: never."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_address = models.GenericIPAddressField(_("last address"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

"""Who changed Enroll > Settings, when, from what to what? Written by settings_change.py; shown on that page."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SettingsChange(models.Model):
    """One saving that changed something. It outlives the account of whoever did it, hence the name."""

    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    by_name = models.CharField(_("name"), max_length=150, help_text=_("Of the account, or of the command."))
    before = models.JSONField(_("before"), help_text=_("The settings that changed, by name."))
    after = models.JSONField(_("after"))

    class Meta:
        verbose_name = _("change of the enrollment settings")
        verbose_name_plural = _("changes of the enrollment settings")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("-at", "-id"), name="settings_change_order"),)  # the page's list

    def __str__(self) -> str:
        return f"{self.by_name}: {', '.join(self.after)}"

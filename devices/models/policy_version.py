"""What did a policy say before? Each saved version of each policy, for its history."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .policy import Policy


class PolicyVersion(models.Model):
    """A policy as it was from its saving to the next."""

    policy = models.ForeignKey(
        Policy, models.CASCADE, related_name="versions", db_index=False, verbose_name=_("policy")
    )
    version = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("content"), help_text=_("Name, platforms, settings, apps and profile."))
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("version of a policy")
        verbose_name_plural = _("versions of a policy")
        ordering = ("policy_id", "-version")
        constraints = (models.UniqueConstraint(fields=("policy", "version"), name="policy_version_unique"),)

    def __str__(self) -> str:
        return f"{self.policy} {self.version}"

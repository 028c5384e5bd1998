"""Which devices are managed together?"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from .policy import Policy, refuse_separator


class DeviceGroup(models.Model):
    """A named set of devices that share policies."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ()  # holds devices of any domain; each of them is asked for its own

    name = models.CharField(_("name"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    policies = models.ManyToManyField(
        Policy,
        blank=True,
        related_name="groups",
        verbose_name=_("policies"),
        help_text=_("Every device of the group gets these."),
    )
    rule = models.JSONField(
        _("rule"),
        null=True,
        blank=True,
        help_text=_("Which devices are in it by themselves. Empty: those that somebody put there."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("device group")
        verbose_name_plural = _("device groups")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        refuse_separator(self.name)

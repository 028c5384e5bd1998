"""Which devices are managed together?"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .policy import Policy, refuse_separator


class DeviceGroup(models.Model):
    """A named set of devices that share policies."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    policies = models.ManyToManyField(
        Policy,
        blank=True,
        related_name="groups",
        verbose_name=_("policies"),
        help_text=_("Every device of the group gets these."),
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

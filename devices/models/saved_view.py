"""Which filters, columns and order does somebody want to see again?"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A named state of the device list; of one person, or of all."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ()  # names filters, shows no device
    OWNED_BY: ClassVar[str] = "owner"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=100)
    query = models.TextField(_("filters"), blank=True, help_text=_("Filters, search and order, as in the address."))
    columns = models.JSONField(_("columns"), default=list, blank=True, help_text=_("In their order; empty: the usual."))
    is_shared = models.BooleanField(
        _("shared"), default=False, help_text=_("Everybody who sees devices can choose it.")
    )
    is_default = models.BooleanField(
        _("opened first"), default=False, help_text=_("Its owner's list opens with it. One at most.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "name"),
                name="saved_view_unique",
                violation_error_message=_("You have a view with this name already."),
            ),
            models.UniqueConstraint(
                fields=("owner",), condition=models.Q(is_default=True), name="saved_view_one_default"
            ),
        )

    def __str__(self) -> str:
        return self.name

"""What did the dashboard count last, where counting takes too long to be done for each visitor? One row, or none."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class DashboardSummary(models.Model):
    """Numbers of all domains, each by its domain: dashboard/figures.py shows a person those of theirs."""

    ONLY: ClassVar[int] = 1

    numbers = models.JSONField(_("numbers"), default=dict, help_text=_("As dashboard/counting.py returns them."))
    made_at = models.DateTimeField(_("counted"))
    seconds = models.FloatField(_("seconds"), help_text=_("That counting took."))
    claimed_at = models.DateTimeField(_("asked"), null=True, help_text=_("When a worker was asked to count anew."))

    class Meta:
        verbose_name = _("numbers of the dashboard")
        verbose_name_plural = _("numbers of the dashboard")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"

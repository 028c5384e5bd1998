"""Which report is sent to whom, and when next?"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ScheduledReport(models.Model):
    """A report that is mailed regularly; it shows what its owner may see."""

    OWNED_BY: ClassVar[str] = "owner"

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("Excel (XLSX)")

    class Every(models.TextChoices):
        DAY = "day", _("Every day")
        WEEK = "week", _("Every week, on Monday")
        MONTH = "month", _("Every month, on the first")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="scheduled_reports",
        verbose_name=_("owner"),
        help_text=_("The report shows what this account may see."),
    )
    report = models.CharField(_("report"), max_length=40, help_text=_("What is told."))
    query = models.TextField(_("filters"), blank=True, help_text=_("As in the report's address."))
    format = models.CharField(
        _("format"), max_length=4, choices=Format, default=Format.XLSX, help_text=_("Of the attached file.")
    )
    every = models.CharField(
        _("how often"), max_length=5, choices=Every, default=Every.WEEK, help_text=_("Days of the owner's time zone.")
    )
    hour = models.PositiveSmallIntegerField(_("hour"), default=7, help_text=_("0 to 23, in the owner's time zone."))
    recipients = models.JSONField(_("recipients"), default=list, help_text=_("E-mail addresses."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Without the tick it is paused."))
    next_at = models.DateTimeField(_("next"), null=True, editable=False, db_index=True)  # indexed: the clock asks
    last_sent_at = models.DateTimeField(_("last sent"), null=True, editable=False)
    claimed_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When a worker took it in hand; empty: none has it.")
    )
    attempts = models.PositiveSmallIntegerField(default=0, editable=False, help_text=_("In vain, one after the other."))
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("scheduled report")
        verbose_name_plural = _("scheduled reports")
        ordering = ("report", "id")

    def __str__(self) -> str:
        from hexenroll.reports.registry import REPORTS  # it names models

        report = REPORTS.get(self.report)
        return f"{report.title if report else self.report}, {self.get_every_display()}"

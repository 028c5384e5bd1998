"""What is wrong with one cell of an uploaded file? Base of the problems of files of devices and of groups."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProblemQuerySet(models.QuerySet["Problem"]):
    def errors(self) -> Self:
        """Problems that keep a row out."""
        return self.filter(severity=Problem.Severity.ERROR)

    def warnings(self) -> Self:
        """Problems that somebody should look at."""
        return self.filter(severity=Problem.Severity.WARNING)


class Problem(models.Model):
    """One thing that is wrong, or odd, with one cell of a file; a subclass adds the file's `batch`."""

    class Severity(models.TextChoices):
        ERROR = "error", _("Error")
        WARNING = "warning", _("Warning")

    line = models.PositiveIntegerField(_("line"))
    severity = models.CharField(_("severity"), max_length=7, choices=Severity)
    code = models.CharField(_("code"), max_length=40, help_text=_("See imports/problems.py."))
    field = models.CharField(_("field"), max_length=20, blank=True, help_text=_("Empty: the whole line."))
    column = models.CharField(_("column"), max_length=200, blank=True, help_text=_("Its header in the file."))
    value = models.CharField(_("value"), max_length=200, blank=True, help_text=_("Shortened; never a password."))
    suggestion = models.CharField(_("suggestion"), max_length=200, blank=True)
    detail = models.CharField(
        _("detail"), max_length=200, blank=True, help_text=_("What the message needs to know besides.")
    )

    objects = ProblemQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"

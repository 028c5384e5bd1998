"""What does a line of the file say, what is wrong with it, and what stood in the portal before?

Staging tables: written by COPY and changed by set statements alone (imports/), never row by row.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices import vocabulary

from .import_batch import ImportBatch
from .problem import Problem


class ImportRow(models.Model):
    """A line of the file, cleaned: where it has errors, the values that could not be read are empty."""

    class Kind(models.TextChoices):
        NEW = "new", _("New")
        KNOWN_USER = "known_user", _("User is in the portal")
        KNOWN_DEVICE = "known_device", _("Device is pre-approved already")
        ADE_DEVICE = "ade_device", _("Device of Apple ADE")
        DISENROLLED = "disenrolled", _("Device was disenrolled")
        ENROLLED = "enrolled", _("Device is enrolled")
        BLOCKED = "blocked", _("Device is blocked")

    # What happens to these is the administrator's choice; without one they can't be imported.
    QUESTIONS: ClassVar[frozenset[str]] = frozenset({Kind.KNOWN_USER, Kind.KNOWN_DEVICE, Kind.DISENROLLED})
    # These can have a choice of their own; a device that Apple lists waits for its user, so that nothing is asked.
    DECIDABLE: ClassVar[frozenset[str]] = QUESTIONS | {Kind.ADE_DEVICE}

    # The batch and the line are the key: a second index would cost a tenth of the import.
    pk = models.CompositePrimaryKey("batch_id", "line")
    # No constraint in the database: the deferred check of each row at COMMIT costs more than the COPY.
    # Rows are written only while their batch is locked, and go with it (imports/retention.py).
    batch = models.ForeignKey(
        ImportBatch,
        models.CASCADE,
        related_name="rows",
        db_constraint=False,
        db_index=False,
        verbose_name=_("import batch"),
    )
    line = models.PositiveIntegerField(_("line"), help_text=_("As a spreadsheet counts: the header is line 1."))
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    ownership = models.CharField(_("ownership"), max_length=10, choices=vocabulary.Ownership, blank=True)
    serial_number = models.CharField(_("serial number"), max_length=64, blank=True)
    platform = models.CharField(_("platform"), max_length=10, choices=vocabulary.Platform, blank=True)
    sam_account_name = models.CharField(_("SAM account name"), max_length=256, blank=True)
    mobile = models.CharField(_("mobile"), max_length=128, blank=True)
    device_name = models.CharField(_("device name"), max_length=200, blank=True)
    one_time_password = models.TextField(null=True, help_text=_("Encrypted as the device's own."))
    groups = models.JSONField(_("device groups"), null=True, help_text=_("List of names."))
    policies = models.JSONField(_("policies"), null=True, help_text=_("List of names."))
    custom_attributes = models.JSONField(_("custom attributes"), null=True)
    is_good = models.BooleanField(default=True, help_text=_("It has no error."))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.NEW)
    decision = models.CharField(
        _("duplicate"),
        max_length=8,
        choices=vocabulary.Duplicates,
        blank=True,
        help_text=_("Empty: as chosen for the batch."),
    )
    invite = models.BooleanField(_("invite"), default=True)

    class Meta:
        verbose_name = _("import row")
        verbose_name_plural = _("import rows")
        ordering = ("batch_id", "line")

    def __str__(self) -> str:
        return str(_("Line %(line)s") % {"line": self.line})


class ImportProblem(Problem):
    """One thing that is wrong, or odd, with one cell of a file of devices."""

    batch = models.ForeignKey(
        ImportBatch,
        models.CASCADE,
        related_name="problems",
        db_constraint=False,
        db_index=False,
        verbose_name=_("import batch"),
    )

    class Meta(Problem.Meta):
        abstract = False
        verbose_name = _("import problem")
        verbose_name_plural = _("import problems")
        ordering = ("batch_id", "line", "id")
        # The list of a batch's problems, by code and in the order of the file.
        indexes = (models.Index(fields=("batch", "severity", "code", "line"), name="import_problem_list"),)


class ImportSnapshot(models.Model):
    """What stood in the portal before a batch overwrote it, for undo."""

    class Kind(models.TextChoices):
        USER = "user", _("device user")
        DEVICE = "device", _("device")
        GROUP = "group", _("device group")

    # The index of the constraint below begins with the batch.
    batch = models.ForeignKey(
        ImportBatch, models.CASCADE, related_name="snapshots", db_index=False, verbose_name=_("import batch")
    )
    kind = models.CharField(max_length=6, choices=Kind)
    object_id = models.BigIntegerField()
    before = models.JSONField(null=True, help_text=_("Column by column; null: the batch made it."))

    class Meta:
        verbose_name = _("import snapshot")
        verbose_name_plural = _("import snapshots")
        constraints = (models.UniqueConstraint(fields=("batch", "kind", "object_id"), name="import_snapshot_unique"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"

"""How far is an import, what was chosen in it, and what came of it?"""

from typing import ClassVar, Self

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices import vocabulary

from .device_group import DeviceGroup
from .domain import Domain
from .moving import Moving
from .policy import Policy


def private_storage() -> Storage:
    """Return the store of uploaded files: never served, readable by the portal's own account alone."""
    return FileSystemStorage(
        location=settings.IMPORT_ROOT, file_permissions_mode=0o600, directory_permissions_mode=0o700
    )


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def in_work(self) -> Self:
        """Batches that a worker has, or should have, in hand."""
        return self.filter(state__in=ImportBatch.IN_WORK)

    def failed(self) -> Self:
        """Imports that failed; not files that were to be checked only."""
        return self.filter(state=ImportBatch.State.FAILED, validate_only=False)

    def waiting(self) -> Self:
        """Imports whose next step somebody has to take."""
        return self.filter(state__in=ImportBatch.WAITING, validate_only=False)

    def fall_back(self, target: str, code: str, message: str, line: int | None = None) -> int:
        """Put these batches into state `target`, because the step they were in could not be finished.

        Args:
            target: the state afterwards.
            code: why, for programs.
            message: why, and what to do about it, for the administrator.
            line: where in the file; None: nowhere in particular.

        Returns:
            The number of batches.
        """
        failure = {"code": code, "message": message, "line": line}
        return self.update(state=target, state_changed_at=timezone.now(), failure=failure)


class ImportBatch(Moving):
    """One uploaded file on its way into the portal."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        MAPPED = "mapped", _("Mapped")
        CHECKING = "checking", _("Checking")
        READY = "ready", _("Ready for review")
        COMMITTING = "committing", _("Importing")
        COMMITTED = "committed", _("Imported")
        UNDOING = "undoing", _("Undoing")
        UNDONE = "undone", _("Undone")
        FAILED = "failed", _("Failed")

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)
    # Where the administrator may still correct, map anew or upload again.
    OPEN: ClassVar[frozenset[str]] = frozenset({State.UPLOADED, State.MAPPED, State.READY, State.FAILED})
    WAITING: ClassVar[frozenset[str]] = OPEN - {State.FAILED}
    # Where a worker moves on; the page shows progress.
    IN_WORK: ClassVar[frozenset[str]] = frozenset({State.CHECKING, State.COMMITTING, State.UNDOING})

    Duplicates = vocabulary.Duplicates
    Channel = vocabulary.Channel

    domain = models.ForeignKey(Domain, models.PROTECT, related_name="import_batches", verbose_name=_("domain"))
    file = models.FileField(_("file"), storage=private_storage, upload_to="%Y/%m", max_length=255, blank=True)
    bad_rows_file = models.FileField(
        _("bad rows"),
        storage=private_storage,
        upload_to="%Y/%m",
        max_length=255,
        blank=True,
        help_text=_("The rows that stayed behind when the good ones were imported, with their reasons."),
    )
    file_name = models.CharField(_("file name"), max_length=255, help_text=_("As it was uploaded."))
    file_size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("In bytes."))
    sha256 = models.CharField(_("SHA-256"), max_length=64, help_text=_("Of the file, in hexadecimal digits."))
    file_format = models.JSONField(
        _("file format"), default=dict, help_text=_("Encoding, delimiter, sheet: see imports/reader/file_format.py.")
    )
    headers = models.JSONField(_("headers"), default=list, help_text=_("The header row, cell by cell."))
    # Indexed for the mapping that was used last for the same headers (imports/steps.py).
    header_fingerprint = models.CharField(_("header fingerprint"), max_length=64, blank=True, db_index=True)
    mapping = models.JSONField(
        _("mapping"), default=dict, help_text=_("Which column fills which field: see imports/mapping/field_mapping.py.")
    )
    fixes = models.JSONField(
        _("value fixes"),
        default=dict,
        help_text=_("What the administrator allowed to be changed in the file's values: see imports/clean.py."),
    )
    duplicates = models.CharField(
        _("duplicates"),
        max_length=8,
        choices=Duplicates,
        blank=True,
        help_text=_("For all rows that have no choice of their own."),
    )
    channel = models.CharField(_("invite by"), max_length=5, choices=Channel, default=Channel.NONE)
    groups = models.ManyToManyField(
        DeviceGroup,
        blank=True,
        related_name="+",
        verbose_name=_("device groups"),
        help_text=_("For every device of this import."),
    )
    policies = models.ManyToManyField(
        Policy,
        blank=True,
        related_name="+",
        verbose_name=_("policies"),
        help_text=_("For every device of this import."),
    )
    validate_only = models.BooleanField(
        _("check only"), default=False, help_text=_("Nothing can be imported from this batch.")
    )
    accept_good_rows = models.BooleanField(
        _("import the good rows"),
        default=False,
        help_text=_("Rows with errors stay behind; the others go in."),
    )
    # Indexed for imports/rescue.py, which looks for batches in work every few seconds.
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED, db_index=True)
    # Counts the workers that took this batch in hand: a worker that lost it finds another number and stops.
    run = models.PositiveIntegerField(default=0, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False, help_text=_("Workers that began this step."))
    heartbeat_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Last sign of the worker that has it in hand.")
    )
    state_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    rows_done = models.PositiveIntegerField(default=0, editable=False)
    progress = models.FloatField(default=0, editable=False, help_text=_("Share of the work that is done, 0 to 1."))
    counts = models.JSONField(_("counts"), default=dict, help_text=_("Rows by what they are and what became of them."))
    failure = models.JSONField(
        default=dict, blank=True, help_text=_("Why the last step was not finished: code, message and line.")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    committed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("undone by"),
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    committed_at = models.DateTimeField(_("imported"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import batch")
        verbose_name_plural = _("import batches")
        ordering = ("-created_at", "-id")
        permissions = (
            ("commit_importbatch", "Can import the rows of an import batch"),
            ("undo_importbatch", "Can undo an import batch"),
        )
        indexes = (models.Index(fields=("-created_at", "-id"), name="import_batch_order"),)  # the history

    def __str__(self) -> str:
        return f"{self.file_name} ({self.domain})"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_in_work(self) -> bool:
        return self.state in self.IN_WORK

"""How far is an import of device groups, and what does its file say?

Lighter than an import of devices: no mapping, no invitations, no domain of its own. Its rows are staging tables,
written and changed by set statements alone (groups/files/).
"""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices import vocabulary

from .device_group import DeviceGroup
from .import_batch import private_storage
from .moving import Moving
from .problem import Problem


class GroupImportQuerySet(models.QuerySet["GroupImport"]):
    def in_work(self) -> Self:
        """Imports that a worker has, or should have, in hand."""
        return self.filter(state__in=GroupImport.IN_WORK)


class GroupImport(Moving):
    """One uploaded file of device groups on its way into the portal."""

    OWNED_BY: ClassVar[str] = "created_by"  # its rows are of the domains that this person may work in

    class State(models.TextChoices):
        CHECKING = "checking", _("Checking")
        READY = "ready", _("Ready for review")
        COMMITTING = "committing", _("Importing")
        COMMITTED = "committed", _("Imported")
        FAILED = "failed", _("Failed")

    IN_WORK: ClassVar[frozenset[str]] = frozenset({State.CHECKING, State.COMMITTING})

    file = models.FileField(_("file"), storage=private_storage, upload_to="%Y/%m", max_length=255, blank=True)
    bad_rows_file = models.FileField(
        _("bad rows"), storage=private_storage, upload_to="%Y/%m", max_length=255, blank=True
    )
    file_name = models.CharField(_("file name"), max_length=255, help_text=_("As it was uploaded."))
    file_size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("In bytes."))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    file_format = models.JSONField(_("file format"), default=dict)
    headers = models.JSONField(_("headers"), default=list)
    header_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    creates_groups = models.BooleanField(
        _("create groups that don't exist"),
        default=False,
        help_text=_("Otherwise, a line with the name of no group is an error."),
    )
    removes_others = models.BooleanField(
        _("remove devices that are not in the file"),
        default=False,
        help_text=_("From the groups that the file names. Devices of other domains than yours stay."),
    )
    accept_good_rows = models.BooleanField(_("import the good lines"), default=False)
    domains = models.JSONField(
        _("domains"), null=True, help_text=_("Numbers of those whose devices count; empty: all of them.")
    )
    may_change_groups = models.BooleanField(default=True, editable=False)  # create them, and change their descriptions
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CHECKING, db_index=True)
    state_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    counts = models.JSONField(_("counts"), default=dict)
    failure = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    committed_at = models.DateTimeField(_("imported"), null=True, blank=True)

    objects = GroupImportQuerySet.as_manager()
    # As the pipeline's other stages expect it of an import of devices.
    mapping: ClassVar[dict[str, Any]] = {}

    class Meta:
        verbose_name = _("import of device groups")
        verbose_name_plural = _("imports of device groups")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_in_work(self) -> bool:
        return self.state in self.IN_WORK


class GroupImportLine(models.Model):
    """A line of the file: a group, and what it is for."""

    batch = models.ForeignKey(GroupImport, models.CASCADE, related_name="lines", verbose_name=_("import"))
    line = models.PositiveIntegerField(_("line"))
    name = models.CharField(_("group name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    is_good = models.BooleanField(default=True)
    group = models.ForeignKey(DeviceGroup, models.SET_NULL, null=True, db_constraint=False, related_name="+")

    class Meta:
        verbose_name = _("line of an import of groups")
        verbose_name_plural = _("lines of imports of groups")
        constraints = (models.UniqueConstraint(fields=("batch", "line"), name="group_import_line_unique"),)

    def __str__(self) -> str:
        return f"{self.line}: {self.name}"


class GroupImportMember(models.Model):
    """What stands for one device in a line of the file, and which device it is."""

    batch = models.ForeignKey(GroupImport, models.CASCADE, db_constraint=False, db_index=False, related_name="members")
    line = models.PositiveIntegerField(_("line"))
    platform = models.CharField(_("platform"), max_length=10, choices=vocabulary.Platform, blank=True)
    serial_number = models.CharField(_("serial number"), max_length=64)
    found = models.PositiveIntegerField(default=0)  # devices that it may stand for; one is right
    # Plain: a device that is deleted would be looked up in all staged rows.
    device_id = models.BigIntegerField(_("device"), null=True)

    class Meta:
        verbose_name = _("device of an import of groups")
        verbose_name_plural = _("devices of imports of groups")
        indexes = (models.Index(fields=("batch", "line"), name="group_import_members"),)

    def __str__(self) -> str:
        return self.serial_number


class GroupImportProblem(Problem):
    """One thing that is wrong, or odd, with one cell of a file of groups."""

    batch = models.ForeignKey(GroupImport, models.CASCADE, related_name="problems", verbose_name=_("import"))

    class Meta(Problem.Meta):
        abstract = False
        verbose_name = _("problem of an import of groups")
        verbose_name_plural = _("problems of imports of groups")
        ordering = ("batch_id", "line", "id")

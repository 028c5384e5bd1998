"""Which device is approved, enrolled, gone or blocked, and what is assigned to it?"""

from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from encrypted_fields.fields import EncryptedCharField

from devices import vocabulary
from devices.search import find

from .device_group import DeviceGroup
from .device_user import DeviceUser
from .domain import Domain
from .policy import Policy


class DeviceQuerySet(models.QuerySet["Device"]):
    def pre_approved(self) -> Self:
        """Devices that may enroll, and have not yet."""
        return self.filter(status=Device.Status.PRE_APPROVED)

    def listed(self) -> Self:
        """Devices of the device list: those that wait, and those that have left, are shown when they are asked for."""
        # Two conditions, not one of two values: the index device_listed stands for the first.
        return self.exclude(status=Device.Status.PRE_APPROVED).exclude(status=Device.Status.DISENROLLED)

    def by_ownership(self) -> dict[str, int]:
        """Return how many there are of each ownership; those without any are left out."""
        return dict(self.order_by().values_list("ownership").annotate(number=models.Count("pk")))

    def matching(self, text: str) -> Self:
        """Devices whose serial number, name, or user's name or e-mail address holds `text`, whatever its case."""
        indexed = find.holding(text)
        if indexed is not None:
            return self.filter(indexed)
        # Users are looked up first: an OR across the join can use no index.
        users = DeviceUser.objects.filter(models.Q(name__icontains=text) | models.Q(email__icontains=text)).values("pk")
        own = models.Q(serial_number__icontains=text) | models.Q(name__icontains=text)
        return self.filter(own | models.Q(user__in=users))


class Device(models.Model):
    """A device by its platform and serial number, from its approval to its end."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)
    Platform = vocabulary.Platform
    Ownership = vocabulary.Ownership

    class Status(models.TextChoices):
        PRE_APPROVED = "pre_approved", _("Pre-approved")
        ENROLLED = "enrolled", _("Enrolled")
        DISENROLLED = "disenrolled", _("Disenrolled")
        BLOCKED = "blocked", _("Blocked")

    class Source(models.TextChoices):
        IMPORT = "import", _("Import")
        MANUAL = "manual", _("Entered by hand")
        ADE = "ade", _("Apple ADE")
        ENROLLMENT = "enrollment", _("Enrollment")

    # An import never writes these (MISSION.md: "a serial that is enrolled already is never overwritten").
    UNTOUCHABLE: ClassVar[frozenset[str]] = frozenset({Status.ENROLLED, Status.BLOCKED})

    # NULL where the platform hides it: several such devices don't collide.
    serial_number = models.CharField(
        _("serial number"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_("Exactly as the device reports it; upper and lower case matter."),
    )
    platform = models.CharField(
        _("platform"),
        max_length=10,
        choices=vocabulary.Platform,
        help_text=_("The serial number is unique within it; policies are for some platforms or for all."),
    )
    ownership = models.CharField(
        _("ownership"),
        max_length=10,
        choices=vocabulary.Ownership,
        help_text=_("Whose the device is: its user's, or the organisation's."),
    )
    name = models.CharField(_("device name"), max_length=200, blank=True, help_text=_("Shown in the portal."))
    status = models.CharField(
        _("enrollment status"), max_length=12, choices=Status, default=Status.PRE_APPROVED, editable=False
    )
    source = models.CharField(_("source"), max_length=12, choices=Source, default=Source.MANUAL, editable=False)
    domain = models.ForeignKey(
        Domain,
        models.PROTECT,
        related_name="devices",
        db_index=False,  # device_by_domain begins with it
        db_constraint=False,  # checked row by row at COMMIT, it is a tenth of an import together with the user's
        verbose_name=_("domain"),
        help_text=_("Who works in this domain sees the device."),
    )
    user = models.ForeignKey(
        DeviceUser,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="devices",
        verbose_name=_("device user"),
        help_text=_("Who is invited to enroll it, and works with it."),
    )
    groups = models.ManyToManyField(
        DeviceGroup,
        blank=True,
        related_name="devices",
        verbose_name=_("device groups"),
        help_text=_("The device gets the policies of its groups, too."),
    )
    policies = models.ManyToManyField(
        Policy,
        blank=True,
        related_name="devices",
        verbose_name=_("policies"),
        help_text=_("Take effect as the device enrolls, or at its next check-in."),
    )
    custom_attributes = models.JSONField(
        _("custom attributes"),
        default=dict,
        blank=True,
        help_text=_("Columns of an import that were kept, by their header."),
    )
    one_time_password = EncryptedCharField(  # NULL: there is none; the field encrypts no empty text
        max_length=128, null=True, blank=True, editable=False, help_text=_("Encrypted; gone once it is used.")
    )
    approval_expires_at = models.DateTimeField(
        _("approval expires"),
        null=True,
        blank=True,
        help_text=_("From then on the device is refused. Empty: never."),
    )
    import_batch = models.ForeignKey(
        "devices.ImportBatch",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,  # one check a row at COMMIT less; Django clears the link when a batch goes
        db_index=False,  # device_by_batch begins with it
        related_name="created_devices",
        verbose_name=_("import batch"),
        help_text=_("The import that created this device."),
    )
    disenrolled_at = models.DateTimeField(_("disenrolled"), null=True, blank=True, editable=False)
    disenroll_reason = models.CharField(
        _("reason for leaving"), max_length=300, blank=True, default="", db_default="", editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ("-created_at", "-id")
        permissions = (
            ("export_device", "Can export devices"),
            ("block_device", "Can block and unblock devices"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("serial_number", "platform"),
                name="device_serial_unique",
                violation_error_message=_("There is a device with this serial number and platform already."),
            ),
        )
        indexes = (
            # The device list (device_list/pages.py) shows the highest number first. Its usual state, among many that
            # wait; each column that it is sorted by, which also finds rare values of a filter.
            models.Index(fields=("-id",), condition=~models.Q(status="pre_approved"), name="device_listed"),
            models.Index(fields=("status", "id"), name="device_by_status"),
            models.Index(fields=("platform", "id"), name="device_by_platform"),
            # Of what nearly all have there is none: each index here costs an import a fiftieth of its time.
            models.Index(fields=("-id",), condition=models.Q(ownership="personal"), name="device_personal"),
            models.Index(fields=("source", "id"), condition=~models.Q(source="import"), name="device_not_imported"),
            models.Index(fields=("domain", "id", "status"), name="device_by_domain"),  # counted without the table
            models.Index(fields=("import_batch", "id"), name="device_by_batch"),
            models.Index(fields=("-created_at", "-id"), name="device_order"),  # the dashboard, too
            models.Index(fields=("name", "id"), name="device_by_name"),
            # What expires soon (filters.py); where approvals don't end, as is usual, it is empty.
            models.Index(
                fields=("approval_expires_at",),
                condition=models.Q(status="pre_approved", approval_expires_at__isnull=False),
                name="device_expiring",
            ),
            models.Index(Upper("serial_number"), name="device_serial_upper"),  # the check: differs by case only
        )

    def __str__(self) -> str:
        return self.name or self.serial_number or str(_("Device %(id)s") % {"id": self.pk})

    def clean(self) -> None:
        """Keep a device and its user in one domain: who works in either would learn of the other's.

        Raises:
            ValidationError: the user is of another domain.
        """
        if self.user is not None and self.domain_id is not None and self.user.domain_id != self.domain_id:
            raise ValidationError({"user": _("The device user is of another domain. Choose one of the device's.")})

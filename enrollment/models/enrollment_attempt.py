"""Who asked to come in, what was answered, and why? Every request, whatever its outcome; of a flood, some of it."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceUser, Domain
from enrollment.reasons import Reason


class EnrollmentAttempt(models.Model):
    """One request to the endpoint."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)

    at = models.DateTimeField(_("at"), default=timezone.now)
    # As the device said it; never used to match, and shown to people only.
    serial_number = models.CharField(_("serial number"), max_length=100, blank=True)
    platform = models.CharField(_("platform"), max_length=20, blank=True)
    os_version = models.CharField(_("OS version"), max_length=64, blank=True)
    method = models.CharField(_("method"), max_length=20, blank=True)
    management_mode = models.CharField(_("management mode"), max_length=20, blank=True)
    hardware_uuid = models.CharField(_("hardware UUID"), max_length=100, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    is_let_in = models.BooleanField(_("let in"))
    reason = models.CharField(_("reason"), max_length=30, choices=Reason)
    problem = models.CharField(
        _("what was wrong"),
        max_length=300,
        blank=True,
        default="",
        db_default="",  # the gate's own statement doesn't name it
        help_text=_("With which fields of a request that can't be understood."),
    )
    user = models.ForeignKey(
        DeviceUser,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,  # but for those with a user, below
        db_constraint=False,  # an attempt outlives what it was about
        related_name="+",
        verbose_name=_("device user"),
        help_text=_("Whom the credentials belong to."),
    )
    device = models.ForeignKey(
        Device,
        models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="attempts",
        verbose_name=_("device"),
        help_text=_("That came in, or that stood in the way."),
    )
    domain = models.ForeignKey(
        Domain,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,  # but for those with a domain, below
        db_constraint=False,
        related_name="+",
        verbose_name=_("domain"),
        help_text=_("Of the user whom the credentials belong to, else of the device."),
    )
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("-at", "-id"), name="attempt_order"),  # the list
            models.Index(fields=("reason", "-at"), name="attempt_reason"),  # the list, filtered
            models.Index(fields=("serial_number",), name="attempt_serial"),  # the history of one device
            models.Index(  # a device user is deleted: theirs are found without reading all of them
                fields=("user",), condition=models.Q(user__isnull=False), name="attempt_user"
            ),
            models.Index(  # the list of somebody who works in some domains only
                fields=("domain", "-at", "-id"), condition=models.Q(domain__isnull=False), name="attempt_domain"
            ),
        )

    def __str__(self) -> str:
        reason = self.get_reason_display()
        return f"{self.serial_number}: {reason}" if self.serial_number else str(reason)

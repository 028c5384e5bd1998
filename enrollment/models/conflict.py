"""Which hardware asked to come in as a device that other hardware is enrolled as? For an administrator to decide."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device


class Conflict(models.Model):
    """Other hardware with the serial number of an enrolled device. One open conflict for each device and hardware."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("device__domain",)

    class State(models.TextChoices):
        OPEN = "open", _("To be decided")
        ACCEPTED = "accepted", _("New hardware accepted")
        KEPT = "kept", _("Old hardware kept")

    device = models.ForeignKey(
        Device, models.CASCADE, related_name="conflicts", db_index=False, verbose_name=_("device")
    )
    hardware_uuid = models.CharField(_("hardware UUID"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN, db_index=True)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        ordering = ("-last_seen_at", "-id")
        constraints = (models.UniqueConstraint(fields=("device", "hardware_uuid"), name="conflict_unique"),)

    def __str__(self) -> str:
        return str(self.device)

"""Which version of which policy did a device get, and did it take effect?"""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .device import Device
from .policy import Policy


class DevicePolicy(models.Model):
    """A policy on an enrolled device. What is assigned, and has no row here, was not delivered yet."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("device__domain",)

    class State(models.TextChoices):
        DELIVERED = "delivered", _("Delivered")
        APPLIED = "applied", _("Applied")
        FAILED = "failed", _("Failed")

    device = models.ForeignKey(
        Device, models.CASCADE, related_name="policy_states", db_index=False, verbose_name=_("device")
    )
    policy = models.ForeignKey(Policy, models.CASCADE, related_name="device_states", verbose_name=_("policy"))
    version = models.PositiveIntegerField(_("version"), help_text=_("Of the policy, as the device knows it."))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DELIVERED)
    message = models.CharField(_("message"), max_length=500, blank=True, help_text=_("The device's own words."))
    changed_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("policy of a device")
        verbose_name_plural = _("policies of a device")
        constraints = (models.UniqueConstraint(fields=("device", "policy"), name="device_policy_unique"),)

    def __str__(self) -> str:
        return f"{self.policy} {self.version}: {self.get_state_display()}"

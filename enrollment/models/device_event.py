"""What was done with a device that neither its columns nor an attempt or invitation tells? For its timeline."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device


class DeviceEvent(models.Model):
    """Something that happened to a device; it goes with the device."""

    class Kind(models.TextChoices):
        DISENROLLED = "disenrolled", _("Disenrolled")
        LEFT = "left", _("The device left by itself")
        APPROVED_AGAIN = "approved_again", _("Pre-approved again")
        HANDED_OVER = "handed_over", _("Handed over to another user")
        BLOCKED = "blocked", _("Blocked")
        UNBLOCKED = "unblocked", _("Unblocked")
        UNLISTED = "unlisted", _("Apple lists it no longer")

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("device__domain",)

    device = models.ForeignKey(Device, models.CASCADE, related_name="events", db_index=False, verbose_name=_("device"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("event"), max_length=14, choices=Kind)
    detail = models.JSONField(
        _("details"), default=dict, blank=True, help_text=_("By kind: reason and text, former and new user, why.")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("event of a device")
        verbose_name_plural = _("events of a device")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("device", "-at"), name="device_event_order"),)  # the timeline of one device

    def __str__(self) -> str:
        return str(self.get_kind_display())

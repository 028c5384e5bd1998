"""Which devices never come in, whatever else holds?"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BlockedHardware(models.Model):
    """An entry of the block list."""

    class Kind(models.TextChoices):
        SERIAL_NUMBER = "serial_number", _("Serial number")
        HARDWARE_UUID = "hardware_uuid", _("Hardware UUID")
        MANUFACTURER = "manufacturer", _("Manufacturer")

    kind = models.CharField(
        _("kind"), max_length=13, choices=Kind, help_text=_("What of a device the value is compared with.")
    )
    value = models.CharField(
        _("value"), max_length=100, help_text=_("Exactly as the device reports it; upper and lower case matter.")
    )
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("Why, for those who come after you."))
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("block list entry")
        verbose_name_plural = _("block list entries")
        ordering = ("kind", "value")
        constraints = (models.UniqueConstraint(fields=("kind", "value"), name="blocked_hardware_unique"),)

    def __str__(self) -> str:
        return self.value

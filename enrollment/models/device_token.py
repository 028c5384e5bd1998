"""With what does an enrolled device show who it is?"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device


class DeviceToken(models.Model):
    """The bearer token of an enrolled device. A device has one: enrolling anew gives it another."""

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="token")
    token_hash = models.CharField(max_length=64, unique=True, help_text=_("SHA-256, in hexadecimal digits."))
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    def __str__(self) -> str:
        return str(self.device)

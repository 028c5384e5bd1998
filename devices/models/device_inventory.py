"""What does an enrolled device say of itself? There is no row before it has said something."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .device import Device


class DeviceInventory(models.Model):
    """Hardware, operating system and location of a device that has enrolled, as it reported them last."""

    device = models.OneToOneField(
        Device, models.CASCADE, primary_key=True, related_name="inventory", verbose_name=_("device")
    )
    hardware_uuid = models.CharField(
        _("hardware UUID"), max_length=100, blank=True, help_text=_("Of the hardware that enrolled as this device.")
    )
    manufacturer = models.CharField(_("manufacturer"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    os_version = models.CharField(_("OS version"), max_length=64, blank=True)
    hardware = models.JSONField(_("hardware"), default=dict, blank=True, help_text=_("What else it tells, by name."))
    battery = models.FloatField(_("battery"), null=True, blank=True, help_text=_("Share that is left, 0 to 1."))
    latitude = models.FloatField(_("latitude"), null=True, blank=True, help_text=_("In degrees, WGS 84."))
    longitude = models.FloatField(_("longitude"), null=True, blank=True, help_text=_("In degrees, WGS 84."))
    accuracy = models.FloatField(_("accuracy"), null=True, blank=True, help_text=_("Of the location, in metres."))
    located_at = models.DateTimeField(_("located"), null=True, blank=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    method = models.CharField(_("method"), max_length=20, blank=True, help_text=_("How it enrolled."))
    enrolled_at = models.DateTimeField(_("enrolled"), db_index=True)  # indexed: "enrolled between"
    last_seen_at = models.DateTimeField(_("last seen"), db_index=True)  # indexed: "not seen for so many days"

    class Meta:
        verbose_name = _("inventory of a device")
        verbose_name_plural = _("inventories of devices")
        indexes = (  # the device list, sorted by them: which run an old system?
            models.Index(fields=("model", "device"), name="inventory_by_model"),
            models.Index(fields=("os_version", "device"), name="inventory_by_os_version"),
        )

    def __str__(self) -> str:
        return str(self.device)

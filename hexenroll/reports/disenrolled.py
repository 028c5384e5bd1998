"""Which devices have left, when and why?"""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from devices.models import Device

from .device_rows import devices, platform_totals, with_device
from .report import Asked, Column, ListReport


class Disenrolled(ListReport):
    name = "disenrolled"
    title = _("Disenrolled devices")
    description = _("Devices that have left, when and why. They can be pre-approved again from their pages.")
    icon = "logout"
    permissions = ("devices.view_device",)
    file_permissions = ("devices.export_device",)
    filters = ("period", "domain", "platform")
    columns = with_device(
        Column(_("Enrolled"), "inventory__enrolled_at", is_time=True),
        Column(_("Left"), "disenrolled_at", is_time=True),
        Column(_("Reason"), "disenroll_reason"),
    )
    link = "admin:devices_device_change"
    empty = _("No device left in this time.")

    def found(self, asked: Asked) -> QuerySet[Any]:
        found = devices(asked, Device.Status.DISENROLLED).filter(**asked.within("disenrolled_at"))
        return found.order_by("-disenrolled_at", "-pk")

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        return platform_totals(self.found(asked))

"""Which devices came in, when and how?"""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from enrollment.methods import Method

from .device_rows import devices, platform_totals, with_device
from .report import Asked, Column, ListReport


class Enrolled(ListReport):
    name = "enrolled"
    title = _("Enrolled devices")
    description = _(
        "Devices that enrolled in a time and are enrolled still: whose they are, how and when they came in."
    )
    icon = "check_circle"
    permissions = ("devices.view_device",)
    file_permissions = ("devices.export_device",)
    filters = ("period", "domain", "platform")
    columns = with_device(
        Column(_("Enrolled"), "inventory__enrolled_at", is_time=True),
        Column(_("Method"), "inventory__method", choices=Method),
        Column(_("OS version"), "inventory__os_version"),
        Column(_("Last seen"), "inventory__last_seen_at", is_time=True),
    )
    link = "admin:devices_device_change"
    empty = _("No device enrolled in this time.")

    def found(self, asked: Asked) -> QuerySet[Any]:
        found = devices(asked, Device.Status.ENROLLED).filter(**asked.within("inventory__enrolled_at"))
        return found.order_by("-inventory__enrolled_at", "-pk")

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        return platform_totals(self.found(asked))

"""Which devices were approved long ago and never came?"""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from devices.filters import DeviceFilter

from .device_rows import devices, platform_totals, with_device
from .report import Asked, Column, ListReport


class StaleApprovals(ListReport):
    name = "stale-approvals"
    title = _("Stale approvals")
    description = _("Devices that are pre-approved for long and have not enrolled: lost, never ordered, or mistyped.")
    icon = "hourglass_bottom"
    permissions = ("devices.view_device",)
    file_permissions = ("devices.export_device",)
    filters = ("days", "domain", "platform")
    columns = with_device(
        Column(_("Import"), "import_batch__file_name"),
        Column(_("Pre-approved"), "created_at", is_time=True),
        Column(_("Approval expires"), "approval_expires_at", is_time=True),
    )
    link = "admin:devices_device_change"
    empty = _("No approval waits for so long.")

    def found(self, asked: Asked) -> QuerySet[Any]:
        waiting: QuerySet[Any] = DeviceFilter({"stale_days": asked.days}, devices(asked)).qs
        return waiting.order_by("created_at", "pk")

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        return platform_totals(self.found(asked))

"""How far is each device group?"""

from collections import Counter

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceGroup
from devices.scope import visible

from .device_rows import devices
from .report import Asked, Column, Row, SummaryReport

Status = Device.Status


class ByGroup(SummaryReport):
    name = "by-group"
    title = _("Summary by device group")
    description = _("For each device group its devices by status. A device of several groups counts in each.")
    icon = "workspaces"
    permissions = ("devices.view_device", "devices.view_devicegroup")
    filters = ("domain", "platform")
    columns = (
        Column(_("Device group"), is_linked=True),
        Column(_("Devices"), is_number=True),
        *(Column(status.label, is_number=True) for status in Status),
    )
    link = "admin:devices_devicegroup_change"
    empty = _("There is no device group.")

    def table(self, asked: Asked) -> list[Row]:
        found = devices(asked).filter(groups__isnull=False).order_by()
        counted = found.values_list("groups", "status").annotate(n=Count("pk"))
        by_status = Counter({(key, status): n for key, status, n in counted})
        rows: list[Row] = []
        for key, name in visible(DeviceGroup.objects.all(), asked.person).order_by("name").values_list("pk", "name"):
            numbers = [by_status[(key, status)] for status in Status.values]
            rows.append((name, sum(numbers), *numbers, key))
        return rows

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        rows = self.table(asked)
        ungrouped = devices(asked).filter(groups=None).count()
        return [(str(_("Groups")), len(rows)), (str(_("Devices without a group")), ungrouped)]

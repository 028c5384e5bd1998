"""How far is each domain?"""

from collections import Counter
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceUser, Domain
from devices.scope import visible

from .device_rows import devices
from .report import Asked, Column, Row, SummaryReport

Status = Device.Status


class ByDomain(SummaryReport):
    name = "by-domain"
    title = _("Summary by domain")
    description = _("For each domain its users, its devices by status, and how many came and left in a time.")
    icon = "domain"
    permissions = ("devices.view_device", "devices.view_deviceuser", "devices.view_domain")
    filters = ("period", "platform")
    columns = (
        Column(_("Domain"), is_linked=True),
        Column(_("Device users"), is_number=True),
        Column(_("Devices"), is_number=True),
        *(Column(status.label, is_number=True) for status in Status),
        Column(_("Came in this time"), is_number=True),
        Column(_("Left in this time"), is_number=True),
    )
    link = "admin:devices_domain_change"
    empty = _("There is no domain that you may see.")

    def table(self, asked: Asked) -> list[Row]:
        found = devices(asked).order_by()
        by_status = Counter(
            {(key, status): n for key, status, n in found.values_list("domain", "status").annotate(n=Count("pk"))}
        )
        came = _counts(found.filter(status=Status.ENROLLED, **asked.within("inventory__enrolled_at")))
        left = _counts(found.filter(status=Status.DISENROLLED, **asked.within("disenrolled_at")))
        users = _counts(visible(DeviceUser.objects.order_by(), asked.person))
        rows: list[Row] = []
        for key, name in visible(Domain.objects.all(), asked.person).order_by("name").values_list("pk", "name"):
            numbers = [by_status[(key, status)] for status in Status.values]
            rows.append((name, users[key], sum(numbers), *numbers, came[key], left[key], key))
        return rows

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        rows = self.table(asked)
        return [
            (str(column.title), sum(row[place] for row in rows)) for place, column in enumerate(self.columns) if place
        ]


def _counts(found: Any) -> Counter[int]:
    return Counter(dict(found.values_list("domain").annotate(n=Count("pk"))))

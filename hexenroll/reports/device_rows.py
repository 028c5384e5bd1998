"""What do the reports about devices share? Columns, the filters by domain and platform, and the totals."""

from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from devices.scope import visible
from devices.vocabulary import Ownership, Platform

from .report import Asked, Column

_DEVICE = (
    Column(_("Serial number"), "serial_number", is_linked=True),
    Column(_("Device name"), "name"),
    Column(_("Platform"), "platform", choices=Platform),
    Column(_("Ownership"), "ownership", choices=Ownership),
    Column(_("Device user"), "user__name"),
    Column(_("E-mail"), "user__email"),
    Column(_("Domain"), "domain__name"),
)


def with_device(*columns: Column) -> tuple[Column, ...]:
    """Return columns between those that name a device and those that tell more of it."""
    return (*_DEVICE[:3], *columns, *_DEVICE[3:])


def devices(asked: Asked, status: str = "") -> QuerySet[Device]:
    """Return the devices of the domains and the platform that are asked for."""
    found = visible(Device.objects.all(), asked.person)
    if status:
        found = found.filter(status=status)
    if asked.domain is not None:
        found = found.filter(domain=asked.domain)
    return found.filter(platform=asked.platform) if asked.platform else found


def platform_totals(found: QuerySet[Any]) -> list[tuple[str, int]]:
    """Return the number of rows, and of those of each platform, the most frequent first."""
    counted = dict(found.order_by().values_list("platform").annotate(n=Count("pk")))
    names = dict(Platform.choices)
    parts = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [(str(_("In all")), sum(counted.values())), *((str(names.get(key, key)), n) for key, n in parts)]

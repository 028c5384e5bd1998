"""What do the tests of reports begin with? Devices in every state, in two domains."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from devices.models import Device, DeviceInventory
from tests.factories import DeviceFactory, DomainFactory

RIGHTS = (
    *("view_device", "view_deviceuser", "view_domain", "view_devicegroup", "view_enrollmentattempt", "export_device"),
    *("view_scheduledreport", "add_scheduledreport", "change_scheduledreport", "delete_scheduledreport"),
)


def enrolled(at: datetime | None = None, **values: Any) -> Any:
    device: Any = DeviceFactory(status=Device.Status.ENROLLED, **values)
    at = at or timezone.now()
    DeviceInventory.objects.create(device=device, enrolled_at=at, last_seen_at=at, method="email", os_version="15.1")
    return device


def disenrolled(reason: str = "Lost", days_ago: int = 0, **values: Any) -> Any:
    left = timezone.now() - timedelta(days=days_ago)
    return DeviceFactory(status=Device.Status.DISENROLLED, disenrolled_at=left, disenroll_reason=reason, **values)


def waiting(days: int, **values: Any) -> Any:
    device: Any = DeviceFactory(**values)
    Device.objects.filter(pk=device.pk).update(created_at=timezone.now() - timedelta(days=days))
    return device


def other_domain() -> Any:
    return DomainFactory(name="other.example.com")

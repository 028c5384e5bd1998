"""What does the portal remember of a check-in? The workflow behind the device API's `checkin`.

Each statement stands for itself and may come twice: of two check-ins at once the later one stays, field by field, and
a device whose answer got lost says the same again.
"""

from datetime import datetime
from typing import Any

from devices.models import Device, DeviceInventory, DevicePolicy

from .checkin_request import CheckIn, Report


def check_in(device: Device, said: CheckIn, address: str | None, now: datetime) -> None:
    """Keep what an enrolled device says of itself, and what became of its policies.

    Args:
        device: that checks in.
        said: by the device; what it doesn't say stays as it was.
        address: of the network, from which it asked.
        now: when it asked.
    """
    seen = _seen(said, address, now)
    if not DeviceInventory.objects.filter(device=device).update(**seen):
        # Enrolled before the portal kept inventories. Two check-ins at once may both come here.
        DeviceInventory.objects.bulk_create(
            [DeviceInventory(device=device, enrolled_at=now, **seen)], ignore_conflicts=True
        )
        DeviceInventory.objects.filter(device=device).update(**seen)
    if said.reports:
        _keep_reports(device, said.reports, now)


def _seen(said: CheckIn, address: str | None, now: datetime) -> dict[str, Any]:
    """Return the columns of the inventory that a check-in changes."""
    found: dict[str, Any] = {"last_seen_at": now}
    optional = {
        "ip_address": address,
        "os_version": said.os_version,
        "hardware": said.hardware,
        "manufacturer": said.manufacturer,
        "model": said.model,
    }
    found |= {name: value for name, value in optional.items() if value}
    if said.battery is not None:
        found["battery"] = said.battery
    if said.location is not None:
        where = said.location
        found |= {"latitude": where.latitude, "longitude": where.longitude, "accuracy": where.accuracy}
        found["located_at"] = where.at or now
    return found


def _keep_reports(device: Device, reports: tuple[Report, ...], now: datetime) -> None:
    """Note what became of policies. What is said of a version before the last one handed out says nothing any more."""
    columns = ("policy", "version", "state", "message", "policy__version")
    rows = DevicePolicy.objects.filter(device=device).values_list(*columns)
    known = {policy: (version, state, message, newest) for policy, version, state, message, newest in rows}
    for report in reports:
        version, state, message, newest = known.get(report.policy_id, (0, "", "", 0))
        if not version <= report.version <= newest or (version, state, message) == report.outcome:
            continue
        # The version is compared once more: a newer one may have been handed out in the meantime.
        DevicePolicy.objects.filter(device=device, policy=report.policy_id, version__lte=report.version).update(
            version=report.version, state=report.state, message=report.message, changed_at=now
        )
        known[report.policy_id] = (*report.outcome, newest)

"""What does the portal remember of a check-in? The workflow behind the device API's `checkin`.

What is written may come twice: of two check-ins at once the later one stays, field by field, and a device whose answer
got lost says the same again.
"""

import json
from datetime import datetime
from typing import Any

from django.db import connection

from devices.models import Device
from devices.prepared import write

from .checkin_request import CheckIn, Report

# There is a row already, but for devices that enrolled before the portal kept inventories.
_INVENTORY = """
INSERT INTO devices_deviceinventory ({columns}) VALUES ({values}) ON CONFLICT (device_id) DO UPDATE SET {changes}
"""
_UNSAID = {"hardware_uuid": "", "manufacturer": "", "model": "", "os_version": "", "hardware": "{}", "method": ""}
# Reports come as JSON, [[policy, version, state, message], ...]: a statement has the same text however many there are.
_SAID = {
    "postgresql": "SELECT (value->>0)::bigint AS policy_id, (value->>1)::int AS version, value->>2 AS state,"
    " value->>3 AS message FROM jsonb_array_elements(%(reports)s)",
    "sqlite": "SELECT json_extract(value, '$[0]') AS policy_id, json_extract(value, '$[1]') AS version,"
    " json_extract(value, '$[2]') AS state, json_extract(value, '$[3]') AS message FROM json_each(%(reports)s)",
}
# What is said of a version before the last one handed out, or of one that is still to come, says nothing.
_REPORTED = """
UPDATE devices_devicepolicy AS known
SET version = said.version, state = said.state, message = said.message, changed_at = %(now)s
FROM devices_policy AS policy, ({said}) AS said
WHERE known.device_id = %(device)s AND known.policy_id = said.policy_id AND policy.id = said.policy_id
    AND said.version >= known.version AND said.version <= policy.version
    AND (said.version <> known.version OR said.state <> known.state OR said.message <> known.message)
"""


def check_in(device: Device, said: CheckIn, address: str | None, now: datetime) -> None:
    """Keep what an enrolled device says of itself, and what became of its policies.

    Args:
        device: that checks in.
        said: by the device; what it doesn't say stays as it was.
        address: of the network, from which it asked.
        now: when it asked.
    """
    seen = _seen(said, address, now)
    told = {"device_id": device.pk, "enrolled_at": now, **_UNSAID, **seen}
    inventory = _INVENTORY.format(
        columns=", ".join(told),
        values=", ".join(f"%({name})s" for name in told),
        changes=", ".join(f"{name} = excluded.{name}" for name in seen),
    )
    if not said.reports:
        write([inventory], told)
        return
    # The inventory last: PostgreSQL runs it first, and its one row lets check-ins of a device in one after the other.
    reported = _REPORTED.format(said=_SAID[connection.vendor])
    parameters = {"device": device.pk, "now": now, "reports": json.dumps(_newest(said.reports))}
    write([reported, inventory], told | parameters)


def _seen(said: CheckIn, address: str | None, now: datetime) -> dict[str, Any]:
    """Return the columns of the inventory that a check-in changes."""
    found: dict[str, Any] = {"last_seen_at": now}
    optional = {
        "ip_address": address,
        "os_version": said.os_version,
        "hardware": json.dumps(said.hardware) if said.hardware else None,
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


def _newest(reports: tuple[Report, ...]) -> list[tuple[int, int, str, str]]:
    """Return what is said of each policy, once: of several reports the last about the highest version."""
    newest: dict[int, Report] = {}
    for report in reports:
        if report.policy_id not in newest or newest[report.policy_id].version <= report.version:
            newest[report.policy_id] = report
    return [(key, report.version, report.state, report.message) for key, report in newest.items()]

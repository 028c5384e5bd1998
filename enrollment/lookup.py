"""What does the portal know of who asks to come in? Called by gate.py, inside its transaction.

Two statements: the first locks every device that the request may be about, the second reads what else the decision
depends on. In that order, so that of two requests for one device the second sees what became of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from django.db import OperationalError
from django.utils import timezone

from devices.imports.columns.serial_numbers import is_junk_serial
from devices.models import Device, DeviceUser
from devices.prepared import fetch, locked
from invitations.models import Invitation

from .eligibility import Request
from .models import BlockedHardware, EnrollmentSettings

# In the order in which the models have them, which `from_db` expects.
_DEVICE = ("id", "serial_number", "platform", "ownership", "name", "status", "domain_id", "user_id")
_USER = ("id", "domain_id", "name", "email")

# By the credentials, by the serial number, and by an answer that may have got lost. In one order, whoever locks.
_LOCK = f"""
SELECT {", ".join(f"d.{name}" for name in _DEVICE)}, {", ".join(f"u.{name}" for name in _USER)},
    CASE WHEN d.approval_expires_at <= %(now)s THEN 1 ELSE 0 END, d.one_time_password
FROM devices_device d
LEFT JOIN devices_deviceuser u ON u.id = d.user_id
WHERE d.id IN (
    SELECT device_id FROM invitations_invitation WHERE token_hash = %(token_hash)s
    UNION SELECT id FROM devices_device WHERE id = %(named)s
    UNION SELECT id FROM devices_device WHERE serial_number = %(serial_number)s AND platform = %(platform)s
    UNION SELECT device_id FROM enrollment_answeredrequest WHERE digest = %(digest)s
)
ORDER BY d.id
"""  # noqa: S608
_BLOCKED = " OR ".join(f"(kind = '{kind}' AND value = %({kind})s)" for kind in BlockedHardware.Kind.values)
_FACTS = f"""
SELECT
    i.device_id, i.state, CASE WHEN i.expires_at <= %(now)s THEN 1 ELSE 0 END,
    known.id, v.hardware_uuid,
    answered.device_id, CASE WHEN answered.until > %(now)s THEN 1 ELSE 0 END,
    CASE WHEN EXISTS (SELECT 1 FROM enrollment_blockedhardware WHERE {_BLOCKED}) THEN 1 ELSE 0 END,
    CASE WHEN EXISTS (SELECT 1 FROM devices_devicegroup WHERE rule IS NOT NULL) THEN 1 ELSE 0 END,
    {{settings}}
FROM (SELECT 1 AS one) AS request
LEFT JOIN invitations_invitation i ON i.id = COALESCE(
    (SELECT id FROM invitations_invitation WHERE token_hash = %(token_hash)s),
    (SELECT id FROM invitations_invitation WHERE device_id = %(named)s AND state IN ({Invitation.LIVE_SQL}))
)
LEFT JOIN devices_device known ON known.serial_number = %(serial_number)s AND known.platform = %(platform)s
LEFT JOIN devices_deviceinventory v ON v.device_id = known.id
LEFT JOIN enrollment_answeredrequest answered ON answered.digest = %(digest)s
LEFT JOIN enrollment_enrollmentsettings s ON s.id = %(settings)s
"""  # noqa: S608
# Each look shows what came into being while the last one waited for a lock; more than two are never needed for long.
LOOKS = 10


class UnsettledError(OperationalError):
    """Others change what the request is about faster than it can be looked at."""


@dataclass(frozen=True)
class LockedInvitation:
    """The invitation that the credentials name, or that belongs to the device that they name."""

    device_id: int
    state: str
    is_past: bool


@dataclass(frozen=True)
class Found:
    """What the portal knows of a request.

    Attributes:
        devices: those that the request may be about, locked, by their key, each with its user.
        past_approval: keys of those whose approval has expired.
        passwords: the one-time passwords of those that have one, as the database stores them.
        invitation: of the credentials; None: there is none.
        known_id: the device with exactly the serial number and platform of the request.
        hardware_uuid: of the hardware that enrolled as the known device; "" when it told none.
        answered_id: the device that came in by this very request; None: none did.
        is_answered: that was a moment ago.
        is_listed: the hardware, or its manufacturer, is on the block list.
        has_ruled_groups: device groups have rules: what came in, or changed, has to be held against them.
        settings: Enroll > Settings. Shared by requests: not to be changed.
    """

    devices: Mapping[int, Device]
    past_approval: frozenset[int]
    passwords: Mapping[int, str] = field(repr=False)
    invitation: LockedInvitation | None
    known_id: int | None
    hardware_uuid: str
    answered_id: int | None
    is_answered: bool
    is_listed: bool
    has_ruled_groups: bool
    settings: EnrollmentSettings


def look_up(request: Request, manufacturer: str, *, token_hash: str, named: int | None, digest: str) -> Found:
    """Lock the devices that a request may be about, and return what is known of them.

    Args:
        request: what the device says; a junk serial number matches nothing.
        manufacturer: as the device says it.
        token_hash: of a link's token; "" without one.
        named: the device whose one-time password the request holds; None without one.
        digest: what recognises this very request; "" where no credential speaks for it.

    Raises:
        UnsettledError: after LOOKS tries.
    """
    serial_number = request.serial_number
    parameters = {
        "token_hash": token_hash or None,
        "named": named,
        "digest": digest or None,
        "platform": request.platform,
        "serial_number": None if not serial_number or is_junk_serial(serial_number) else serial_number,
        "hardware_uuid": request.hardware_uuid or None,
        "manufacturer": manufacturer or None,
        "settings": EnrollmentSettings.THE_ROW,
    }
    for _look in range(LOOKS):
        found = _look_once(parameters)
        if found is not None:
            return found
    raise UnsettledError


def _look_once(parameters: dict[str, Any]) -> Found | None:
    """Return what is known; None where it isn't locked, because it came into being while others were waited for."""
    parameters["now"] = timezone.now()
    rows = fetch(_LOCK + locked("d"), parameters)
    devices = {row[0]: _device_of(row) for row in rows}
    if any(device.user_id is not None and device.user is None for device in devices.values()):
        return None  # it was given to somebody else while its lock was waited for
    (row,) = fetch(_facts(), parameters)
    named_by, state, is_past, known_id, hardware_uuid, answered_id, is_answered, is_listed, has_ruled, *settings = row
    if any(key is not None and key not in devices for key in (named_by, known_id, answered_id)):
        return None
    return Found(
        devices=devices,
        past_approval=frozenset(row[0] for row in rows if row[-2]),
        passwords={row[0]: row[-1] for row in rows if row[-1]},
        invitation=LockedInvitation(named_by, state, bool(is_past)) if named_by is not None else None,
        known_id=known_id,
        hardware_uuid=hardware_uuid or "",
        answered_id=answered_id,
        is_answered=bool(is_answered),
        is_listed=bool(is_listed),
        has_ruled_groups=bool(has_ruled),
        settings=_settings_of(tuple(settings)) if settings[0] is not None else EnrollmentSettings.objects.current(),
    )


def _device_of(row: tuple[Any, ...]) -> Device:
    device = Device.from_db(None, _DEVICE, row[: len(_DEVICE)])
    user = row[len(_DEVICE) : -2]
    # The key of whoever it was given to meanwhile stays, without that person.
    is_there = user[0] is not None and user[0] == device.user_id
    device._state.fields_cache["user"] = DeviceUser.from_db(None, _USER, user) if is_there else None
    return device


@cache
def _facts() -> str:
    columns = ", ".join(f's."{field.column}"' for field in EnrollmentSettings._meta.concrete_fields)
    return _FACTS.format(settings=columns)


@lru_cache(maxsize=8)
def _settings_of(values: tuple[Any, ...]) -> EnrollmentSettings:
    """Return the row that has these values. Keyed by what the database says now: it is never an old one."""
    fields = EnrollmentSettings._meta.concrete_fields
    read = [
        field.from_db_value(value, None, None) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=True)
    ]
    return EnrollmentSettings.from_db(None, [field.attname for field in fields], read)

"""What is written when a device asks to come in? Called by gate.py, inside its transaction.

The attempt, whatever became of it; and for a device that comes in, everything that makes it an enrolled one. PostgreSQL
gets all of it as one statement.
"""

import json
from typing import Any

from django.db import connection

from devices.models import Device, DevicePolicy
from devices.prepared import write
from invitations.redemption import REDEEM

from . import device_token
from .eligibility import Decision
from .enroll_request import EnrollRequest
from .reasons import Reason

_ATTEMPT = """
INSERT INTO enrollment_enrollmentattempt (
    at, serial_number, platform, os_version, method, management_mode, hardware_uuid, manufacturer, model,
    is_let_in, reason, user_id, device_id, domain_id, address, user_agent
) VALUES (
    %(now)s, %(serial_number)s, %(platform)s, %(os_version)s, %(method)s, %(management_mode)s, %(hardware_uuid)s,
    %(manufacturer)s, %(model)s, %(is_let_in)s, %(reason)s, %(named_user)s, %(device)s, %(attempt_domain)s, %(address)s,
    %(user_agent)s
)
"""
_DEVICE = f"""
UPDATE devices_device
SET status = '{Device.Status.ENROLLED}', one_time_password = NULL, disenrolled_at = NULL, disenroll_reason = '',
    user_id = %(user)s, domain_id = %(domain)s, updated_at = %(now)s
WHERE id = %(device)s
"""  # noqa: S608
# Battery and location were told by whoever had it before.
_INVENTORY = """
INSERT INTO devices_deviceinventory (
    device_id, hardware_uuid, manufacturer, model, os_version, hardware, ip_address, method, enrolled_at, last_seen_at
) VALUES (
    %(device)s, %(hardware_uuid)s, %(manufacturer)s, %(model)s, %(os_version)s, %(hardware)s, %(address)s, %(method)s,
    %(now)s, %(now)s
)
ON CONFLICT (device_id) DO UPDATE SET
    hardware_uuid = excluded.hardware_uuid, manufacturer = excluded.manufacturer, model = excluded.model,
    os_version = excluded.os_version, hardware = excluded.hardware, ip_address = excluded.ip_address,
    method = excluded.method, enrolled_at = excluded.enrolled_at, last_seen_at = excluded.last_seen_at,
    battery = NULL, latitude = NULL, longitude = NULL, accuracy = NULL, located_at = NULL
"""
_ANSWERED = """
INSERT INTO enrollment_answeredrequest (device_id, digest, until)
VALUES (%(device)s, %(digest)s, %(until)s)
ON CONFLICT (device_id) DO UPDATE SET digest = excluded.digest, until = excluded.until
"""

# Keys and versions of policies as JSON, [[key, version], ...]: a statement has the same text however many there are.
_POLICIES = {
    "postgresql": "SELECT (value->>0)::bigint AS id, (value->>1)::int AS version"
    " FROM jsonb_array_elements(%(policies)s)",
    "sqlite": "SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS version"
    " FROM json_each(%(policies)s)",
}
_NO_LONGER_DELIVERED = """
DELETE FROM devices_devicepolicy
WHERE device_id = %(device)s AND policy_id NOT IN (SELECT id FROM ({policies}) AS told)
"""
_DELIVERED = f"""
INSERT INTO devices_devicepolicy (device_id, policy_id, version, state, message, changed_at)
SELECT %(device)s, id, version, '{DevicePolicy.State.DELIVERED}', '', %(now)s FROM ({{policies}}) AS told WHERE true
ON CONFLICT (device_id, policy_id) DO UPDATE SET
    version = excluded.version, state = excluded.state, message = excluded.message, changed_at = excluded.changed_at
"""  # noqa: S608


def record(request: EnrollRequest, decision: Decision, said: dict[str, Any]) -> None:
    """Write down a request that let nobody in.

    Args:
        request: what was asked.
        decision: what became of it.
        said: `now`, `address`, `user_agent`; `named_user`, `device` and `attempt_domain`, keys or None.
    """
    write([_ATTEMPT], _parameters(request, decision, said))


def let_in(
    request: EnrollRequest, decision: Decision, device: Device, said: dict[str, Any], told: dict[str, Any]
) -> str:
    """Make a locked device an enrolled one, whose one-time password and invitation are used up.

    Args:
        request: what was asked.
        decision: why it comes in.
        device: with the user that it belongs to from now on.
        said: as for `record`; and `digest`, which recognises this very request, and `until` when it is answered again,
            both None where it isn't.
        told: the policies that the answer carries (devices/policies/effective.py).

    Returns:
        The device's new bearer token.
    """
    statements = [_ATTEMPT, device_token.STORE, *_deliveries()]
    if decision.reason is not Reason.AGAIN:  # the time of a repeated answer doesn't begin anew
        statements += [_DEVICE, _INVENTORY, REDEEM]
        if said["until"] is not None:
            statements.append(_ANSWERED)
    token = device_token.generate()
    parameters = _parameters(request, decision, said) | {
        "device": device.pk,
        "user": device.user_id,
        "domain": device.domain_id,
        "hardware": json.dumps(request.hardware),
        "token_hash": device_token.hash_of(token),
        "policies": json.dumps([[policy["id"], policy["version"]] for policy in told["policies"]]),
    }
    write(statements, parameters)
    return token


def _deliveries() -> list[str]:
    policies = _POLICIES[connection.vendor]
    return [statement.format(policies=policies) for statement in (_NO_LONGER_DELIVERED, _DELIVERED)]


def _parameters(request: EnrollRequest, decision: Decision, said: dict[str, Any]) -> dict[str, Any]:
    device = request.device
    return said | {
        "serial_number": device.serial_number or "",
        "platform": device.platform,
        "os_version": device.os_version,
        "method": device.method,
        "management_mode": device.management_mode,
        "hardware_uuid": device.hardware_uuid,
        "manufacturer": request.manufacturer,
        "model": request.model,
        "is_let_in": decision.lets_in,
        "reason": decision.reason.value,
    }

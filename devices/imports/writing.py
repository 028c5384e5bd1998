"""How are device users and devices written, a set at a time?

Called by the commit, inside its transaction. Creating never overwrites (whoever came first stays), and overwriting
never creates; only what the file's columns fill is overwritten.
"""

from collections.abc import Callable, Mapping

from devices.models import Device, ImportRow

from .outcomes import CREATES, GOOD, IMPORTED, OVERWRITES, OVERWRITES_USER, ROWS, USER
from .sql import execute, query, spell

# Devices are made some lines at a time, for a sign of progress every second or so. But each statement looks at all of
# the domain's users, so that the steps of a large file are larger: there are never more than these.
STEP_LINES, MAX_STEPS = 25_000, 8
# Of several rows with one address, the last one tells.
LAST_ROWS = (
    "(SELECT r.*, row_number() OVER (PARTITION BY lower(r.email) ORDER BY r.line DESC) AS nth "
    f"FROM {ROWS} WHERE {GOOD} AND {{condition}}) AS last"
)


def _now() -> str:
    return f"CAST(%(now)s AS {spell('timestamp')})"


def _end() -> str:
    """When the approvals that this import gives end."""
    return f"CAST(%(approval_end)s AS {spell('timestamp')})"


def create_users(parameters: Mapping[str, object], *, may_exist: bool) -> int:
    """Make the users of the imported rows that the domain doesn't have yet; return how many.

    Args:
        parameters: of the commit's statements.
        may_exist: rows meet users or devices that are there; without such rows the faster plain INSERT will do.

    Raises:
        IntegrityError: with `may_exist` off, the domain got one of the users since the rows were classified.
    """
    leave = "ON CONFLICT (domain_id, email_key) DO NOTHING" if may_exist else ""
    return execute(
        "INSERT INTO devices_deviceuser "
        "(domain_id, name, email, sam_account_name, mobile, import_batch_id, created_at, updated_at) "
        f"SELECT %(domain)s, name, email, sam_account_name, mobile, %(batch)s, {_now()}, {_now()} "
        f"FROM {LAST_ROWS.format(condition=IMPORTED)} WHERE nth = 1 {leave}",
        parameters,
    )


def overwrite_users(parameters: Mapping[str, object], mapped: frozenset[str]) -> int:
    """Give the users of the rows with the choice `replace` these rows' details; return how many changed."""
    written = ["name", "email", *(field for field in ("sam_account_name", "mobile") if field in mapped)]
    return execute(
        f"UPDATE devices_deviceuser SET {', '.join(f'{field} = last.{field}' for field in written)}, "
        f"updated_at = {_now()} FROM {LAST_ROWS.format(condition=OVERWRITES_USER)} "
        "WHERE last.nth = 1 AND devices_deviceuser.domain_id = %(domain)s "
        # A user whom this import made has the details of their last row already, of whatever kind that row is.
        "AND devices_deviceuser.email_key = lower(last.email) AND import_batch_id IS DISTINCT FROM %(batch)s "
        f"AND ({' OR '.join(f'devices_deviceuser.{field} <> last.{field}' for field in written)})",
        parameters,
    )


def create_devices(parameters: Mapping[str, object], report: Callable[[float], None]) -> int:
    """Make the devices that the portal doesn't have yet, some lines at a time; return how many.

    Raises:
        IntegrityError: the portal got one of them since it was classified; ON CONFLICT would take a third longer.
    """
    statement = (
        "INSERT INTO devices_device (serial_number, platform, ownership, name, status, source, domain_id, user_id, "
        "custom_attributes, one_time_password, approval_expires_at, import_batch_id, created_at, updated_at) "
        f"SELECT r.serial_number, r.platform, r.ownership, r.device_name, '{Device.Status.PRE_APPROVED}', "
        f"'{Device.Source.IMPORT}', %(domain)s, u.id, COALESCE(r.custom_attributes, {spell('no_attributes')}), "
        f"r.one_time_password, {_end()}, %(batch)s, {_now()}, {_now()} FROM {ROWS} {USER} "
        f"WHERE {GOOD} AND {CREATES} AND r.line BETWEEN %(first)s AND %(last)s"
    )
    ((last_line,),) = query(
        "SELECT COALESCE(max(line), 0) FROM devices_importrow WHERE batch_id = %(batch)s", parameters
    )
    created, step = 0, max(STEP_LINES, -(-last_line // MAX_STEPS))
    for first in range(1, last_line + 1, step):
        last = min(first + step - 1, last_line)
        created += execute(statement, {**parameters, "first": first, "last": last})
        report(last / last_line)
    return created


def overwrite_devices(parameters: Mapping[str, object], mapped: frozenset[str]) -> int:
    """Give devices the details of their rows, and approve disenrolled ones again; return how many changed."""
    changes = {"ownership": "r.ownership", "user_id": "u.id", "status": f"'{Device.Status.PRE_APPROVED}'"}
    changes |= {"disenrolled_at": "NULL", "disenroll_reason": "''"}
    if "device_name" in mapped:
        # What a row of a device of Apple ADE leaves empty, it doesn't know.
        unnamed = f"r.kind = '{ImportRow.Kind.ADE_DEVICE}' AND r.device_name = ''"
        changes["name"] = f"CASE WHEN {unnamed} THEN devices_device.name ELSE r.device_name END"
    if "password" in mapped:  # an empty cell keeps it: no export holds passwords
        changes["one_time_password"] = "COALESCE(r.one_time_password, devices_device.one_time_password)"  # noqa: S105
    attributes = f"COALESCE(r.custom_attributes, {spell('no_attributes')})"
    changes["custom_attributes"] = spell("merge", left="devices_device.custom_attributes", right=attributes)
    # An approval that goes on keeps its time; a device that is approved again gets that of a new one.
    changes["approval_expires_at"] = (
        f"CASE WHEN devices_device.status <> '{Device.Status.DISENROLLED}' THEN devices_device.approval_expires_at "
        f"ELSE {_end()} END"
    )
    present = {field: f"devices_device.{field}" for field in changes}
    # SQLite compares the text, which Django writes with spaces.
    present["custom_attributes"] = spell("as_json", value=present["custom_attributes"])
    differs = " OR ".join(f"{present[field]} IS DISTINCT FROM {value}" for field, value in changes.items())
    untouchable = ", ".join(f"'{status}'" for status in sorted(Device.UNTOUCHABLE))
    return execute(
        f"UPDATE devices_device SET {', '.join(f'{field} = {value}' for field, value in changes.items())}, "
        f"updated_at = {_now()} FROM {ROWS} {USER} "
        "WHERE devices_device.serial_number = r.serial_number AND devices_device.platform = r.platform "
        f"AND {GOOD} AND {OVERWRITES} AND devices_device.status NOT IN ({untouchable}) AND ({differs})",
        parameters,
    )

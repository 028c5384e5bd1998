"""What stood in the portal before a batch overwrote it?

Taken by the commit, inside its transaction, for the rows that meet something; given back by undo.
"""

from collections.abc import Mapping

from django.db.models import QuerySet

from devices.models import Device, ImportBatch, ImportSnapshot

from .assignments import ASSIGNED
from .outcomes import DEVICE, GOOD, OVERWRITES, OVERWRITES_USER, ROWS, USER
from .sql import execute, spell


def _assigned(field: str) -> str:
    """Return SQL for the ids of what is assigned to device `d`, as a sorted JSON list."""
    _named, through, column = ASSIGNED[field]
    return spell("json_list", value=f"t.{column}", source=f"FROM {through} t WHERE t.device_id = d.id")


def overwritten(batch: ImportBatch) -> QuerySet[Device]:
    """Return the devices of which a batch remembers what stood there before."""
    kept = ImportSnapshot.objects.filter(batch=batch, kind=ImportSnapshot.Kind.DEVICE)
    return Device.objects.filter(pk__in=kept.values("object_id"))


def take(parameters: Mapping[str, object]) -> None:
    """Remember the users and devices that the rows are about to overwrite."""
    insert = "INSERT INTO devices_importsnapshot (batch_id, kind, object_id, before) "
    execute(
        f"{insert} SELECT %(batch)s, '{ImportSnapshot.Kind.USER}', u.id, {spell('json_object')}("
        "'name', u.name, 'email', u.email, 'sam_account_name', u.sam_account_name, 'mobile', u.mobile, "
        f"'updated_at', u.updated_at) FROM {ROWS} {USER} WHERE {GOOD} AND {OVERWRITES_USER} ON CONFLICT DO NOTHING",
        parameters,
    )
    names = "".join(f", '{field}', {_assigned(field)}" for field in ASSIGNED)
    execute(
        f"{insert} SELECT %(batch)s, '{ImportSnapshot.Kind.DEVICE}', d.id, {spell('json_object')}("
        "'name', d.name, 'ownership', d.ownership, 'status', d.status, 'user_id', d.user_id, "
        "'updated_at', d.updated_at, 'one_time_password', d.one_time_password, "
        "'approval_expires_at', d.approval_expires_at, 'disenrolled_at', d.disenrolled_at, "
        "'disenroll_reason', d.disenroll_reason, "
        f"'custom_attributes', {spell('as_json', value='d.custom_attributes')}{names}) "
        f"FROM {ROWS} {DEVICE} WHERE {GOOD} AND {OVERWRITES} ON CONFLICT DO NOTHING",
        parameters,
    )


def prune(parameters: Mapping[str, object]) -> None:
    """Forget what the commit left as it was, so that undo restores, and counts, only what it changed."""
    for field in ASSIGNED:
        execute(
            f"UPDATE devices_device SET updated_at = CAST(%(now)s AS {spell('timestamp')}) WHERE id IN ("
            "SELECT d.id FROM devices_importsnapshot s JOIN devices_device d ON d.id = s.object_id "
            f"WHERE s.batch_id = %(batch)s AND s.kind = '{ImportSnapshot.Kind.DEVICE}' "
            f"AND s.before->'{field}' <> {_assigned(field)})",
            parameters,
        )
    for kind, table in (
        (ImportSnapshot.Kind.DEVICE, "devices_device"),
        (ImportSnapshot.Kind.USER, "devices_deviceuser"),
    ):
        execute(
            f"DELETE FROM devices_importsnapshot WHERE batch_id = %(batch)s AND kind = '{kind}' AND object_id NOT IN "
            f"(SELECT id FROM {table} WHERE updated_at = CAST(%(now)s AS {spell('timestamp')}))",
            parameters,
        )

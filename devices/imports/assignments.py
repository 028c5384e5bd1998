"""Which groups and policies do the devices of a batch get, from its columns and from the batch itself?

Called by the commit, inside its transaction.
"""

from collections.abc import Mapping

from devices.models import Device, ImportBatch, ImportSnapshot

from .outcomes import DEVICE, GIVES, GOOD, IMPORTED, OVERWRITES, ROWS
from .sql import execute, query, spell

# Whatever its row says, a device that enrolls meanwhile is left alone; the others are pre-approved by now.
STILL_OPEN = f"d.status = '{Device.Status.PRE_APPROVED}'"
# For a column of names: the table of what is named, the table between, and its column there.
ASSIGNED = {
    "groups": ("devices_devicegroup", "devices_device_groups", "devicegroup_id"),
    "policies": ("devices_policy", "devices_device_policies", "policy_id"),
}
# A group with a rule takes in whom its rule names, and nobody else.
CHOSEN = {"groups": " AND n.rule IS NULL", "policies": ""}


def assign(batch: ImportBatch, parameters: Mapping[str, object], mapped: frozenset[str]) -> None:
    """Give the imported devices what their rows and the batch name; an overwritten one loses what its row doesn't name.

    One of Apple ADE that gets its user loses nothing: it has the groups of its account.

    Args:
        batch: the batch.
        parameters: of the commit's statements.
        mapped: fields that the file fills; what it doesn't is left alone.
    """
    if "groups" in mapped:
        _create_groups(parameters)
    for field, (named, through, column) in ASSIGNED.items():
        if field in mapped:
            execute(
                f"DELETE FROM {through} WHERE device_id IN "
                f"(SELECT d.id FROM {ROWS} {DEVICE} WHERE {GOOD} AND {OVERWRITES} AND NOT {GIVES} AND {STILL_OPEN})",
                parameters,
            )
            execute(
                f"INSERT INTO {through} (device_id, {column}) SELECT d.id, n.id "
                f"FROM {ROWS} {spell('items', value=f'r.{field}')} "
                f"JOIN {named} n ON n.name = item.value{CHOSEN[field]} {DEVICE} "
                f"WHERE {GOOD} AND {IMPORTED} AND {STILL_OPEN} AND r.{field} IS NOT NULL ON CONFLICT DO NOTHING",
                parameters,
            )
        chosen = batch.groups.static() if field == "groups" else batch.policies.all()
        for number in chosen.values_list("pk", flat=True):
            execute(
                f"INSERT INTO {through} (device_id, {column}) SELECT d.id, %(number)s FROM {ROWS} {DEVICE} "
                f"WHERE {GOOD} AND {IMPORTED} AND {STILL_OPEN} ON CONFLICT DO NOTHING",
                {**parameters, "number": number},
            )


def missing_policy(batch_id: int) -> str:
    """Return the name of a policy that rows of a batch name and that is not there any more; "": all are."""
    found = query(
        f"SELECT item.value FROM {ROWS} {spell('items', value='r.policies')} "
        f"LEFT JOIN devices_policy n ON n.name = item.value "
        f"WHERE {GOOD} AND r.policies IS NOT NULL AND n.id IS NULL LIMIT 1",
        {"batch": batch_id},
    )
    return str(found[0][0]) if found else ""


def _create_groups(parameters: Mapping[str, object]) -> None:
    """Create the groups that are named and not there yet, and note them for undo."""
    now = f"CAST(%(now)s AS {spell('timestamp')})"
    execute(
        f"INSERT INTO devices_devicegroup (name, description, created_at) SELECT DISTINCT item.value, '', {now} "
        f"FROM {ROWS} {spell('items', value='r.groups')} "
        f"WHERE {GOOD} AND {IMPORTED} AND r.groups IS NOT NULL ON CONFLICT (name) DO NOTHING",
        parameters,
    )
    execute(
        "INSERT INTO devices_importsnapshot (batch_id, kind, object_id, before) "
        f"SELECT %(batch)s, '{ImportSnapshot.Kind.GROUP}', id, NULL FROM devices_devicegroup WHERE created_at = {now}",
        parameters,
    )

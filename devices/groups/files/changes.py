"""What would become of the lines of a file: which groups are made, which devices come into one and which go?

The same SQL for the review, which counts and lists, and for the commit, which writes.
"""

from typing import Any

from devices.imports.sql import query
from devices.models import GroupImport

from .matching import LINES, MEMBERS, scope

# The devices of each group as the good lines say; a group that is not there yet has no number.
WANTED = (
    f"SELECT DISTINCT l.name, l.group_id, m.device_id FROM {LINES} l "
    f"JOIN {MEMBERS} m ON m.batch_id = l.batch_id AND m.line = l.line "
    "WHERE l.batch_id = %(batch)s AND l.is_good AND m.found = 1"
)
# Groups that may lose devices: named by good lines only. What a bad line says nobody knows.
WHOLE = (
    f"SELECT l.name, l.group_id FROM {LINES} l WHERE l.batch_id = %(batch)s AND l.group_id IS NOT NULL "
    "GROUP BY l.name, l.group_id HAVING min(CASE WHEN l.is_good THEN 1 ELSE 0 END) = 1"
)
ADDED = (
    "SELECT w.name, w.group_id, w.device_id FROM wanted w LEFT JOIN devices_device_groups t "
    "ON t.devicegroup_id = w.group_id AND t.device_id = w.device_id WHERE t.id IS NULL"
)
GROUPS_SHOWN = 1_000


def removed(batch: GroupImport) -> str:
    """Return SQL for the memberships that go; of devices that the person may see alone."""
    if not batch.removes_others:
        return "SELECT '' AS name, 0 AS group_id, 0 AS device_id WHERE 1 = 0"
    return (
        f"SELECT g.name, g.group_id, t.device_id FROM ({WHOLE}) AS g "
        "JOIN devices_device_groups t ON t.devicegroup_id = g.group_id "
        f"JOIN devices_device d ON d.id = t.device_id AND {scope(batch)} "
        "LEFT JOIN wanted w ON w.group_id = t.devicegroup_id AND w.device_id = t.device_id WHERE w.device_id IS NULL"
    )


def counted(batch: GroupImport) -> dict[str, Any]:
    """Count what was staged and what would become of it.

    Returns:
        `lines`, `good`, `bad`, `errors`, `warnings`; `groups` (named by good lines), `created`, `added`, `removed`; and
        `by_group`: name, whether it is new, added and removed devices, of the first groups.
    """
    parameters = {"batch": batch.pk}
    ((lines, good),) = query(
        f"SELECT count(*), COALESCE(sum(CASE WHEN is_good THEN 1 ELSE 0 END), 0) FROM {LINES} "
        "WHERE batch_id = %(batch)s",
        parameters,
    )
    problems = dict(
        query(
            "SELECT severity, count(*) FROM devices_groupimportproblem WHERE batch_id = %(batch)s GROUP BY severity",
            parameters,
        )
    )
    by_group = _by_group(batch)
    return {
        "lines": lines,
        "good": good,
        "bad": lines - good,
        "errors": problems.get("error", 0),
        "warnings": problems.get("warning", 0),
        "groups": len(by_group),
        "created": sum(is_new for _name, is_new, _added, _removed in by_group),
        "added": sum(come for _name, _is_new, come, _removed in by_group),
        "removed": sum(gone for _name, _is_new, _added, gone in by_group),
        "by_group": by_group[:GROUPS_SHOWN],
    }


def _by_group(batch: GroupImport) -> list[list[Any]]:
    rows = query(
        f"WITH wanted AS ({WANTED}), added AS ({ADDED}), removed AS ({removed(batch)}), "
        "come AS (SELECT name, count(*) AS number FROM added GROUP BY name), "
        "gone AS (SELECT name, count(*) AS number FROM removed GROUP BY name) "
        "SELECT l.name, CASE WHEN max(l.group_id) IS NULL THEN 1 ELSE 0 END, "
        "COALESCE(max(come.number), 0), COALESCE(max(gone.number), 0) "
        f"FROM {LINES} l LEFT JOIN come ON come.name = l.name LEFT JOIN gone ON gone.name = l.name "
        "WHERE l.batch_id = %(batch)s AND l.is_good GROUP BY l.name ORDER BY l.name",
        {"batch": batch.pk},
    )
    return [[name, bool(is_new), int(come), int(gone)] for name, is_new, come, gone in rows]


def rows(batch: GroupImport, first: int, count: int) -> list[dict[str, Any]]:
    """Return some memberships that come or go: `name` of the group, `is_added`, and what the device is called."""
    found = query(
        f"WITH wanted AS ({WANTED}), added AS ({ADDED}), removed AS ({removed(batch)}), "
        "each_one AS (SELECT name, device_id, 1 AS is_added FROM added "
        "UNION ALL SELECT name, device_id, 0 FROM removed) "
        "SELECT e.name, e.is_added, d.id, d.serial_number, d.name, d.platform FROM each_one e "
        "JOIN devices_device d ON d.id = e.device_id ORDER BY e.name, e.is_added DESC, d.id LIMIT %(count)s "
        "OFFSET %(first)s",
        {"batch": batch.pk, "count": count, "first": first},
    )
    keys = ("name", "is_added", "id", "serial", "title", "platform")
    return [dict(zip(keys, row, strict=True)) for row in found]

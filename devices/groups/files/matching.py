"""Which groups and devices do the lines of a file stand for? Set queries over the staged lines.

Called by the check, and again by the commit, because the portal moves on. A device of a domain that the person may not
work in is unknown here.
"""

from devices.imports.problems import WARNINGS, ProblemCode
from devices.imports.sql import execute, query
from devices.models import GroupImport

LINES, MEMBERS = "devices_groupimportline", "devices_groupimportmember"
SPELLED = "CASE WHEN m.platform = '' THEN m.serial_number ELSE m.platform || '/' || m.serial_number END"
PROBLEM = (
    "INSERT INTO devices_groupimportproblem "
    '(batch_id, line, severity, code, field, "column", value, suggestion, detail) '
)


def scope(batch: GroupImport, device: str = "d") -> str:
    """Return SQL for: this device is of a domain that the person may work in."""
    if batch.domains is None:
        return "1 = 1"
    numbers = ", ".join(str(int(number)) for number in batch.domains)
    return f"{device}.domain_id IN ({numbers})" if numbers else "1 = 0"


def match(batch: GroupImport, columns: dict[str, str]) -> None:
    """Find the groups and devices of all lines, and report what isn't found; a line with an error is a bad one.

    Args:
        batch: whose lines are staged; what this function reported before is reported anew.
        columns: for each field its header in the file.
    """
    find_groups(batch)
    _find_devices(batch)
    _report_groups(batch, columns["groupname"], columns.get("description", ""))
    _report_devices(batch, columns["members"])
    execute(
        f"UPDATE {LINES} SET is_good = NOT EXISTS (SELECT 1 FROM devices_groupimportproblem p WHERE "
        f"p.batch_id = {LINES}.batch_id AND p.line = {LINES}.line AND p.severity = 'error') WHERE batch_id = %(batch)s",
        {"batch": batch.pk},
    )


def find_groups(batch: GroupImport) -> None:
    """Find the group of each line by its name."""
    execute(
        f"UPDATE {LINES} SET group_id = (SELECT g.id FROM devices_devicegroup g WHERE g.name = {LINES}.name) "
        "WHERE batch_id = %(batch)s",
        {"batch": batch.pk},
    )


def _find_devices(batch: GroupImport) -> None:
    execute(f"UPDATE {MEMBERS} SET found = 0, device_id = NULL WHERE batch_id = %(batch)s", {"batch": batch.pk})
    execute(
        f"UPDATE {MEMBERS} SET found = s.number, device_id = s.device FROM ("
        f"SELECT m.id, count(*) AS number, min(d.id) AS device FROM {MEMBERS} m JOIN devices_device d "
        "ON d.serial_number = m.serial_number AND (m.platform = '' OR d.platform = m.platform) "
        f"WHERE m.batch_id = %(batch)s AND {scope(batch)} GROUP BY m.id) AS s WHERE {MEMBERS}.id = s.id",
        {"batch": batch.pk},
    )


def _report_devices(batch: GroupImport, column: str) -> None:
    # Half a dozen rows in a good file: only for these is another spelling looked for.
    alike = (
        "(SELECT min(d.serial_number) FROM devices_device d WHERE upper(d.serial_number) = upper(m.serial_number) "
        f"AND (m.platform = '' OR d.platform = m.platform) AND {scope(batch)})"
    )
    execute(
        f"{PROBLEM} SELECT batch_id, line, 'error', CASE WHEN alike IS NULL THEN '{ProblemCode.UNKNOWN_DEVICE}' "
        f"ELSE '{ProblemCode.UNKNOWN_DEVICE_CASE}' END, 'members', %(column)s, spelled, COALESCE(alike, ''), "
        f"COALESCE(alike, '') FROM (SELECT m.batch_id, m.line, {SPELLED} AS spelled, {alike} AS alike "
        f"FROM {MEMBERS} m WHERE m.batch_id = %(batch)s AND m.found = 0) AS unknown",
        {"batch": batch.pk, "column": column},
    )
    execute(
        f"{PROBLEM} SELECT m.batch_id, m.line, 'error', '{ProblemCode.AMBIGUOUS_SERIAL}', 'members', %(column)s, "
        f"m.serial_number, '', d.platform || '/' || d.serial_number FROM {MEMBERS} m "
        "JOIN devices_device d ON d.id = m.device_id WHERE m.batch_id = %(batch)s AND m.found > 1",
        {"batch": batch.pk, "column": column},
    )


def _report_groups(batch: GroupImport, column: str, description: str) -> None:
    new = f"FROM {LINES} l WHERE l.batch_id = %(batch)s AND l.name <> '' AND l.group_id IS NULL"
    alike = "COALESCE((SELECT min(g.name) FROM devices_devicegroup g WHERE lower(g.name) = lower(l.name)), '')"
    if batch.creates_groups:
        first = f"AND l.line = (SELECT min(o.line) FROM {LINES} o WHERE o.batch_id = l.batch_id AND o.name = l.name)"
        _report(batch, ProblemCode.NEW_GROUP, column, f"l.name, {alike}, '' {new} {first}")
    else:
        _report(batch, ProblemCode.UNKNOWN_GROUP, column, f"l.name, {alike}, '' {new}")
    known = f"FROM {LINES} l JOIN devices_devicegroup g ON g.id = l.group_id WHERE l.batch_id = %(batch)s"
    _report(batch, ProblemCode.GROUP_FILLED_BY_RULE, column, f"l.name, '', '' {known} AND g.rule IS NOT NULL")
    if not batch.may_change_groups:
        differs = "AND l.description <> '' AND l.description <> g.description"
        _report(batch, ProblemCode.DESCRIPTION_STAYS, description, f"l.name, '', '' {known} {differs}", "description")
    several = (
        f"FROM {LINES} l WHERE l.batch_id = %(batch)s AND l.description <> '' AND EXISTS (SELECT 1 FROM {LINES} o "
        "WHERE o.batch_id = l.batch_id AND o.name = l.name AND o.line > l.line AND o.description NOT IN ('', "
        "l.description))"
    )
    if _has_repeats(batch):
        _report(batch, ProblemCode.DESCRIPTIONS_DIFFER, description, f"l.name, '', '' {several}", "description")


def _has_repeats(batch: GroupImport) -> bool:
    """Tell whether a group stands on several lines with different descriptions; spares most files a look at each."""
    return bool(
        query(
            f"SELECT 1 FROM {LINES} WHERE batch_id = %(batch)s AND description <> '' GROUP BY name "
            "HAVING min(description) <> max(description) LIMIT 1",
            {"batch": batch.pk},
        )
    )


def _report(batch: GroupImport, code: ProblemCode, column: str, select: str, field: str = "groupname") -> None:
    severity = "warning" if code in WARNINGS else "error"
    execute(
        f"{PROBLEM} SELECT l.batch_id, l.line, '{severity}', '{code}', '{field}', %(column)s, {select}",
        {"batch": batch.pk, "column": column},
    )

"""Which rows of a batch meet each other, or what is in the portal already?

Set queries over the staged rows; called by the check, and again by the commit, because the portal moves on.
"""

from devices.models import Device, ImportBatch, ImportRow

from .outcomes import DEVICE, ROWS, USER
from .problems import WARNINGS, ProblemCode
from .sql import execute, query

# Conditions under which the user of device `d` is nobody in particular, such as a default one. Whoever gives devices
# such a user adds his when the program starts.
STAND_INS: list[str] = []
# What a row is, from the device user (u) and the device (d) that it meets. Most rows meet nothing.
KIND = f"""
CASE WHEN d.status = '{Device.Status.ENROLLED}' THEN '{ImportRow.Kind.ENROLLED}'
     WHEN d.status = '{Device.Status.BLOCKED}' THEN '{ImportRow.Kind.BLOCKED}'
     WHEN d.status = '{Device.Status.DISENROLLED}' THEN '{ImportRow.Kind.DISENROLLED}'
     WHEN d.source = '{Device.Source.ADE}' AND (d.user_id IS NULL {{or_stand_in}}) THEN '{ImportRow.Kind.ADE_DEVICE}'
     WHEN d.id IS NOT NULL THEN '{ImportRow.Kind.KNOWN_DEVICE}'
     WHEN u.id IS NOT NULL THEN '{ImportRow.Kind.KNOWN_USER}'
     ELSE '{ImportRow.Kind.NEW}' END
"""

PROBLEM = """
INSERT INTO devices_importproblem (batch_id, line, severity, code, field, "column", value, suggestion, detail)
SELECT r.batch_id, r.line, %(severity)s, %(code)s, 'serial_number', %(column)s, r.serial_number, '', {detail}
FROM devices_importrow r {join}
WHERE r.batch_id = %(batch)s AND r.serial_number <> '' AND {condition}
"""


def find_repeats(batch: ImportBatch, column: str) -> None:
    """Report serial numbers that stand in the file twice: an error on each line, a warning where only case differs.

    Args:
        batch: the batch whose rows are all staged.
        column: header of the serial numbers' column, for the problems.
    """
    groups = query(
        "SELECT count(*) FROM (SELECT 1 FROM devices_importrow WHERE batch_id = %(batch)s AND serial_number <> '' "
        "GROUP BY upper(serial_number) HAVING count(*) > 1) AS groups",
        {"batch": batch.pk},
    )
    if groups == [(0,)]:
        return
    same = (
        "JOIN (SELECT serial_number, min(line) AS first, max(line) AS last FROM devices_importrow "
        "WHERE batch_id = %(batch)s AND serial_number <> '' GROUP BY serial_number HAVING count(*) > 1) AS s "
        "ON s.serial_number = r.serial_number"
    )
    other_line = "CAST(CASE WHEN r.line = s.first THEN s.last ELSE s.first END AS varchar(10))"
    _report(batch, column, ProblemCode.DUPLICATE_SERIAL, other_line, same, "1 = 1")
    alike = (
        "JOIN (SELECT upper(serial_number) AS serial, min(serial_number) AS first, max(serial_number) AS last "
        "FROM devices_importrow WHERE batch_id = %(batch)s AND serial_number <> '' GROUP BY upper(serial_number) "
        "HAVING min(serial_number) <> max(serial_number)) AS s ON s.serial = upper(r.serial_number)"
    )
    _report(
        batch,
        column,
        ProblemCode.CASE_DIFFERS,
        "CASE WHEN r.serial_number = s.first THEN s.last ELSE s.first END",
        alike,
        "1 = 1",
    )


def find_known(batch: ImportBatch, column: str) -> None:
    """Report rows whose serial number belongs to a device that can't be imported, or differs from one by case only."""
    meets = f"SELECT 1 FROM {ROWS} {DEVICE} WHERE r.batch_id = %(batch)s LIMIT 1"
    if query(meets, {"batch": batch.pk}):  # one look at all rows instead of three: most files meet nothing
        in_domain = f"{DEVICE} AND d.domain_id = %(domain)s"
        _report(batch, column, ProblemCode.OTHER_DOMAIN, "''", DEVICE, "d.domain_id <> %(domain)s")
        _report(batch, column, ProblemCode.ALREADY_ENROLLED, "''", in_domain, f"d.status = '{Device.Status.ENROLLED}'")
        _report(batch, column, ProblemCode.DEVICE_BLOCKED, "''", in_domain, f"d.status = '{Device.Status.BLOCKED}'")
    # +: by the index of upper-case serial numbers, never by the domain's, which holds most devices.
    alike = "JOIN devices_device d ON upper(d.serial_number) = upper(r.serial_number) AND +d.domain_id = %(domain)s"
    _report(batch, column, ProblemCode.CASE_DIFFERS, "d.serial_number", alike, "d.serial_number <> r.serial_number")


def classify(batch: ImportBatch) -> int:
    """Set the kind of every good row to what the portal holds now.

    Returns:
        The number of rows whose kind is another than before.
    """
    kind_now = KIND.format(or_stand_in="".join(f" OR {condition}" for condition in STAND_INS))
    differing = f"""
        SELECT {{wanted}} FROM (
            SELECT r.line AS line, r.kind AS before, {kind_now} AS kind FROM {ROWS} LEFT {DEVICE} LEFT {USER}
            WHERE r.batch_id = %(batch)s AND r.is_good
        ) AS now WHERE now.kind <> now.before
    """
    parameters = {"batch": batch.pk, "domain": batch.domain_id}
    # One UPDATE a kind: joined to the subquery itself, SQLite would compare every row with every other one.
    kinds = [kind for (kind,) in query(differing.format(wanted="DISTINCT now.kind"), parameters)]
    return sum(
        execute(
            "UPDATE devices_importrow SET kind = %(kind)s WHERE batch_id = %(batch)s AND line IN "
            f"({differing.format(wanted='now.line')} AND now.kind = %(kind)s)",
            {**parameters, "kind": kind},
        )
        for kind in kinds
    )


def _report(batch: ImportBatch, column: str, code: ProblemCode, detail: str, join: str, condition: str) -> None:
    """Write a problem for each row that `join` and `condition` find; an error makes the row a bad one."""
    parameters = {
        "batch": batch.pk,
        "domain": batch.domain_id,
        "column": column,
        "code": code.value,
        "severity": "warning" if code in WARNINGS else "error",
    }
    found = execute(PROBLEM.format(detail=detail, join=join, condition=condition), parameters)
    if found and code not in WARNINGS:
        execute(
            "UPDATE devices_importrow SET is_good = false WHERE batch_id = %(batch)s AND line IN (SELECT line "
            "FROM devices_importproblem WHERE batch_id = %(batch)s AND severity = 'error' AND code = %(code)s)",
            parameters,
        )

"""What does a row meet, and what becomes of it? The rule as SQL over `devices_importrow r`, asked by commit and review.

What becomes of a good row (kind from matching.py; choice: the row's own, else the batch's):

| kind              | replace                              | keep                            | skip     |
|-------------------|--------------------------------------|---------------------------------|----------|
| new               | user and device are made             | the same                        | the same |
| known_user        | user overwritten, device made        | device made for the user        | skipped  |
| known_device      | user and device overwritten          | skipped: nothing to add         | skipped  |
| disenrolled       | both overwritten, pre-approved again | device overwritten, user stays  | skipped  |
| enrolled, blocked | skipped                              | skipped                         | skipped  |
| ade_device        | user overwritten, given the device   | user given the device           | see here |

A pre-approved device of Apple ADE that is nobody's yet is no duplicate: what is chosen for the batch decides about the
details of its user only. It is left alone where the row's own choice is `skip`.
"""

from collections.abc import Mapping

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from devices.models import Device, ImportBatch, ImportRow
from devices.vocabulary import Duplicates

from .sql import query

Kind = ImportRow.Kind

ROWS = "devices_importrow r"
# The device user and the device that a row meets.
USER = "JOIN devices_deviceuser u ON u.domain_id = %(domain)s AND u.email_key = lower(r.email)"
DEVICE = "JOIN devices_device d ON d.serial_number = r.serial_number AND d.platform = r.platform"

GOOD = "r.batch_id = %(batch)s AND r.is_good"
CHOICE = "COALESCE(NULLIF(r.decision, ''), %(duplicates)s)"
# The portal has neither the device nor, or only, its user.
CREATES = f"(r.kind = '{Kind.NEW}' OR (r.kind = '{Kind.KNOWN_USER}' AND {CHOICE} <> '{Duplicates.SKIP}'))"
# The device is one of Apple ADE that waits for its user.
GIVES = f"(r.kind = '{Kind.ADE_DEVICE}' AND r.decision <> '{Duplicates.SKIP}')"
# The device is there, and the row's details take the place of its own.
OVERWRITES = (
    f"((r.kind = '{Kind.KNOWN_DEVICE}' AND {CHOICE} = '{Duplicates.REPLACE}') "
    f"OR (r.kind = '{Kind.DISENROLLED}' AND {CHOICE} <> '{Duplicates.SKIP}') OR {GIVES})"
)
IMPORTED = f"({CREATES} OR {OVERWRITES})"
# The user is there already, or may be, and the row's details take the place of theirs.
OVERWRITES_USER = f"({IMPORTED} AND r.kind <> '{Kind.NEW}' AND {CHOICE} = '{Duplicates.REPLACE}')"


# `given`: of the replaced devices, those of Apple ADE that get their user.
# `invited`: rows that go in and whose tick for the invitation is set.
OUTCOMES = {
    "created": CREATES,
    "replaced": OVERWRITES,
    "given": GIVES,
    "skipped": f"NOT {IMPORTED}",
    "invited": f"r.invite AND {IMPORTED}",
}


def count_outcomes(batch_id: int, duplicates: str, conditions: Mapping[str, str] = OUTCOMES) -> dict[str, int]:
    """Count what becomes of the good rows of a batch.

    Args:
        batch_id: the batch.
        duplicates: the batch's choice; empty counts as `skip`.
        conditions: what is counted, by its name.

    Returns:
        For each name the number of rows.
    """
    counted = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in conditions.values())
    parameters = {"batch": batch_id, "duplicates": duplicates or Duplicates.SKIP.value}
    (counts,) = query(f"SELECT {counted} FROM {ROWS} WHERE {GOOD}", parameters)
    return dict(zip(conditions, map(int, counts), strict=True))


def ticked_devices(batch: ImportBatch, lines: tuple[int, int] | None = None) -> QuerySet[Device]:
    """Return the devices of a committed batch whose rows went in and are ticked for an invitation.

    One that came into another domain since, or was deleted and imported there, is not among them: whoever works in the
    batch's domain has nothing to do with it.

    Args:
        batch: the batch.
        lines: the first and the last line of the file that count; None: all.
    """
    duplicates = f"'{Duplicates(batch.duplicates or Duplicates.SKIP)}'"
    parameters = {"batch": int(batch.pk), "domain": int(batch.domain_id), "duplicates": duplicates}
    # +: by the index of serial numbers, never by the domain's, which holds most devices.
    joined = f"{ROWS} {DEVICE} AND +d.domain_id = %(domain)s"
    # The parameters are numbers and a word of ours: a subquery takes them by position only.
    rows = f"SELECT d.id FROM {joined} WHERE {GOOD} AND {IMPORTED} AND r.invite" % parameters
    if lines:
        rows += f" AND r.line BETWEEN {int(lines[0])} AND {int(lines[1])}"
    return Device.objects.filter(pk__in=RawSQL(rows, ()))  # noqa: S611


def count_sms(parameters: Mapping[str, object]) -> int:
    """Count the rows that can be invited by SMS, once their device users are written: these have a phone number."""
    ((count,),) = query(
        f"SELECT count(*) FROM {ROWS} {USER} WHERE {GOOD} AND {IMPORTED} AND r.invite AND u.mobile <> ''", parameters
    )
    return int(count)

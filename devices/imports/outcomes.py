"""What becomes of a reviewed row? The rule as SQL conditions over `devices_importrow r`, asked by commit and review.

What becomes of a good row (kind from matching.py; choice: the row's own, else the batch's):

| kind              | replace                              | keep                            | skip     |
|-------------------|--------------------------------------|---------------------------------|----------|
| new               | user and device are made             | the same                        | the same |
| known_user        | user overwritten, device made        | device made for the user        | skipped  |
| known_device      | user and device overwritten          | skipped: nothing to add         | skipped  |
| disenrolled       | both overwritten, pre-approved again | device overwritten, user stays  | skipped  |
| enrolled, blocked | skipped                              | skipped                         | skipped  |
"""

from collections.abc import Mapping

from devices.models import ImportRow
from devices.vocabulary import Duplicates

from .sql import query

Kind = ImportRow.Kind

GOOD = "r.batch_id = %(batch)s AND r.is_good"
CHOICE = "COALESCE(NULLIF(r.decision, ''), %(duplicates)s)"
# The portal has neither the device nor, or only, its user.
CREATES = f"(r.kind = '{Kind.NEW}' OR (r.kind = '{Kind.KNOWN_USER}' AND {CHOICE} <> '{Duplicates.SKIP}'))"
# The device is there, and the row's details take the place of its own.
OVERWRITES = (
    f"((r.kind = '{Kind.KNOWN_DEVICE}' AND {CHOICE} = '{Duplicates.REPLACE}') "
    f"OR (r.kind = '{Kind.DISENROLLED}' AND {CHOICE} <> '{Duplicates.SKIP}'))"
)
IMPORTED = f"({CREATES} OR {OVERWRITES})"
# The user is there already, or may be, and the row's details take the place of theirs.
OVERWRITES_USER = f"({IMPORTED} AND r.kind <> '{Kind.NEW}' AND {CHOICE} = '{Duplicates.REPLACE}')"


def count_outcomes(batch_id: int, duplicates: str) -> dict[str, int]:
    """Count what becomes of the good rows of a batch.

    Args:
        batch_id: the batch.
        duplicates: the batch's choice; empty counts as `skip`.

    Returns:
        `created`, `replaced` and `skipped`; `invited`: rows of the first two whose tick for the invitation is set.
    """
    (counts,) = query(
        f"SELECT count(CASE WHEN {CREATES} THEN 1 END), count(CASE WHEN {OVERWRITES} THEN 1 END), "
        f"count(CASE WHEN NOT {IMPORTED} THEN 1 END), count(CASE WHEN r.invite AND {IMPORTED} THEN 1 END) "
        f"FROM devices_importrow r WHERE {GOOD}",
        {"batch": batch_id, "duplicates": duplicates or Duplicates.SKIP.value},
    )
    return dict(zip(("created", "replaced", "skipped", "invited"), counts, strict=True))


def count_sms(parameters: Mapping[str, object]) -> int:
    """Count the rows that can be invited by SMS, once their device users are written: these have a phone number."""
    ((count,),) = query(
        "SELECT count(*) FROM devices_importrow r "
        "JOIN devices_deviceuser u ON u.domain_id = %(domain)s AND u.email_key = lower(r.email) "
        f"WHERE {GOOD} AND {IMPORTED} AND r.invite AND u.mobile <> ''",
        parameters,
    )
    return int(count)

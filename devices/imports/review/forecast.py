"""What would the import of a reviewed batch do, as its choices stand now? Asked by the review page."""

from dataclasses import dataclass, fields

from django.core.cache import BaseCache

from devices.models import ImportBatch, ImportRow
from devices.vocabulary import Duplicates

from ..outcomes import CREATES, GOOD, IMPORTED, OVERWRITES
from ..sql import query
from .kept_counts import kept_counts

_questions = ", ".join(f"'{kind}'" for kind in sorted(ImportRow.QUESTIONS))
COUNTS = f"""
SELECT count(CASE WHEN {CREATES} THEN 1 END),
       count(CASE WHEN {OVERWRITES} THEN 1 END),
       count(CASE WHEN NOT {IMPORTED} THEN 1 END),
       count(CASE WHEN r.invite AND {IMPORTED} THEN 1 END),
       count(CASE WHEN r.invite AND r.mobile = '' AND {IMPORTED} THEN 1 END),
       count(CASE WHEN r.kind IN ({_questions}) THEN 1 END),
       count(CASE WHEN r.kind IN ({_questions}) AND r.decision = '' THEN 1 END)
FROM devices_importrow r WHERE {GOOD}
"""


@dataclass(frozen=True)
class Forecast:
    """What will become of the good rows.

    Attributes:
        created: devices that will be made.
        replaced: devices that will be overwritten.
        skipped: rows that will change nothing.
        ticked: rows that go in and are ticked for an invitation.
        without_mobile: of these, rows without a phone number.
        duplicates: rows that meet a device user or a device for which there is a choice.
        undecided: of these, rows without a choice of their own.
    """

    created: int
    replaced: int
    skipped: int
    ticked: int
    without_mobile: int
    duplicates: int
    undecided: int

    @property
    def imported(self) -> int:
        return self.created + self.replaced


def forecast(batch: ImportBatch, cache: BaseCache) -> Forecast:
    """Return what the import of `batch` would do; while nothing is chosen for duplicates, as if it were `skip`."""
    parameters = {"batch": batch.pk, "duplicates": batch.duplicates or Duplicates.SKIP.value}

    def count() -> dict[str, int]:
        (numbers,) = query(COUNTS, parameters)
        return dict(zip((field.name for field in fields(Forecast)), map(int, map(str, numbers)), strict=True))

    return Forecast(**kept_counts(batch, cache, {"forecast": parameters}, count))

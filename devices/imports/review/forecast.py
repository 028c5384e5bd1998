"""What would the import of a reviewed batch do, as its choices stand now? Asked by the review page."""

from dataclasses import dataclass

from django.core.cache import BaseCache

from devices.models import ImportBatch, ImportRow
from devices.vocabulary import Duplicates

from ..outcomes import OUTCOMES, count_outcomes
from .kept_counts import kept_counts

_is_question = f"r.kind IN ({', '.join(repr(str(kind)) for kind in sorted(ImportRow.QUESTIONS))})"
CONDITIONS = {
    **OUTCOMES,
    "duplicates": _is_question,
    "undecided": f"{_is_question} AND r.decision = ''",
}


@dataclass(frozen=True)
class Forecast:
    """What will become of the good rows.

    Attributes:
        created: devices that will be made.
        replaced: devices that will be overwritten.
        given: of these, devices of Apple ADE that will get their user.
        skipped: rows that will change nothing.
        invited: rows that go in and are ticked for an invitation.
        duplicates: rows that meet a device user or a device for which there is a choice.
        undecided: of these, rows without a choice of their own.
    """

    created: int
    replaced: int
    given: int
    skipped: int
    invited: int
    duplicates: int
    undecided: int

    @property
    def imported(self) -> int:
        return self.created + self.replaced

    @property
    def overwritten(self) -> int:
        """Devices that will lose details which somebody entered."""
        return self.replaced - self.given


def forecast(batch: ImportBatch, cache: BaseCache) -> Forecast:
    """Return what the import of `batch` would do; while nothing is chosen for duplicates, as if it were `skip`."""
    duplicates = batch.duplicates or Duplicates.SKIP.value

    def count() -> dict[str, int]:
        return count_outcomes(batch.pk, duplicates, CONDITIONS)

    return Forecast(**kept_counts(batch, cache, {"forecast": duplicates}, count))

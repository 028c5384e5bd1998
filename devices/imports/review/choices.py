"""Who gets an invitation, and what happens to which duplicate? Row by row, or for a set of rows at once.

Called by the review page. Each change holds the batch's lock: a commit that begins meanwhile sees all of it or nothing.
"""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from devices.models import ImportBatch, ImportRow

from ..steps import StepError


@contextmanager
def reviewing(batch: ImportBatch) -> Iterator[None]:
    """Open a transaction in which nobody else changes `batch`, which is in review.

    Raises:
        StepError: it is not, or not any more.
    """
    with transaction.atomic():
        # Locks the row, and tells the forecast that its count is old.
        if not batch.move(source=ImportBatch.State.READY, target=ImportBatch.State.READY):
            raise StepError(_("This import is not in review any more."))
        yield


def set_invites(batch: ImportBatch, rows: QuerySet[ImportRow], invite: bool) -> int:
    """Tick or untick `rows` of `batch` for an invitation.

    Returns:
        The number of rows that changed.

    Raises:
        StepError: the batch is not in review.
    """
    with reviewing(batch):
        return rows.order_by().exclude(invite=invite).update(invite=invite)


def set_decisions(batch: ImportBatch, rows: QuerySet[ImportRow], decision: str) -> int:
    """Choose what happens to those of `rows` that meet a device user or a device.

    Args:
        batch: the batch.
        rows: rows of it.
        decision: a choice of `Duplicates`; empty: as chosen for the whole batch.

    Returns:
        The number of rows that changed.

    Raises:
        StepError: the batch is not in review.
    """
    with reviewing(batch):
        known = rows.order_by().filter(kind__in=ImportRow.DECIDABLE)
        return known.exclude(decision=decision).update(decision=decision)


def set_rows(batch: ImportBatch, shown: Set[int], ticked: Set[int], decisions: Mapping[int, str]) -> int:
    """Set what was ticked and chosen on one page of rows.

    Args:
        batch: the batch.
        shown: lines that were on the page.
        ticked: lines that get an invitation; the other lines shown don't.
        decisions: for lines that meet something, the choice.

    Returns:
        The number of changes.

    Raises:
        StepError: the batch is not in review.
    """
    rows = ImportRow.objects.filter(batch=batch, is_good=True)
    with reviewing(batch):
        changed = set_invites(batch, rows.filter(line__in=shown & ticked), True)
        changed += set_invites(batch, rows.filter(line__in=shown - ticked), False)
        for decision in set(decisions.values()):
            lines = [line for line, choice in decisions.items() if choice == decision and line in shown]
            changed += set_decisions(batch, rows.filter(line__in=lines), decision)
    return changed

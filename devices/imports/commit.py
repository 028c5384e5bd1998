"""How do the reviewed rows of a batch become device users and pre-approved devices, all of them or none?

Run by the worker and by `manage.py import_devices`: one transaction of a few set statements (writing.py).
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.approval import end_of_approval
from devices.changes import EACH, WORDS, Action, announce
from devices.groups.membership import refresh
from devices.models import Device, DeviceUser, ImportBatch, ImportRow
from devices.vocabulary import Duplicates

from . import assignments, snapshots, writing
from .bad_rows import keep_bad_rows
from .check import MAX_ATTEMPTS
from .disk_full import is_disk_full
from .mapping import Mapping
from .matching import classify
from .outcomes import DEVICE, GOOD, ROWS, count_outcomes, count_sms
from .reader import UnreadableFileError
from .sql import analyze, make_room, one_at_a_time, query

logger = logging.getLogger(__name__)

Report = Callable[[float], None]

# Sent with `batch` inside the transaction that commits it: what a receiver writes goes in together with the import.
import_committed = Signal()
COMMITTED = "import.committed"
WORDS[COMMITTED] = gettext_lazy("Imported")


class ReviewAgainError(Exception):
    """The portal changed since the review in a way that the administrator has to know; the text says how."""


def run(batch_id: int, report: Report = lambda share: None) -> None:
    """Commit a batch in state `committing`; leaves it `committed`, or `ready` with the reason in `failure`.

    Args:
        batch_id: the batch; another worker's, or one in another state, is left alone.
        report: called with the share that is done, 0 to 1.
    """
    if not _claim(batch_id):
        return
    try:
        with transaction.atomic():
            free = ImportBatch.objects.select_for_update(skip_locked=True, of=("self",))
            batch = free.filter(pk=batch_id, state=ImportBatch.State.COMMITTING).first()
            if batch is None:
                return
            _commit(batch, report)
    except ReviewAgainError as error:
        back_to_review(batch_id, "changed", str(error))
    except UnreadableFileError as error:
        text = _("Nothing was imported, because the rows with errors could not be kept: %(reason)s")
        back_to_review(batch_id, str(error.code), text % {"reason": error})
    except Exception as error:
        logger.exception("import batch %s: the commit failed", batch_id)
        if is_disk_full(error):
            text = _("Nothing was imported: the server's disk is full. Free space on it, then import again.")
            back_to_review(batch_id, "disk_full", text)
            return
        back_to_review(
            batch_id,
            "internal",
            _("Nothing was imported: the import could not be finished. The worker's log says why."),
        )
        raise
    else:
        drop_file(batch)


def _claim(batch_id: int) -> bool:
    """Count one more attempt; False when another worker has the batch, or it was tried too often."""
    with transaction.atomic():
        free = ImportBatch.objects.select_for_update(skip_locked=True)
        batch = free.filter(pk=batch_id, state=ImportBatch.State.COMMITTING).first()
        if batch is None:
            return False
        batch.attempts += 1
        batch.heartbeat_at = timezone.now()
        batch.save(update_fields=["attempts", "heartbeat_at"])
    if batch.attempts > MAX_ATTEMPTS:
        back_to_review(
            batch_id,
            "interrupted",
            _("Nothing was imported: the import was interrupted several times. Look at the worker's log."),
        )
        return False
    return True


def back_to_review(batch_id: int, code: str, message: str) -> None:
    """Put a batch that is being committed back to `ready`, with the reason."""
    batch = ImportBatch.objects.filter(pk=batch_id, state=ImportBatch.State.COMMITTING)
    batch.fall_back(ImportBatch.State.READY, code, message)


def drop_file(batch: ImportBatch) -> None:
    """Remove the uploaded file, which may hold passwords; what stayed behind is in the bad-rows file.

    The batch has forgotten it already: a worker that is killed before leaves a file that retention.py finds.
    """
    if batch.file:
        batch.file.delete(save=False)


def _commit(batch: ImportBatch, report: Report) -> None:
    """Write everything of the batch; the caller's transaction makes it all or nothing."""
    # Between two commits at once, both would find the same device user or serial number to be new.
    one_at_a_time()
    make_room()
    _review_again_if_changed(batch)
    report(0.1)
    now = timezone.now()
    parameters: dict[str, object] = {
        "batch": batch.pk,
        "domain": batch.domain_id,
        "duplicates": batch.duplicates or Duplicates.SKIP.value,
        "now": connection.ops.adapt_datetimefield_value(now),
        "approval_end": connection.ops.adapt_datetimefield_value(end_of_approval(now)),
    }
    counts = count_outcomes(batch.pk, batch.duplicates)
    _write(batch, parameters, counts["created"], report)
    if batch.counts.get("bad"):
        keep_bad_rows(batch)
    counts["ticked"] = counts["invited"]  # whoever is written to later, and how
    if batch.channel == ImportBatch.Channel.NONE:
        counts["invited"] = 0
    elif batch.channel == ImportBatch.Channel.SMS:
        counts["invited"] = count_sms(parameters)
    ImportBatch.objects.filter(pk=batch.pk).update(
        file="",
        state=ImportBatch.State.COMMITTED,
        state_changed_at=now,
        committed_at=now,
        progress=1,
        failure={},
        counts={**batch.counts, **counts},
    )
    batch.committed_at = now
    import_committed.send(sender=ImportBatch, batch=batch)
    _tell(batch, counts)
    report(1.0)


def _tell(batch: ImportBatch, counts: dict[str, int]) -> None:
    """Tell the audit log of the devices; which ones they are, the batch knows where they are many."""
    of_batch: dict[str, Any] = {"domain_id": batch.domain_id, "person": batch.committed_by, "source": batch}
    made = Device.objects.filter(import_batch=batch).order_by("pk")
    ids = list(made.values_list("pk", flat=True)) if counts["created"] <= EACH else []
    announce(Device, Action.CREATED, COMMITTED, ids=ids, count=counts["created"], **of_batch)
    announce(Device, Action.CHANGED, COMMITTED, count=counts["replaced"], **of_batch)


def _write(batch: ImportBatch, parameters: dict[str, object], expected: int, report: Report) -> None:
    """Write users, devices and what is assigned to them.

    Raises:
        ReviewAgainError: what came into the portal meanwhile left another number than `expected` of devices to be made.
    """
    mapped = Mapping.from_json(batch.mapping).filled
    # Most imports meet nothing: nothing to overwrite, and nothing to remember for undo.
    meets = bool(query(f"SELECT 1 FROM {ROWS} WHERE {GOOD} AND r.kind <> '{ImportRow.Kind.NEW}' LIMIT 1", parameters))
    if meets:
        for model in (ImportRow, DeviceUser, Device):
            analyze(model._meta.db_table)  # two imports within a minute: PostgreSQL knows the portal before the first
        snapshots.take(parameters)
    try:
        writing.create_users(parameters, may_exist=meets)
        if meets:
            writing.overwrite_users(parameters, mapped)
        report(0.4)
        created = writing.create_devices(parameters, lambda share: report(0.4 + 0.5 * share))
    except IntegrityError as error:
        logger.warning("import batch %s: %s", batch.pk, error)
        raise ReviewAgainError(_changed()) from error
    if created != expected:
        raise ReviewAgainError(_changed())
    if meets:
        writing.overwrite_devices(parameters, mapped)
    assignments.assign(batch, parameters, mapped)
    refresh(Device.objects.filter(import_batch=batch), are_new=True)
    if meets:
        refresh(snapshots.overwritten(batch))
        snapshots.prune(parameters)


def _changed() -> str:
    return _("Nothing was imported: the portal changed while it was under way. Check the file again.")


def _review_again_if_changed(batch: ImportBatch) -> None:
    """Classify the rows anew.

    Raises:
        ReviewAgainError: rows met something that was not there at the review, and nobody chose what happens then.
    """
    changed = classify(batch)
    # Asked even when no kind changed: a device that was known may have been moved.
    elsewhere = query(
        f"SELECT count(*) FROM {ROWS} {DEVICE} WHERE {GOOD} AND r.kind <> '{ImportRow.Kind.NEW}' "
        "AND d.domain_id <> %(domain)s",
        {"batch": batch.pk, "domain": batch.domain_id},
    )
    if elsewhere != [(0,)]:
        text = _("Nothing was imported: devices of this file came into another domain since the check. Check it again.")
        raise ReviewAgainError(text)
    if "policies" in Mapping.from_json(batch.mapping).filled and (name := assignments.missing_policy(batch.pk)):
        text = _("Nothing was imported: the policy “%(name)s” was removed since the check. Check the file again.")
        raise ReviewAgainError(text % {"name": name})
    if not changed:
        return
    asked = ImportRow.objects.filter(batch=batch, is_good=True, decision="", kind__in=ImportRow.QUESTIONS).count()
    if asked and not batch.duplicates:
        text = ngettext(
            "Nothing was imported: the user or device of %(count)s row came into the portal since the check. "
            "Check the file again, then choose what happens to duplicates.",
            "Nothing was imported: users or devices of %(count)s rows came into the portal since the check. "
            "Check the file again, then choose what happens to duplicates.",
            asked,
        )
        raise ReviewAgainError(text % {"count": asked})

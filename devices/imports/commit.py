"""How do the reviewed rows of a batch become device users and pre-approved devices, all of them or none?

Run by the worker and by `manage.py import_devices`: one transaction of a few set statements.

What becomes of a good row (kind from matching.py; choice: the row's own, else the batch's):

| kind          | replace                     | keep                        | skip    |
|---------------|-----------------------------|-----------------------------|---------|
| new           | user and device are made    | the same                    | the same |
| known_user    | user overwritten, device made | device made for the user  | skipped |
| known_device  | user and device overwritten | skipped: nothing to add     | skipped |
| disenrolled   | both overwritten, pre-approved again | pre-approved again, user stays | skipped |
| enrolled, blocked | skipped                 | skipped                     | skipped |
"""

import logging
from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, ImportBatch, ImportRow
from devices.vocabulary import Duplicates

from . import assignments, snapshots
from .bad_rows import keep_bad_rows
from .check import MAX_ATTEMPTS
from .mapping import Mapping
from .matching import classify
from .sql import execute, make_room, query, spell

logger = logging.getLogger(__name__)

# Lines a statement: a sign of progress every second or so.
STEP_LINES = 25_000

CHOICE = "COALESCE(NULLIF(r.decision, ''), %(duplicates)s)"
# Rows that make a device, or make it pre-approved again.
MAKES = (
    f"(r.kind = '{ImportRow.Kind.NEW}' OR (r.kind IN ('{ImportRow.Kind.KNOWN_USER}', '{ImportRow.Kind.DISENROLLED}') "
    f"AND {CHOICE} <> '{Duplicates.SKIP}'))"
)
# Rows that overwrite a device that is there.
OVERWRITES = f"(r.kind IN ('{ImportRow.Kind.KNOWN_DEVICE}', '{ImportRow.Kind.DISENROLLED}') AND {CHOICE} = '{Duplicates.REPLACE}')"
IMPORTED = f"({MAKES} OR {OVERWRITES})"
# Of these, rows whose user's details are written.
WRITES_USER = f"{IMPORTED} AND (r.kind = '{ImportRow.Kind.NEW}' OR {CHOICE} = '{Duplicates.REPLACE}')"
GOOD = "r.batch_id = %(batch)s AND r.is_good"

Report = Callable[[float], None]


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
    except Exception:
        logger.exception("import batch %s: the commit failed", batch_id)
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
    ImportBatch.objects.filter(pk=batch_id, state=ImportBatch.State.COMMITTING).update(
        state=ImportBatch.State.READY,
        state_changed_at=timezone.now(),
        failure={"code": code, "message": message, "line": None},
    )


def drop_file(batch: ImportBatch) -> None:
    """Remove the uploaded file, which may hold passwords; what stayed behind is in the bad-rows file."""
    if batch.file:
        batch.file.delete(save=False)
        ImportBatch.objects.filter(pk=batch.pk).update(file="")


def _commit(batch: ImportBatch, report: Report) -> None:
    """Write everything of the batch; the caller's transaction makes it all or nothing."""
    make_room()
    now = timezone.now()
    parameters: dict[str, object] = {
        "batch": batch.pk,
        "domain": batch.domain_id,
        "duplicates": batch.duplicates or Duplicates.SKIP.value,
        "now": connection.ops.adapt_datetimefield_value(now),
    }
    _review_again_if_changed(batch)
    report(0.1)
    counts = _outcome(parameters)
    # Most imports overwrite nothing; then nothing has to be remembered for undo.
    if counts["replaced"] or _has_known(parameters):
        snapshots.take(parameters, IMPORTED, WRITES_USER)
    mapped = frozenset(Mapping.from_json(batch.mapping).columns) | frozenset(Mapping.from_json(batch.mapping).fixed)
    _write_users(parameters, mapped)
    report(0.4)
    _write_devices(parameters, mapped, report)
    assignments.assign(batch, parameters, mapped, imported=IMPORTED, overwrites=OVERWRITES)
    snapshots.prune(parameters)
    if batch.counts.get("bad"):
        keep_bad_rows(batch)
    counts["invited"] = _invited(parameters) if batch.channel != ImportBatch.Channel.NONE else 0
    moved = batch.move(
        source=ImportBatch.State.COMMITTING,
        target=ImportBatch.State.COMMITTED,
        committed_at=now,
        progress=1,
        failure={},
        counts={**batch.counts, **counts},
    )
    assert moved, "the batch is locked"
    report(1.0)


def _review_again_if_changed(batch: ImportBatch) -> None:
    """Classify the rows anew.

    Raises:
        ReviewAgainError: rows met something that was not there at the review, and nobody chose what happens then.
    """
    changed = classify(batch)
    if not changed:
        return
    open_questions = (
        ImportRow.objects.filter(batch=batch, is_good=True, decision="")
        .filter(kind__in=(ImportRow.Kind.KNOWN_USER, ImportRow.Kind.KNOWN_DEVICE, ImportRow.Kind.DISENROLLED))
        .count()
    )
    elsewhere = query(
        "SELECT count(*) FROM devices_importrow r JOIN devices_device d ON d.serial_number = r.serial_number "
        f"AND d.platform = r.platform WHERE {GOOD} AND d.domain_id <> %(domain)s",
        {"batch": batch.pk, "domain": batch.domain_id},
    )
    if elsewhere != [(0,)]:
        raise ReviewAgainError(
            _(
                "Nothing was imported: devices of this file came into another domain since the check. Check the file again."
            )
        )
    if open_questions and not batch.duplicates:
        raise ReviewAgainError(
            _(
                "Nothing was imported: device users or devices of %(count)s rows came into the portal since the check. Check the file again, then choose what happens to duplicates."
            )
            % {"count": open_questions}
        )


def _outcome(parameters: dict[str, object]) -> dict[str, int]:
    """Count what will become of the good rows: `created`, `replaced` and `skipped`."""
    rows = query(
        f"SELECT count(CASE WHEN {MAKES} AND NOT {OVERWRITES} THEN 1 END), count(CASE WHEN {OVERWRITES} THEN 1 END), "
        f"count(CASE WHEN NOT {IMPORTED} THEN 1 END) FROM devices_importrow r WHERE {GOOD}",
        parameters,
    )
    return dict(zip(("created", "replaced", "skipped"), map(int, map(str, rows[0])), strict=True))


def _has_known(parameters: dict[str, object]) -> bool:
    return bool(
        query(
            f"SELECT 1 FROM devices_importrow r WHERE {GOOD} AND r.kind <> '{ImportRow.Kind.NEW}' LIMIT 1", parameters
        )
    )


def _invited(parameters: dict[str, object]) -> int:
    rows = query(f"SELECT count(*) FROM devices_importrow r WHERE {GOOD} AND r.invite AND {IMPORTED}", parameters)
    return int(str(rows[0][0]))


def _write_users(parameters: dict[str, object], mapped: frozenset[str]) -> None:
    """Make the users of the imported rows, or overwrite them; of several rows with one address the last one tells."""
    written = ["name", "email"] + [field for field in ("sam_account_name", "mobile") if field in mapped]
    now = f"CAST(%(now)s AS {spell('timestamp')})"
    insert = (
        "INSERT INTO devices_deviceuser (domain_id, name, email, sam_account_name, mobile, import_batch_id, created_at, updated_at) "
        f"SELECT %(domain)s, name, email, sam_account_name, mobile, %(batch)s, {now}, {now} FROM "
        "(SELECT r.*, row_number() OVER (PARTITION BY lower(r.email) ORDER BY r.line DESC) AS nth "
        f"FROM devices_importrow r WHERE {GOOD} AND {{condition}}) AS last WHERE nth = 1 "
        "ON CONFLICT (domain_id, email_key) {action}"
    )
    update = (
        f"DO UPDATE SET {', '.join(f'{field} = excluded.{field}' for field in written)}, updated_at = excluded.updated_at WHERE "
        + " OR ".join(f"devices_deviceuser.{field} <> excluded.{field}" for field in written)
    )
    execute(insert.format(condition=WRITES_USER, action=update), parameters)
    # A device that was disenrolled may be given to somebody new while users that are there stay as they are.
    execute(
        insert.format(condition=f"r.kind = '{ImportRow.Kind.DISENROLLED}' AND {IMPORTED}", action="DO NOTHING"),
        parameters,
    )


def _write_devices(parameters: dict[str, object], mapped: frozenset[str], report: Report) -> None:
    """Make the devices of the imported rows, or overwrite them, some lines at a time; only mapped fields are overwritten."""
    changes = {
        "ownership": "excluded.ownership",
        "user_id": "excluded.user_id",
        "status": "excluded.status",
        "custom_attributes": spell(
            "merge", left="devices_device.custom_attributes", right="excluded.custom_attributes"
        ),
    }
    if "device_name" in mapped:
        changes["name"] = "excluded.name"
    if "password" in mapped:  # an empty cell keeps it: no export holds passwords
        changes["one_time_password"] = "COALESCE(excluded.one_time_password, devices_device.one_time_password)"
    differs = " OR ".join(f"devices_device.{field} IS DISTINCT FROM {value}" for field, value in changes.items())
    now = f"CAST(%(now)s AS {spell('timestamp')})"
    untouchable = ", ".join(f"'{status}'" for status in sorted(Device.UNTOUCHABLE))
    statement = (
        "INSERT INTO devices_device (serial_number, platform, ownership, name, status, source, domain_id, user_id, "
        "custom_attributes, one_time_password, approval_expires_at, import_batch_id, created_at, updated_at) "
        f"SELECT r.serial_number, r.platform, r.ownership, r.device_name, '{Device.Status.PRE_APPROVED}', '{Device.Source.IMPORT}', "
        f"%(domain)s, u.id, COALESCE(r.custom_attributes, {spell('no_attributes')}), r.one_time_password, NULL, %(batch)s, {now}, {now} "
        "FROM devices_importrow r JOIN devices_deviceuser u ON u.domain_id = %(domain)s AND u.email_key = lower(r.email) "
        f"WHERE {GOOD} AND {IMPORTED} AND r.line BETWEEN %(first)s AND %(last)s "
        "ON CONFLICT (serial_number, platform) DO UPDATE SET "
        f"{', '.join(f'{field} = {value}' for field, value in changes.items())}, updated_at = excluded.updated_at "
        f"WHERE devices_device.status NOT IN ({untouchable}) AND ({differs})"
    )
    last_line = int(
        str(query("SELECT COALESCE(max(line), 0) FROM devices_importrow WHERE batch_id = %(batch)s", parameters)[0][0])
    )
    for first in range(1, last_line + 1, STEP_LINES):
        execute(statement, {**parameters, "first": first, "last": first + STEP_LINES - 1})
        report(0.4 + 0.5 * min(1.0, (first + STEP_LINES) / last_line))

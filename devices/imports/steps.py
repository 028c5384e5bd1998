"""What does each step of the wizard do to a batch?

Called by the wizard's views and by `manage.py import_devices`. A step that takes long only sets the state and tells a
worker; who finds the batch in another state than expected gets a StepError that says so.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import IO

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Case, When
from django.utils.translation import gettext as _

from devices.models import DeviceGroup, Domain, ImportBatch, ImportRow, Policy

from . import staging
from .check import file_limits
from .clean import Fixes
from .dispatch import publish
from .file_store import FILE_FIELDS, header_row, store
from .mapping import Mapping, Suggestion, fingerprint, suggest
from .reader import FileFormat, TableReader, preview

State = ImportBatch.State
SAMPLE_ROWS = 8


class StepError(Exception):
    """The batch can't take this step now; the text says why and what to do."""


def upload(
    domain: Domain, content: IO[bytes], name: str, user: AbstractBaseUser | None, *, validate_only: bool = False
) -> ImportBatch:
    """Store an uploaded file as a new batch in state `uploaded`.

    Args:
        domain: the directory that the device users belong to.
        content: the file's bytes.
        name: its name, as the browser or the command line tells it.
        user: who uploads.
        validate_only: nothing will be imported.

    Raises:
        UnreadableFileError: it is no table; nothing is kept.
    """
    batch = ImportBatch(domain=domain, created_by=user, validate_only=validate_only)  # type: ignore[misc]
    store(batch, content, name)
    batch.save()
    return batch


def upload_again(batch: ImportBatch, content: IO[bytes], name: str) -> bool:
    """Replace the file of an open batch; domain, mapping and choices stay.

    Returns:
        True when the mapping fits the new file, so that the check can begin.

    Raises:
        UnreadableFileError: it is no table; the batch keeps the old file.
        StepError: the batch is not open.
    """
    _must_be_open(batch)
    old_file, old_headers, old_mapping = batch.file.name, list(batch.headers), Mapping.from_json(batch.mapping)
    store(batch, content, name)
    mapping = old_mapping.moved(old_headers, batch.headers) if batch.mapping else None
    fits = mapping is not None and not mapping.problems(batch.headers)
    batch.mapping = mapping.to_json() if fits and mapping else {}
    moved = batch.move(
        source=ImportBatch.OPEN,
        target=State.MAPPED if fits else State.UPLOADED,
        failure={},
        counts={},
        **{field: getattr(batch, field) for field in FILE_FIELDS},
    )
    if not moved:
        batch.file.delete(save=False)
        raise StepError(_not_open())
    if old_file:
        batch.file.storage.delete(old_file)
    return fits


def change_format(batch: ImportBatch, file_format: FileFormat) -> None:
    """Read the file in another way than was detected; the mapping begins anew.

    Raises:
        UnreadableFileError: it can't be read that way.
        StepError: the batch is not open.
    """
    _must_be_open(batch)
    with TableReader(Path(batch.file.path), file_format, limits=file_limits()) as reader:
        headers = header_row(reader)
    changes = {"file_format": file_format.to_json(), "headers": headers, "header_fingerprint": fingerprint(headers)}
    if not batch.move(source=ImportBatch.OPEN, target=State.UPLOADED, mapping={}, failure={}, **changes):
        raise StepError(_not_open())


def suggestion(batch: ImportBatch) -> Suggestion:
    """Return the mapping that fits the headers: the last one that was used for them, else what can be recognised.

    One of the same domain is preferred. From another domain come the columns only: a value for all rows may name a
    person or a group of it.

    Raises:
        UnreadableFileError: the file is not there any more, or can't be read.
    """
    last = (
        ImportBatch.objects.filter(header_fingerprint=batch.header_fingerprint).exclude(mapping={}).exclude(pk=batch.pk)
    )
    own_first = last.order_by(Case(When(domain=batch.domain_id, then=0), default=1), "-state_changed_at")
    found, domain_id = own_first.values_list("mapping", "domain_id").first() or ({}, None)
    if domain_id != batch.domain_id:
        found = found and {**found, "fixed": {}}
    sample = preview(
        Path(batch.file.path), FileFormat.from_json(batch.file_format), limits=file_limits(), rows=SAMPLE_ROWS
    )
    if sample.problem is not None:
        raise sample.problem
    return suggest(batch.headers, sample.rows, Mapping.from_json(found) if found else None)


def save_mapping(batch: ImportBatch, mapping: Mapping) -> None:
    """Set which column fills which field; state `mapped`.

    Raises:
        StepError: the mapping has problems, or the batch is not open.
    """
    if wrong := mapping.problems(batch.headers):
        raise StepError(" ".join(str(problem.message) for problem in wrong))
    if not batch.move(source=ImportBatch.OPEN, target=State.MAPPED, mapping=mapping.to_json(), failure={}):
        raise StepError(_not_open())


def start_check(batch: ImportBatch, *, tell_worker: bool = True) -> None:
    """Let a mapped batch be checked, or one that was checked before be checked anew.

    Raises:
        StepError: it has no mapping, or is not open.
    """
    if not batch.mapping:
        raise StepError(_("Map the columns first."))
    if not batch.file:
        raise StepError(_("The uploaded file was removed. Upload it again."))
    _begin(batch, ImportBatch.OPEN - {State.UPLOADED}, State.CHECKING, tell_worker, rows_done=0)


def stop_check(batch: ImportBatch) -> None:
    """Stop a check; the batch goes back to `mapped`, and its worker notices at the next chunk.

    Raises:
        StepError: it is not being checked.
    """
    if not batch.move(source=State.CHECKING, target=State.MAPPED):
        raise StepError(_("The check is over already."))


def add_fix(batch: ImportBatch, code: str, field: str, value: str, replacement: str) -> None:
    """Allow one change of values in all rows; the caller starts the check anew.

    Raises:
        StepError: serial numbers may only be trimmed, or the batch is not open.
    """
    if field in ("serial_number", "password") and replacement.strip() != value.strip():
        raise StepError(_("Serial numbers and passwords are never changed. Correct the file."))
    fixes = Fixes.from_json(batch.fixes).adding(code, field, value, replacement)
    if not batch.move(source=ImportBatch.OPEN - {State.UPLOADED}, target=State.MAPPED, fixes=fixes.to_json()):
        raise StepError(_not_open())


def drop_fixes(batch: ImportBatch) -> None:
    """Take back all changes of values; the caller starts the check anew.

    Raises:
        StepError: the batch is not open.
    """
    if not batch.move(source=ImportBatch.OPEN - {State.UPLOADED}, target=State.MAPPED, fixes={}):
        raise StepError(_not_open())


def choose(
    batch: ImportBatch,
    *,
    duplicates: str,
    channel: str,
    accept_good_rows: bool,
    groups: Iterable[DeviceGroup] = (),
    policies: Iterable[Policy] = (),
) -> None:
    """Set what was chosen in the review for the whole batch.

    Raises:
        StepError: the batch is not in review.
    """
    changes = {"duplicates": duplicates, "channel": channel, "accept_good_rows": accept_good_rows}
    with transaction.atomic():
        if not batch.move(source=State.READY, target=State.READY, **changes):
            raise StepError(_("This import is not in review any more."))
        batch.groups.set(groups)
        batch.policies.set(policies)


def obstacles(batch: ImportBatch) -> list[str]:
    """Return why a reviewed batch can't be committed, each as a sentence for the administrator; empty: it can."""
    found = []
    if batch.validate_only:
        found.append(_("This file was uploaded to be checked only. Upload it again to import it."))
    if not batch.file:
        found.append(_("The uploaded file was removed. Upload it again."))
    elif not batch.counts.get("good"):
        found.append(_("There is no row without errors. Correct the file and upload it again."))
    elif batch.counts.get("bad") and not batch.accept_good_rows:
        found.append(
            _("There are rows with errors. Correct the file and upload it again, or import the good rows only.")
        )
    rows = ImportRow.objects.filter(batch=batch, is_good=True, kind__in=ImportRow.QUESTIONS, decision="")
    # Spares most files a look at all rows.
    has_questions = any(batch.counts.get("kinds", {}).get(kind) for kind in ImportRow.QUESTIONS)
    if not batch.duplicates and has_questions and rows.exists():
        found.append(_("Some device users or devices are in the portal already. Choose what happens to them."))
    return found


def start_commit(batch: ImportBatch, user: AbstractBaseUser | None, *, tell_worker: bool = True) -> None:
    """Let a reviewed batch be imported.

    Raises:
        StepError: something stands in the way, or somebody else started it already.
    """
    if wrong := obstacles(batch):
        raise StepError(" ".join(wrong))
    _begin(batch, frozenset({State.READY}), State.COMMITTING, tell_worker, committed_by=user)


def start_undo(batch: ImportBatch, user: AbstractBaseUser | None, *, tell_worker: bool = True) -> None:
    """Let a committed batch be taken back.

    Raises:
        StepError: it is not committed, or can't be undone any more.
    """
    if not batch.rows.exists() and batch.counts.get("rows"):
        raise StepError(_("This import is too old to be undone: its rows were removed."))
    _begin(batch, frozenset({State.COMMITTED}), State.UNDOING, tell_worker, undone_by=user)


def discard(batch: ImportBatch) -> None:
    """Remove an open batch, its rows and its file; nothing of it was imported.

    Raises:
        StepError: the batch is not open.
    """
    _must_be_open(batch)
    file, storage = batch.file.name, batch.file.storage
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().filter(pk=batch.pk, state__in=ImportBatch.OPEN)
        if not locked.exists():
            raise StepError(_not_open())
        staging.remove(batch.pk)
        locked.delete()
    if file:
        storage.delete(file)


def _begin(batch: ImportBatch, source: frozenset[str], target: str, tell_worker: bool, **changes: object) -> None:
    """Move a batch to a state that a worker has to see, and tell one after the commit."""
    fresh: dict[str, object] = {"heartbeat_at": None, "attempts": 0, "progress": 0, "failure": {}}
    if not batch.move(source=source, target=target, **fresh, **changes):
        raise StepError(_("This import has moved on in the meantime. Load the page again."))
    if tell_worker:
        transaction.on_commit(partial(publish, batch.pk, target))


def _must_be_open(batch: ImportBatch) -> None:
    if not batch.is_open:
        raise StepError(_not_open())


def _not_open() -> str:
    return _("This import can't be changed now. Load the page again to see how far it is.")

"""What is in the file of a batch, and what is wrong with it? Fills the staging tables from the file.

Run by the worker and by `manage.py import_devices`. It begins anew each time: a killed one leaves nothing that counts.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.approval import excluded_platforms
from devices.models import DeviceGroup, ImportBatch, ImportRow, Policy

from . import matching, passwords, staging
from .clean import Chunk, Cleaner, Fixes, column_name
from .columns import BY_FIELD
from .columns.cells import CellContext
from .disk_full import is_disk_full
from .mapping import Mapping
from .reader import FileFormat, Limits, TableReader, UnreadableFileError
from .sql import analyze, dont_wait_for_the_disk, make_room

logger = logging.getLogger(__name__)

# Large enough that the work on a chunk outweighs its transaction, small enough for a few MB.
CHUNK_ROWS = 5_000
# A check gives a sign with each chunk; without one for so long, its worker is gone.
STALE_AFTER = timedelta(seconds=20)
# As often a step is begun again by another worker before somebody is asked to look.
MAX_ATTEMPTS = 5


class LostBatchError(Exception):
    """Another worker has this batch, or somebody stopped it."""


class StoppedCheckError(Exception):
    """The file can be read, but the check can't go on; `code` and `message` say why and what to do."""

    line = None

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def file_limits() -> Limits:
    """Return the limits of an uploaded file, from the settings."""
    return Limits(
        rows=settings.HEXENROLL_IMPORT_MAX_ROWS,
        bytes=settings.HEXENROLL_IMPORT_MAX_BYTES,
        columns=settings.HEXENROLL_IMPORT_MAX_COLUMNS,
        cell=settings.HEXENROLL_IMPORT_MAX_CELL,
        unpacked_bytes=settings.HEXENROLL_IMPORT_MAX_XLSX_BYTES,
    )


def run(batch_id: int) -> None:
    """Check a batch in state `checking`; leaves it `ready`, or `failed` with the reason.

    Returns quietly if another worker has the batch.
    """
    batch = _claim(batch_id)
    if batch is None:
        return
    try:
        if batch.attempts > MAX_ATTEMPTS:
            raise StoppedCheckError(
                "interrupted", _("The check was interrupted several times. Look at the worker's log, then try again.")
            )
        staging.set_choices_aside(batch.pk)
        _stage(batch)
        _finish(batch)
    except LostBatchError:
        logger.info("import batch %s: another worker has it", batch.pk)
    except (UnreadableFileError, StoppedCheckError) as error:
        fail(batch, str(error.code), str(error.message), error.line)
    except Exception as error:
        logger.exception("import batch %s: the check failed", batch.pk)
        if is_disk_full(error):
            fail(batch, "disk_full", _("The server's disk is full. Free space on it, then check the file again."))
        elif isinstance(error, OSError):
            text = _("The file can't be read on the server (%(reason)s). Upload it again.")
            fail(batch, "file_error", text % {"reason": error.strerror})
        else:
            fail(batch, "internal", _("The check could not be finished. The worker's log says why; then try again."))
            raise


def fail(batch: ImportBatch, code: str, message: str, line: int | None = None) -> None:
    """Put a batch that is being checked into state `failed`, with the reason."""
    mine = ImportBatch.objects.filter(pk=batch.pk, run=batch.run, state=ImportBatch.State.CHECKING)
    mine.fall_back(ImportBatch.State.FAILED, code, message, line)


def _claim(batch_id: int) -> ImportBatch | None:
    """Take a batch in hand, unless another worker gave a sign lately."""
    stale = Q(heartbeat_at=None) | Q(heartbeat_at__lt=timezone.now() - STALE_AFTER)
    with transaction.atomic():
        # Locked by a worker that is in the last step, which gives no signs: that one is alive.
        free = ImportBatch.objects.select_for_update(skip_locked=True).filter(stale, pk=batch_id)
        batch = free.filter(state=ImportBatch.State.CHECKING).first()
        if batch is None:
            return None
        batch.run += 1
        batch.attempts += 1
        batch.heartbeat_at = timezone.now()
        batch.save(update_fields=["run", "attempts", "heartbeat_at"])
    return batch


@contextmanager
def _holding(batch: ImportBatch, **changes: object) -> Iterator[None]:
    """Open a transaction in which this worker, and no other, has the batch.

    Raises:
        LostBatchError: it has not; nothing may be written.
    """
    with transaction.atomic():
        mine = ImportBatch.objects.filter(pk=batch.pk, run=batch.run, state=ImportBatch.State.CHECKING)
        if not mine.update(heartbeat_at=timezone.now(), **changes):
            raise LostBatchError(batch.pk)
        yield


def cell_context(batch: ImportBatch) -> CellContext:
    """Return what the rules for a cell need to know of the portal."""
    return CellContext(
        phone_region=batch.domain.phone_region or settings.HEXENROLL_PHONE_REGION,
        excluded_platforms=excluded_platforms(),
        policies=frozenset(Policy.objects.values_list("name", flat=True)),
        groups=frozenset(DeviceGroup.objects.values_list("name", flat=True)),
        ruled_groups=frozenset(DeviceGroup.objects.ruled().values_list("name", flat=True)),
    )


def _stage(batch: ImportBatch) -> None:
    """Read the file, clean its rows and write them, and every problem, to the staging tables."""
    with _holding(batch, rows_done=0, progress=0):
        staging.clear(batch.pk)
    with TableReader(Path(batch.file.path), FileFormat.from_json(batch.file_format), limits=file_limits()) as reader:
        mapping = Mapping.from_json(batch.mapping)
        if wrong := mapping.problems(reader.header):
            raise StoppedCheckError(
                "mapping", _("The mapping does not fit the file: %(reason)s") % {"reason": wrong[0].message}
            )
        cleaner = Cleaner(
            reader.header,
            mapping,
            Fixes.from_json(batch.fixes),
            cell_context(batch),
            passwords.encrypt,
            passwords.unseal,
        )
        rows, done = iter(reader), 0
        while chunk := list(islice(rows, CHUNK_ROWS)):
            lines, cells = zip(*chunk, strict=True)
            cleaned = cleaner.clean(lines, list(cells))
            done += len(chunk)
            # The set queries still to come are about a tenth of the work.
            with _holding(batch, rows_done=done, progress=0.9 * reader.progress):
                # Whatever a crash takes back, the check begins anew; its last transaction waits for all before it.
                dont_wait_for_the_disk()
                _write(batch, cleaned)


def _write(batch: ImportBatch, chunk: Chunk) -> None:
    """Write a chunk to the staging tables."""
    count = len(chunk.lines)
    nothing, empty = [None] * count, [""] * count
    lists = {"one_time_password": "password", "groups": "groups", "policies": "policies"}
    values: dict[str, Sequence[object]] = {
        "batch_id": [batch.pk] * count,
        "line": chunk.lines,
        **{field: chunk.columns.get(field, empty) for field in staging.TEXT_COLUMNS},
        **{name: [value or None for value in chunk.columns.get(field, nothing)] for name, field in lists.items()},
        "custom_attributes": chunk.attributes or nothing,
        "is_good": [line not in chunk.bad_lines for line in chunk.lines] if chunk.bad_lines else [True] * count,
        "kind": [ImportRow.Kind.NEW.value] * count,
        "decision": empty,
        "invite": [True] * count,
    }
    staging.write_rows(zip(*(values[name] for name in staging.ROW_COLUMNS), strict=True))
    if chunk.problems:
        staging.write_problems((batch.pk, *problem) for problem in chunk.problems)


def _finish(batch: ImportBatch) -> None:
    """Hold the staged rows against each other and the portal; count; leave the batch `ready`."""
    analyze(ImportRow._meta.db_table)
    with _holding(batch):
        make_room()
        column = column_name(BY_FIELD["serial_number"], Mapping.from_json(batch.mapping), batch.headers)
        matching.find_repeats(batch, column)
        matching.find_known(batch, column)
        if matching.classify(batch):
            analyze(ImportRow._meta.db_table)  # the commit chooses its rows by kind
        staging.restore_choices(batch.pk)
        counts = count_rows(batch)
        moved = batch.move(
            source=ImportBatch.State.CHECKING,
            target=ImportBatch.State.READY,
            counts=counts,
            progress=1,
            failure={},
            rows_done=counts["rows"],
        )
        if not moved:
            raise LostBatchError(batch.pk)


def count_rows(batch: ImportBatch) -> dict[str, object]:
    """Count what was staged.

    Returns:
        Rows: `rows`, `good`, `bad`, by `kinds`. Problems: `errors`, `warnings`, by `codes`, by `fields`.
    """
    groups = list(
        ImportRow.objects.filter(batch=batch).order_by().values_list("is_good", "kind").annotate(Count("line"))
    )
    problems = batch.problems.order_by().values_list("severity", "code", "field").annotate(Count("id"))
    fields = {f"{severity}:{code}:{field}": count for severity, code, field, count in problems}
    codes: Counter[str] = Counter()
    for key, count in fields.items():
        codes[key.rpartition(":")[0]] += count
    return {
        "rows": sum(count for _good, _kind, count in groups),
        "good": sum(count for is_good, _kind, count in groups if is_good),
        "bad": sum(count for is_good, _kind, count in groups if not is_good),
        "kinds": {kind: count for is_good, kind, count in groups if is_good},
        "errors": sum(count for key, count in codes.items() if key.startswith("error:")),
        "warnings": sum(count for key, count in codes.items() if key.startswith("warning:")),
        "codes": dict(codes),
        "fields": fields,
    }

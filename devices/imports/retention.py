"""How long are files and rows of an import kept? Asked by the clock, once a day."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from devices.models import GroupImport, GroupImportLine, GroupImportMember, ImportBatch

from . import staging

logger = logging.getLogger(__name__)

# An upload that is being stored has no batch yet.
ORPHAN_AFTER = timedelta(days=1)


def forget() -> int:
    """Remove the rows, files and snapshots of batches that nobody touched for HEXENROLL_IMPORT_KEEP_DAYS days.

    The batch itself stays in the history, with its counts; an open one can be checked again after a new upload.

    Returns:
        The number of batches.
    """
    before = timezone.now() - timedelta(days=settings.HEXENROLL_IMPORT_KEEP_DAYS)
    old = ImportBatch.objects.filter(state_changed_at__lt=before).exclude(state__in=ImportBatch.IN_WORK)
    count = 0
    for batch in old.exclude(file="", bad_rows_file="", header_fingerprint="").iterator(chunk_size=100):
        staging.remove(batch.pk)
        batch.snapshots.all().delete()
        for file in (batch.file, batch.bad_rows_file):
            if file:
                file.delete(save=False)
        ImportBatch.objects.filter(pk=batch.pk).update(file="", bad_rows_file="", header_fingerprint="")
        count += 1
    _forget_groups(before)
    _remove_orphans()
    return count


def _forget_groups(before: datetime) -> None:
    """Do the same for files of groups."""
    old = GroupImport.objects.filter(state_changed_at__lt=before).exclude(state__in=GroupImport.IN_WORK)
    for batch in old.exclude(file="", bad_rows_file="", header_fingerprint="").iterator(chunk_size=100):
        for model in (GroupImportLine, GroupImportMember):
            model.objects.filter(batch=batch).delete()
        for file in (batch.file, batch.bad_rows_file):
            if file:
                file.delete(save=False)
        GroupImport.objects.filter(pk=batch.pk).update(file="", bad_rows_file="", header_fingerprint="")


def _remove_orphans() -> None:
    """Remove files of no batch: of an upload whose server was killed, or of a commit that was rolled back."""
    root = Path(settings.IMPORT_ROOT)
    before = (timezone.now() - ORPHAN_AFTER).timestamp()
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or path.stat().st_mtime > before:
            continue
        known = Q(file=name) | Q(bad_rows_file=name)
        if not any(model.objects.filter(known).exists() for model in (ImportBatch, GroupImport)):
            logger.info("removing %s, which belongs to no import", name)
            path.unlink(missing_ok=True)
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        if path.is_file() and path.stat().st_mtime <= before:
            logger.info("removing %s, which an upload left behind", path.name)
            path.unlink(missing_ok=True)

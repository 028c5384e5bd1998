"""How is an uploaded file kept, and what is known of it? Called by steps.py."""

import hashlib
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from django.conf import settings
from django.core.files import File

from devices.models import GroupImport, ImportBatch

from .check import file_limits
from .columns.cells import plain_text
from .mapping import fingerprint
from .reader import Limits, TableReader, detect

# What changes with a batch's file.
FILE_FIELDS = ("file", "file_name", "file_size", "sha256", "file_format", "headers", "header_fingerprint", "mapping")


def store(batch: ImportBatch | GroupImport, content: IO[bytes], name: str, limits: Limits | None = None) -> None:
    """Write the bytes to the private store and set what is known of them on `batch`, unsaved.

    Args:
        batch: an import of devices or of groups.
        content: the file's bytes.
        name: its name, as the browser or the command line tells it.
        limits: of the file; None: those of files of devices.

    Raises:
        UnreadableFileError: it is no table; nothing is kept.
    """
    limits = limits or file_limits()
    digest, size = hashlib.sha256(), 0
    name = "".join(character for character in Path(name).name if character.isprintable())
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=Path(name).suffix[:10]) as copy:
        while block := content.read(1 << 20):
            digest.update(block)
            size += len(block)
            copy.write(block)
            if size > limits.bytes:
                break  # detect() says it, with the limit
        copy.flush()
        file_format = detect(Path(copy.name), limits=limits)
        with TableReader(Path(copy.name), file_format, limits=limits) as reader:
            batch.headers = header_row(reader)
        copy.seek(0)
        batch.file.save(f"{digest.hexdigest()[:16]}{Path(name).suffix[:10]}", File(copy), save=False)
    batch.file_name = name[:255] or "upload"
    batch.file_size, batch.sha256 = size, digest.hexdigest()
    batch.file_format, batch.header_fingerprint = file_format.to_json(), fingerprint(batch.headers)


def header_row(reader: TableReader) -> list[str]:
    """Return the header row as it is stored, and as it was before a file of hexenroll's own made it harmless."""
    return [plain_text(header).replace("\x00", "␀") for header in reader.header]

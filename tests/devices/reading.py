"""How the tests of the reader read: files from bytes, with limits that a test may change."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from devices.imports.reader import FileFormat, Limits, TableReader, detect

LIMITS = Limits(rows=2_000_000, bytes=1 << 28, columns=200, cell=10_000, unpacked_bytes=1 << 30)
Save = Callable[[bytes], Path]


def read(path: Path, file_format: FileFormat | None = None, limits: Limits = LIMITS) -> list[tuple[int, list[str]]]:
    """Return the header and all rows with their line numbers; the format is detected unless given."""
    with TableReader(path, file_format or detect(path, limits=limits), limits=limits) as table:
        return [(table.header_line, table.header), *table]


def cells(path: Path, file_format: FileFormat | None = None) -> list[list[str]]:
    """Return the cells of the header and all rows."""
    return [row for _line, row in read(path, file_format)]


def limits(**changes: Any) -> Limits:
    """Return the usual limits, some of them changed."""
    return replace(LIMITS, **changes)

"""Which rows stayed behind, as a file that can be corrected and uploaded as it is?

Asked by the check page and the commit. The file has `line` and `reason` in front; passwords in it are sealed.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile

from django.core.files import File

from devices import csv_file
from devices.models import GroupImport, ImportBatch

from .check import file_limits
from .columns import BAD_ROW_HEADERS
from .columns.cells import neutralise, plain_text
from .columns.serial_numbers import SPREADSHEET_DIGITS
from .mapping import Mapping
from .passwords import seal
from .problems import message
from .reader import FileFormat, FormulaCell, Limits, NumberCell, TableReader


def lines(batch: ImportBatch | GroupImport, limits: Limits | None = None) -> Iterator[str]:
    """Return the file's text, line by line.

    Args:
        batch: an import of devices or of groups, with its problems.
        limits: of its file; None: those of files of devices.

    Raises:
        UnreadableFileError: the uploaded file is not there any more.
    """
    limits = limits or file_limits()
    file_format = FileFormat.from_json(batch.file_format)
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=file_format.delimiter or ",")

    def taken() -> str:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        # Half a character, which only a workbook can hold, can be written nowhere.
        return text.encode("utf-8", "replace").decode()

    passwords = Mapping.from_json(batch.mapping).columns.get("password", ())
    with TableReader(Path(batch.file.path), file_format, limits=limits) as reader:
        writer.writerow([*BAD_ROW_HEADERS, *(neutralise(plain_text(name)) for name in reader.header)])
        yield csv_file.MARK + taken()
        rows = iter(reader)
        for line, reasons in _reasons(batch):
            cells = next(list(row) for number, row in rows if number == line)
            # In a row that is shifted to the right, the password stands in one of the cells that follow.
            shift = max(0, len(cells) - len(reader.header))
            for index in (place for first in passwords for place in range(first, first + shift + 1)):
                if index < len(cells):
                    cells[index] = seal(cells[index])
            writer.writerow([line, " ".join(reasons), *(neutralise(plain_text(_as_text(cell))) for cell in cells)])
            yield taken()


def _as_text(cell: str) -> str:
    """Return a cell so that what was wrong with it in a workbook is wrong in the file too, until it is corrected."""
    if isinstance(cell, FormulaCell):
        return ""
    if isinstance(cell, NumberCell) and cell.isdecimal() and len(cell) > SPREADSHEET_DIGITS:
        return f"{cell[0]}.{cell[1:].rstrip('0') or '0'}E+{len(cell) - 1}"
    return str(cell)


def _reasons(batch: ImportBatch | GroupImport) -> Iterator[tuple[int, Iterable[str]]]:
    """Return the lines that have errors, in order, with their messages."""
    errors = batch.problems.errors().order_by("line", "id")
    columns = ("line", "code", "column", "value", "detail")
    for line, problems in groupby(
        errors.values_list(*columns).iterator(chunk_size=2_000), key=lambda problem: problem[0]
    ):
        yield (
            line,
            [
                message(code, column=column, value=value, detail=detail)
                for _line, code, column, value, detail in problems
            ],
        )


def keep_bad_rows(batch: ImportBatch | GroupImport, limits: Limits | None = None) -> None:
    """Store the file with the batch, because the uploaded one goes when the good rows are imported."""
    with TemporaryFile() as store:
        for line in lines(batch, limits):
            store.write(line.encode())
        store.seek(0)
        batch.bad_rows_file.save(f"{batch.pk}-bad-rows.csv", File(store), save=False)
    type(batch)._default_manager.filter(pk=batch.pk).update(bad_rows_file=batch.bad_rows_file.name)

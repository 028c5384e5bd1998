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

from devices.models import ImportBatch

from .cells import neutralise
from .check import file_limits
from .mapping import Mapping
from .passwords import seal
from .problems import message
from .reader import FileFormat, TableReader

HEADERS = ("line", "reason")


def lines(batch: ImportBatch) -> Iterator[str]:
    """Return the file's text, line by line.

    Raises:
        UnreadableFileError: the uploaded file is not there any more.
    """
    file_format = FileFormat.from_json(batch.file_format)
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=file_format.delimiter or ",")

    def taken() -> str:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    passwords = Mapping.from_json(batch.mapping).columns.get("password", ())
    with TableReader(Path(batch.file.path), file_format, limits=file_limits()) as reader:
        writer.writerow([*HEADERS, *map(neutralise, reader.header)])
        yield "\ufeff" + taken()
        rows = iter(reader)
        for line, reasons in _reasons(batch):
            cells = next(list(row) for number, row in rows if number == line)
            for index in passwords:
                if index < len(cells):
                    cells[index] = seal(cells[index])
            writer.writerow([line, " ".join(reasons), *map(neutralise, cells)])
            yield taken()


def _reasons(batch: ImportBatch) -> Iterator[tuple[int, Iterable[str]]]:
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


def keep_bad_rows(batch: ImportBatch) -> None:
    """Store the file with the batch, because the uploaded one goes when the good rows are imported."""
    with TemporaryFile() as store:
        for line in lines(batch):
            store.write(line.encode())
        store.seek(0)
        batch.bad_rows_file.save(f"{batch.pk}-bad-rows.csv", File(store), save=False)
    ImportBatch.objects.filter(pk=batch.pk).update(bad_rows_file=batch.bad_rows_file.name)

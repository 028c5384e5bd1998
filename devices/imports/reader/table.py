"""Which rows does a table hold, in whichever format it is? `TableReader` reads it, `preview` shows how it begins."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from .delimited import DelimitedRows
from .file_format import FileFormat, Limits
from .file_problems import FileProblem, UnreadableFileError
from .worksheet import SheetRows


class TableReader:
    """An open table; iterating yields (line, cells) of each row with data, once.

    `line` is the row's number as a spreadsheet shows it. Cells are as they stand in the file: a row may have fewer or
    more than the header. Cells of a workbook that weren't text are `NumberCell`, `DateCell`, `FormulaCell` or
    `ErrorCell`, all of them `str`.

    Args:
        path: the uploaded file.
        file_format: how to read it.
        limits: what is too much.

    Attributes:
        header: names of the columns; "Column 1" and so on when the file has none.
        header_line: row number of the header; 0 when the file has none.

    Raises:
        UnreadableFileError: from the constructor and from the iteration, the rows before the problem delivered first.
    """

    def __init__(self, path: Path, file_format: FileFormat, *, limits: Limits) -> None:
        source = SheetRows if file_format.kind == "xlsx" else DelimitedRows
        self._source: SheetRows | DelimitedRows = source(path, file_format, limits)
        try:
            self._rows = iter(self._source)
            first = next(self._rows, None)
        except BaseException:
            self._source.close()
            raise
        if first is None:
            self._source.close()
            raise UnreadableFileError(FileProblem.BLANK)
        if file_format.has_header:
            self.header_line, self.header = first
        else:
            self.header_line, self.header = 0, column_names(len(first[1]))
            self._rows = chain([first], self._rows)

    @property
    def progress(self) -> float:
        """Share of the file that has been read, from 0 to 1."""
        return self._source.progress

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self._rows

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True)
class Preview:
    """How a table begins.

    Attributes:
        header: names of the columns; empty when not even they can be read.
        rows: cells of the first rows.
        lines: row number of each of them.
        problem: what stopped the reading; None when nothing did.
    """

    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problem: UnreadableFileError | None = None


def preview(path: Path, file_format: FileFormat, *, limits: Limits, rows: int = 8) -> Preview:
    """Read the beginning of a file. Raises nothing that a file can cause: the problem is part of the answer.

    Args:
        path: the uploaded file.
        file_format: how to read it; may be wrong.
        limits: what is too much.
        rows: how many rows to read at most.
    """
    header: list[str] = []
    cells_of_rows: list[list[str]] = []
    lines: list[int] = []
    problem = None
    try:
        with TableReader(path, file_format, limits=limits) as table:
            header = table.header
            for line, cells in islice(table, rows):
                lines.append(line)
                cells_of_rows.append(cells)
    except UnreadableFileError as error:
        problem = error
    return Preview(header, cells_of_rows, lines, problem)


def column_names(count: int) -> list[str]:
    """Return names for columns without any. Not translated: they are compared with remembered ones."""
    return [f"Column {number}" for number in range(1, count + 1)]

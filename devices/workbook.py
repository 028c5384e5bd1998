"""How do rows become a workbook, when there may be a million? Asked by everything that hands one out.

Row by row into a file, so that memory stays flat. Who makes the rows neutralises formulas, as for csv_file.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.http import FileResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_ROWS: Final = 1_000_000  # below the header; a sheet ends at 1,048,576


def write(rows: Iterable[Sequence[Any]], file: IO[bytes]) -> None:
    """Write a workbook; where there are more than a million rows, several sheets.

    Args:
        rows: texts, numbers, and local times without a zone; the first is the header of each sheet.
        file: where to.
    """
    book = Workbook(write_only=True)
    following = iter(rows)
    header = next(following)
    sheet, number = _sheet(book, header), 0
    for row in following:
        if number == SHEET_ROWS:
            sheet, number = _sheet(book, header), 0
        sheet.append(list(_printable(row)))
        number += 1
    book.save(file)


def answer(rows: Iterable[Sequence[Any]], name: str) -> FileResponse:
    """Return a download, by way of a file that goes when it was sent; `name` ends with .xlsx."""
    file = TemporaryFile()  # noqa: SIM115 - the answer closes it
    write(rows, file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=TYPE)


def _sheet(book: Workbook, header: Sequence[Any]) -> Any:
    sheet: Any = book.create_sheet()
    sheet.freeze_panes = "A2"
    for place, title in enumerate(header, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = min(max(len(title) + 4, 16), 32)
    bold = Font(bold=True)
    heads = [WriteOnlyCell(sheet, value=title) for title in _printable(header)]
    for head in heads:
        head.font = bold
    sheet.append(heads)
    return sheet


def _printable(row: Sequence[Any]) -> Iterator[Any]:
    """Yield the cells without control characters, which no workbook can hold."""
    for value in row:
        yield ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value

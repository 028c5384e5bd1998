"""How is a report written into a file? Row by row, so that memory stays flat; formulas are neutralised."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from devices.imports.columns.cells import neutralise

from .report import Asked, Report

CSV_TYPE, XLSX_TYPE = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}
SHEET_ROWS: Final = 1_000_000  # a sheet ends at 1,048,576
LINES: Final = 500  # of a CSV file, handed over at once


class _Echo:
    """What csv writes to: gives each line back."""

    def write(self, line: str) -> str:
        return line


def headers(report: Report) -> list[str]:
    """Return the header row; times say in which time zone they are."""
    zone = timezone.get_current_timezone_name()
    return [f"{column.title} ({zone})" if column.is_time else str(column.title) for column in report.columns]


def cells(report: Report, asked: Asked) -> Iterator[list[Any]]:
    """Give each row as values: texts, numbers, and local times without a zone."""
    for row in report.rows(asked):
        yield [
            _plain(column.value(raw)) for column, raw in zip(report.columns, row[: len(report.columns)], strict=True)
        ]


def csv_lines(report: Report, asked: Asked) -> Iterator[bytes]:
    """Give the file in pieces; it begins with a mark, so that a spreadsheet takes it for UTF-8."""
    write = csv.writer(_Echo()).writerow
    lines = ["\ufeff" + write(headers(report))]
    for row in cells(report, asked):
        lines.append(
            write([value.isoformat(" ", "seconds") if isinstance(value, datetime) else value for value in row])
        )
        if len(lines) >= LINES:
            yield "".join(lines).encode()
            lines = []
    yield "".join(lines).encode()


def write_xlsx(report: Report, asked: Asked, file: BinaryIO) -> None:
    """Write a workbook; beyond a million rows there are more sheets."""
    book = Workbook(write_only=True)
    rows = cells(report, asked)
    titles = headers(report)
    number = SHEET_ROWS
    sheet: Any = None
    for row in _at_least_one(rows):
        if number >= SHEET_ROWS:
            sheet, number = book.create_sheet(), 0
            _begin(sheet, titles)
        if row is not None:
            sheet.append([_printable(value) for value in row])
        number += 1
    book.save(file)


def _at_least_one(rows: Iterable[list[Any]]) -> Iterator[list[Any] | None]:
    """Give None in place of no row at all: a workbook has a sheet."""
    is_empty = True
    for row in rows:
        is_empty = False
        yield row
    if is_empty:
        yield None


def _begin(sheet: Any, titles: list[str]) -> None:
    sheet.freeze_panes = "A2"
    for place, title in enumerate(titles, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = min(max(len(title) + 4, 16), 32)
    bold = Font(bold=True)
    heads = [WriteOnlyCell(sheet, value=title) for title in titles]
    for head in heads:
        head.font = bold
    sheet.append(heads)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    return value if isinstance(value, int) else neutralise(str(value))


def _printable(value: Any) -> Any:
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", value) if isinstance(value, str) else value

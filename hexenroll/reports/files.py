"""Which rows are in the file of a report? Formulas are neutralised; devices/csv_file.py and workbook.py write them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from devices import csv_file, workbook
from devices.imports.columns.cells import neutralise

from .report import Asked, Report

TYPES: Final = {"csv": csv_file.TYPE, "xlsx": workbook.TYPE}


def rows(report: Report, asked: Asked) -> Iterator[list[Any]]:
    """Yield the header and each row: texts, numbers, and local times without a zone; the header says which that is."""
    zone = timezone.get_current_timezone_name()
    yield [f"{column.title} ({zone})" if column.is_time else str(column.title) for column in report.columns]
    for row in report.rows(asked):
        cells = zip(report.columns, row[: len(report.columns)], strict=True)
        yield [_plain(column.value(raw)) for column, raw in cells]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    return value if isinstance(value, int) else neutralise(str(value))

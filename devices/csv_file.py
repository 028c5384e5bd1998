"""How do rows become a CSV file, when there may be a million? Asked by everything that hands one out.

Who makes the rows neutralises formulas (imports/columns/cells.py): a file that comes back has rules of its own.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.utils import timezone, translation

TYPE: Final = "text/csv; charset=utf-8"
MARK: Final = "\ufeff"  # so that a spreadsheet takes the file for UTF-8
CHUNK: Final = 1_000  # rows


def pieces(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Return the file, chunk by chunk, in the language and time zone that are active now.

    Those of a page end with its view, before the first row is asked for.
    """
    return _pieces(iter(rows), translation.get_language(), timezone.get_current_timezone())


def answer(rows: Iterable[Sequence[Any]], name: str) -> StreamingHttpResponse:
    """Return a download that is sent while it is written; `name` ends with .csv."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces(rows), content_type=TYPE, headers=headers)


def _pieces(rows: Iterator[Sequence[Any]], language: str | None, zone: Any) -> Iterator[bytes]:
    mark = MARK
    while True:
        text = StringIO()
        with translation.override(language), timezone.override(zone):
            csv.writer(text).writerows(islice(rows, CHUNK))
        if not text.tell():
            return
        yield (mark + text.getvalue()).encode()
        mark = ""

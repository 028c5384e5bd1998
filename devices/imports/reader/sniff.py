"""Which sign divides the cells of a text?

Decided on the first records, read as CSV with each candidate, so that signs inside quotation marks don't count.
Called by `detect`.
"""

import csv
from io import StringIO

from .delimited import is_blank
from .file_format import DELIMITERS, delimiter_name
from .file_problems import FileProblem, UnreadableFileError

_RECORDS = 200


def sniff_delimiter(text: str, *, is_whole: bool) -> str:
    """Return the delimiter of a table; a comma where nothing divides it, for a table of one column.

    The header decides: it holds names, hardly ever a sign that would be a delimiter elsewhere. Among the candidates
    that divide it, the one wins whose records have the header's number of cells most often, then the one with most
    cells. So a file with semicolons and decimal commas has semicolons, and one with lists like `a;b` has commas.

    Args:
        text: how the file begins.
        is_whole: the text isn't cut off; otherwise its last record is left out.

    Raises:
        UnreadableFileError: the header and a record below it are divided by different signs.
    """
    tables = {delimiter: _records(text, delimiter, is_whole=is_whole) for delimiter in DELIMITERS}
    best, best_score = ",", (0.0, 0)
    for delimiter, records in tables.items():
        if not records or len(records[0][1]) < 2:
            continue
        width = len(records[0][1])
        fitting = sum(len(cells) == width for _line, cells in records) / len(records)
        score = (round(fitting, 1), width)
        if score > best_score:
            best, best_score = delimiter, score
    _refuse_mixture(tables, best)
    return best


def _records(text: str, delimiter: str, *, is_whole: bool) -> list[tuple[int, list[str]]]:
    """Return the first records that aren't blank, with their line numbers."""
    records: list[tuple[int, list[str]]] = []
    try:
        for line, cells in enumerate(csv.reader(StringIO(text, newline=""), delimiter=delimiter), 1):
            if not is_blank(cells):
                records.append((line, cells))
            if len(records) > _RECORDS:
                break
    except csv.Error:
        pass  # a cell above the limit: the reader says where; here, what came before it is enough
    if not is_whole and len(records) > 1:
        records.pop()
    return records


def _refuse_mixture(tables: dict[str, list[tuple[int, list[str]]]], delimiter: str) -> None:
    """Stop when records below the header aren't divided at all, and another sign divides them as the header is."""
    records = tables[delimiter]
    width = len(records[0][1]) if records else 0
    if width < 2:
        return
    undivided = [line for line, cells in records if len(cells) == 1]
    for other, other_records in tables.items():
        divided = {line for line, cells in other_records if len(cells) == width}
        for line in undivided:
            if other != delimiter and line in divided:
                names = {"detail": delimiter_name(delimiter), "other": delimiter_name(other)}
                raise UnreadableFileError(FileProblem.MIXED_DELIMITERS, line=line, **names)

"""Which rows does one sheet of an XLSX file hold, and what were its cells before they became text?

Streams the sheet's XML, with memory for a few rows only. Called by `reader`.
"""

from collections.abc import Iterator
from pathlib import Path

from .file_format import FileFormat, Limits
from .file_problems import FileProblem, UnreadableFileError
from .shared_strings import SharedStrings, unescaped
from .sheet_cells import DateCell, ErrorCell, FormulaCell, NumberCell, date_text, number_text
from .workbook import Workbook, damage_explained
from .xml_parts import MAX_DEPTH, fed, new_parser

_DIGITS = "0123456789"


class SheetRows:
    """The rows of a sheet: (line, cells), blank rows left out; `line` is the number that spreadsheets show.

    Rows are as long as the header, or longer where values stand beyond it. Numbers are written without exponent; a
    formula's cell has its calculated value.

    Raises:
        UnreadableFileError: from the constructor and, with the rows before the problem delivered first, from the
            iteration.
    """

    def __init__(self, path: Path, file_format: FileFormat, limits: Limits) -> None:
        self._limits = limits
        self._workbook = Workbook(path, limits)
        self._strings: SharedStrings | None = None
        sheets = self._workbook.sheets
        sheet = file_format.sheet or next(iter(sheets))
        try:
            if sheet not in sheets:
                raise UnreadableFileError(FileProblem.NO_SUCH_SHEET, detail=sheet, other=", ".join(sheets))
            self._part = sheets[sheet]
            self._workbook.refuse_too_large(self._part)
        except UnreadableFileError:
            self.close()
            raise
        self._max_rows = limits.rows + file_format.has_header
        self.progress = 0.0

    def close(self) -> None:
        if self._strings is not None:
            self._strings.close()
        self._workbook.close()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        with damage_explained():
            workbook = self._workbook
            self._strings = SharedStrings(workbook.chunks(workbook.shared_strings) if workbook.shared_strings else ())
            sheet = _SheetParser(self._strings, workbook, self._limits)
            count = 0
            try:
                for _size in fed(sheet.parser, self._chunks()):
                    sheet.refuse_exhaustion()
                    count += len(sheet.rows)
                    if count > self._max_rows:
                        del sheet.rows[self._max_rows - count :]
                        raise self._limits.exceeded("rows")
                    yield from sheet.rows
                    sheet.rows.clear()
                    if sheet.is_done:
                        break
            except Exception:
                yield from sheet.rows
                raise
            self.progress = 1.0

    def _chunks(self) -> Iterator[bytes]:
        size, done = max(1, self._workbook.size(self._part)), 0
        for chunk in self._workbook.chunks(self._part):
            done += len(chunk)
            self.progress = min(1.0, done / size)
            yield chunk


class _SheetParser:
    """Collects rows from the XML parser's events. Names are compared whole, prefix included: that is the fast way.

    Attributes:
        rows: complete rows, to be taken away by the caller.
        is_done: the table has ended; what follows (links, pictures, rules) is none of it.
    """

    def __init__(self, strings: SharedStrings, workbook: Workbook, limits: Limits) -> None:
        self.rows: list[tuple[int, list[str]]] = []
        self.is_done = False
        self.parser = new_parser()
        self.parser.StartElementHandler = self._start_root
        self.parser.EndElementHandler = self._end
        self._strings, self._limits = strings, limits
        self._is_date_style = workbook.date_styles()
        self._is_1904 = workbook.is_1904
        self._columns: dict[str, int] = {}
        self._text: list[str] = []
        self.parser.CharacterDataHandler = self._text.append
        self._depth = self._line = self._next_column = self._width = 0
        self._cells: list[str] = []
        self._attributes: dict[str, str] = {}
        self._value: str | None = None
        self._formula: str | None = None
        self._is_phonetic = False

    def refuse_exhaustion(self) -> None:
        """Between chunks: stop what would grow with the file before it is a row."""
        if sum(map(len, self._text)) > max(self._limits.cell, 1 << 20):
            raise self._limits.exceeded("cell", line=self._line)
        if self._depth > MAX_DEPTH:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)

    def _start_root(self, name: str, attributes: dict[str, str]) -> None:
        prefix, found, _rest = name.rpartition("worksheet")
        if not found:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)
        self._row_name, self._cell_name, self._data_name = f"{prefix}row", f"{prefix}c", f"{prefix}sheetData"
        self._value_name, self._formula_name, self._text_name = f"{prefix}v", f"{prefix}f", f"{prefix}t"
        self._phonetic_name = f"{prefix}rPh"
        self.parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if name == self._cell_name:
            self._attributes = attributes
            self._value = self._formula = None
        elif name == self._value_name:
            self._text.clear()
        elif name == self._row_name:
            line = int(attributes.get("r", 0))
            self._line = line if line > self._line else self._line + 1
            self._cells = []
            self._next_column = 0
        elif name == self._phonetic_name:
            self._is_phonetic = True
        else:
            self._text.clear()

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == self._value_name:
            self._value = "".join(self._text)
        elif name == self._cell_name:
            self._add_cell()
        elif name == self._row_name:
            self._text.clear()  # white space between rows
            self._add_row()
        elif name == self._text_name:
            if not self._is_phonetic:
                self._value = (self._value or "") + "".join(self._text)
        elif name == self._formula_name:
            self._formula = "".join(self._text)
        elif name == self._phonetic_name:
            self._is_phonetic = False
        elif name == self._data_name:
            self.is_done = True
            self.parser.StartElementHandler = self.parser.EndElementHandler = self.parser.CharacterDataHandler = None

    def _add_row(self) -> None:
        cells = self._cells
        if not any(map(str.strip, cells)):
            return
        if len(cells) < self._width:  # a sheet holds no empty cells, so a row isn't short as in a CSV file
            cells.extend([""] * (self._width - len(cells)))
        elif not self._width:
            self._width = len(cells)
        self.rows.append((self._line, cells))

    def _add_cell(self) -> None:
        reference = self._attributes.get("r")
        column = self._next_column if reference is None else self._column(reference.rstrip(_DIGITS))
        self._next_column = column + 1
        value = self._cell_value()
        if not value:
            return
        if len(value) > self._limits.cell:
            raise self._limits.exceeded("cell", line=self._line)
        if column >= self._limits.columns:
            raise self._limits.exceeded("columns", line=self._line, found=column + 1)
        cells = self._cells
        if column > len(cells):
            cells.extend([""] * (column - len(cells)))
        if column == len(cells):
            cells.append(value)
        else:  # a reference that goes back: the last value counts, as in spreadsheets
            cells[column] = value

    def _column(self, letters: str) -> int:
        """Return the index of a column by its letters: A is 0, AA is 26."""
        column = self._columns.get(letters)
        if column is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
                raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)
            column = 0
            for letter in letters.upper():
                column = column * 26 + ord(letter) - 64
            column -= 1
            self._columns[letters] = column
        return column

    def _cell_value(self) -> str:
        """Return the text of the cell that has just ended. Source: ECMA-376 part 1, 18.18.11 (ST_CellType)."""
        text, kind = self._value, self._attributes.get("t", "n")
        if not text:
            if self._formula is not None and kind != "str":
                return FormulaCell("=" + unescaped(self._formula))
            return ""
        if kind == "s":
            return self._strings[int(text)]
        if kind == "n":
            style = self._attributes.get("s")
            if style is not None and self._is_date_style and self._is_date_style[int(style)]:
                return DateCell(date_text(text, is_1904=self._is_1904))
            return NumberCell(number_text(text))
        if kind == "b":
            return NumberCell("TRUE" if text.strip() == "1" else "FALSE")
        if kind == "d":
            return DateCell(text)
        if kind == "e":
            return ErrorCell(text)
        return unescaped(text)

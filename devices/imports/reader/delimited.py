"""Which rows does a delimited text file (CSV) hold?

Streams bytes through the decoder and the csv module; memory stays flat whatever the file. Called by `reader`.
"""

import codecs
import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from .file_format import BYTE_ORDER_MARKS, ENCODINGS, FileFormat, Limits, system_errors_explained
from .file_problems import FileProblem, UnreadableFileError

_CHUNK = 1 << 18


class DelimitedRows:
    """The rows of a CSV file: (line, cells), blank lines counted and left out.

    `line` counts records as a spreadsheet does: a record with quoted line breaks is one row, Excel's `sep=` line is
    none. Cells are as they stand in the file.

    Raises:
        UnreadableFileError: for an override that can't be, and from the iteration for everything else, with the
            rows before the problem delivered first.
    """

    def __init__(self, path: Path, file_format: FileFormat, limits: Limits) -> None:
        if file_format.encoding not in ENCODINGS:
            known = ", ".join(ENCODINGS)
            raise UnreadableFileError(FileProblem.UNKNOWN_ENCODING, detail=file_format.encoding, other=known)
        if not is_delimiter(file_format.delimiter):
            raise UnreadableFileError(FileProblem.WRONG_DELIMITER, detail=file_format.delimiter)
        self._format = file_format
        self._limits = limits
        self._line = 0
        self._bytes_read = 0
        with system_errors_explained():
            self._size = path.stat().st_size
            self._file = path.open("rb", buffering=0)

    @property
    def progress(self) -> float:
        return min(1.0, self._bytes_read / self._size) if self._size else 1.0

    def close(self) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        max_columns = self._limits.columns
        max_line = self._limits.rows + self._format.has_header
        max_cell = self._limits.cell
        # The module's own limit is the whole process's: it is only raised, so that it never stands in anybody's way.
        csv.field_size_limit(max(csv.field_size_limit(), max_cell))
        records = csv.reader(self._lines(), delimiter=self._format.delimiter, strict=True)
        last_line_num = 0
        try:
            with system_errors_explained():
                for line, cells in enumerate(records, 1):
                    self._line = line
                    last_line_num = records.line_num
                    if line > max_line:
                        raise self._limits.exceeded("rows")
                    if len(cells) > max_columns:
                        raise self._limits.exceeded("columns", line=line, found=len(cells))
                    if len("".join(cells)) > max_cell and max(map(len, cells)) > max_cell:
                        raise self._limits.exceeded("cell", line=line)
                    # Nearly every row begins with a letter, which is above "!", unlike white space: a fast "not blank".
                    if (cells and cells[0] > "!") or not is_blank(cells):
                        yield line, cells
        except csv.Error as error:
            raise self._explained(error, spans_lines=records.line_num > last_line_num + 1) from error

    def _explained(self, error: csv.Error, *, spans_lines: bool) -> UnreadableFileError:
        line, text = self._line + 1, str(error)
        if text.startswith("field larger") and not spans_lines:
            return self._limits.exceeded("cell", line=line)
        if text.startswith(("field larger", "unexpected end")):
            return UnreadableFileError(FileProblem.UNCLOSED_QUOTE, line=line)
        return UnreadableFileError(FileProblem.STRAY_QUOTE, line=line)

    def _lines(self) -> Iterator[str]:
        """Yield the text line by line, with line ends; raise only after the lines before the problem."""
        # No line and no record may outgrow what the limits allow, or memory would grow with the file.
        longest = 1000 + 2 * self._limits.columns * (self._limits.cell + 1)
        pieces = self._pieces()
        if self._format.has_sep_line:
            pieces = _without_first_line(pieces)
        rest, silent = "", 0
        for piece, problem in pieces:
            text = rest + piece
            # A carriage return at the very end may be the first half of a line end.
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            line_before = self._line
            yield from StringIO(text[:cut], newline="")
            rest = text[cut:]
            silent = silent + len(piece) if self._line == line_before else 0
            if problem is not None:
                encoding = ENCODINGS[self._format.encoding]
                raise UnreadableFileError(problem, line=self._line + 1, detail=encoding)
            if len(rest) > longest:
                raise self._limits.exceeded("cell", line=self._line + 1)
            if silent > longest + 2 * _CHUNK:
                raise UnreadableFileError(FileProblem.UNCLOSED_QUOTE, line=self._line + 1)
        if rest:
            yield rest

    def _pieces(self) -> Iterator[tuple[str, FileProblem | None]]:
        """Yield decoded chunks; the last one may come with what stopped the decoding behind it."""
        mark = BYTE_ORDER_MARKS.get(self._format.encoding, b"")
        chunk = self._file.read(_CHUNK)
        self._bytes_read = len(chunk)
        decode = codecs.getincrementaldecoder(self._format.encoding)("strict").decode
        chunk = chunk.removeprefix(mark) if mark else chunk
        while chunk:
            following = self._file.read(_CHUNK)
            try:
                text, problem = decode(chunk, not following), None
            except UnicodeDecodeError as error:
                text = bytes(error.object[: error.start]).decode(self._format.encoding)
                is_cut_off = not following and error.end == len(error.object) and error.reason.startswith(_CUT_OFF)
                problem = FileProblem.TRUNCATED if is_cut_off else FileProblem.WRONG_ENCODING
            if "\0" in text:
                text, problem = text[: text.index("\0")], FileProblem.NUL_BYTE
            yield text, problem
            self._bytes_read += len(following)
            chunk = following


# Reasons of Python's decoders for a file that ends inside a character.
_CUT_OFF = ("unexpected end", "truncated")


def is_delimiter(sign: str) -> bool:
    """Tell whether a sign can divide columns."""
    return len(sign) == 1 and not sign.isalnum() and sign not in ' "\r\n\0'


def is_blank(cells: list[str]) -> bool:
    """Tell whether a row holds nothing but white space; DOS programs fill the end of a file with the sign 0x1A."""
    return not any(cell.strip().strip("\x1a") for cell in cells)


def _without_first_line(
    pieces: Iterator[tuple[str, FileProblem | None]],
) -> Iterator[tuple[str, FileProblem | None]]:
    """Drop the first line. It is a handful of characters long, so it lies in the first piece."""
    for text, problem in pieces:
        ends = [end for end in (text.find("\n"), text.find("\r")) if end >= 0]
        first = min(ends) if ends else len(text)
        yield text[first:].removeprefix("\r").removeprefix("\n"), problem
        break
    yield from pieces

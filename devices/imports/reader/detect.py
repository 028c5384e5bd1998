"""How is this file to be read: which kind, encoding, delimiter, sheet?

Called through `reader` when a file is uploaded. Looks at all bytes once and at the first rows; refuses what can't be a
table, what is too large, and what has no device in it, before any work begins.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from .delimited import DelimitedRows, is_delimiter
from .file_format import BYTE_ORDER_MARKS, FileFormat, Limits, open_upload
from .file_problems import FileProblem, UnreadableFileError
from .signatures import document_problem, is_zip, markup_problem
from .sniff import sniff_delimiter
from .workbook import Workbook
from .worksheet import SheetRows

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
# Signs that no text has, apart from NUL, which has its own message in a file that is text otherwise.
_CONTROL = bytes({*range(0x20)} - {0, 9, 10, 11, 12, 13, 26, 27})
_NOT_WINDOWS_1252 = b"\x81\x8d\x8f\x90\x9d\0" + _CONTROL
_SEP_LINE = re.compile(r'"?sep=(.)"?,*;*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
# Sheets are tried in their order until one has a row; nobody's table is on the thirtieth.
_SHEETS_TRIED = 30


def detect(path: Path, *, limits: Limits) -> FileFormat:
    """Return how a file is to be read.

    Args:
        path: the uploaded file.
        limits: what is too much.

    Raises:
        UnreadableFileError: the file is no table, is too large, or has no line with data.
    """
    with open_upload(path) as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(_SAMPLE)
    if not size:
        raise UnreadableFileError(FileProblem.EMPTY)
    if size > limits.bytes:
        raise limits.exceeded("bytes", found=size)
    if is_zip(head):
        return _detect_sheet(path, limits)
    if problem := document_problem(head, path):
        raise UnreadableFileError(problem)
    scan = _scan(path)
    file_format = _detect_text(head, scan, path)
    _refuse_without_data(path, file_format, limits, scan)
    return file_format


@dataclass(frozen=True)
class _Scan:
    """What one look at all bytes of a file tells.

    Attributes:
        is_utf_8: the bytes are UTF-8, apart from a last character that is cut off.
        is_cut_off: the file ends inside a UTF-8 character.
        has_multi_byte: there are signs of more than one byte in it.
        has_nul: there is a zero byte.
        line_ends: how many lines there are at most.
    """

    is_utf_8: bool
    is_cut_off: bool
    has_multi_byte: bool
    has_nul: bool
    line_ends: int


def _scan(path: Path) -> _Scan:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    is_utf_8, is_cut_off, has_multi_byte, has_nul, line_ends = True, False, False, False, 0
    with open_upload(path) as file:
        while chunk := file.read(_CHUNK):
            has_nul = has_nul or b"\0" in chunk
            line_ends += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
            if is_utf_8:
                try:
                    text = decoder.decode(chunk)
                    has_multi_byte = has_multi_byte or not text.isascii()
                except UnicodeDecodeError:
                    is_utf_8 = False
    if is_utf_8:
        try:
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            is_cut_off = True
    return _Scan(is_utf_8, is_cut_off, has_multi_byte, has_nul, line_ends)


def _detect_text(head: bytes, scan: _Scan, path: Path) -> FileFormat:
    encoding = _detect_encoding(head, scan, path)
    mark = BYTE_ORDER_MARKS.get(encoding, b"")
    has_bom = bool(mark) and head.startswith(mark)
    sample = head.removeprefix(mark) if has_bom else head
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample, len(head) < _SAMPLE)
    if problem := markup_problem(text):
        raise problem
    sep_line = _SEP_LINE.match(text)
    if sep_line and is_delimiter(sep_line[1]):
        return FileFormat("csv", encoding, sep_line[1], has_sep_line=True, has_bom=has_bom)
    delimiter = sniff_delimiter(text, is_whole=len(head) < _SAMPLE)
    return FileFormat("csv", encoding, delimiter, has_bom=has_bom)


def _detect_encoding(head: bytes, scan: _Scan, path: Path) -> str:
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise UnreadableFileError(FileProblem.OTHER_TEXT, detail="UTF-32")
    for encoding, mark in BYTE_ORDER_MARKS.items():
        if head.startswith(mark) and (encoding != "utf-8" or scan.is_utf_8):
            if scan.is_cut_off and encoding == "utf-8":
                raise UnreadableFileError(FileProblem.TRUNCATED)
            return encoding
    if scan.has_nul and (encoding := _unmarked_utf_16(head)):
        return encoding
    controls = len(head) - len(head.translate(None, _CONTROL + b"\0"))
    if controls * 50 > len(head):
        raise UnreadableFileError(FileProblem.BINARY)
    # Cut off inside the one and only multi-byte sign: rather Windows-1252 that ends with a letter like é.
    if scan.is_utf_8 and not (scan.is_cut_off and not scan.has_multi_byte):
        if scan.is_cut_off:
            raise UnreadableFileError(FileProblem.TRUNCATED)
        return "utf-8"
    with open_upload(path) as file:
        while chunk := file.read(_CHUNK):
            if len(chunk.translate(None, _NOT_WINDOWS_1252)) < len(chunk):
                raise UnreadableFileError(FileProblem.BINARY)
    return "cp1252"


def _unmarked_utf_16(head: bytes) -> str:
    """Return the byte order of UTF-16 text without a mark, "" when it is none.

    The delimiters, digits and line ends of a table are below U+0100 in every language, so one half of many pairs is
    zero, and the other half hardly ever is.
    """
    even, odd = head[::2].count(0), head[1::2].count(0)
    pairs = len(head) // 2
    if pairs and odd * 5 > pairs and even * 20 < odd:
        return "utf-16-le"
    if pairs and even * 5 > pairs and odd * 20 < even:
        return "utf-16-be"
    return ""


def _refuse_without_data(path: Path, file_format: FileFormat, limits: Limits, scan: _Scan) -> None:
    """Read the first rows; read all of them where the look at the bytes makes a problem likely."""
    rows = DelimitedRows(path, file_format, limits)
    try:
        _refuse_short(iter(rows))
    finally:
        rows.close()
    is_utf_16 = file_format.encoding.startswith("utf-16")
    if is_utf_16 or scan.has_nul or scan.line_ends > limits.rows:
        _read_all(path, file_format, limits)


def _read_all(path: Path, file_format: FileFormat, limits: Limits) -> None:
    """Find the line of a problem, which is an error of the iteration."""
    rows = DelimitedRows(path, file_format, limits)
    try:
        for _row in rows:
            pass
    finally:
        rows.close()


def _refuse_short(rows: Iterator[tuple[int, list[str]]]) -> None:
    found = len(list(islice(rows, 2)))
    if found < 2:
        raise UnreadableFileError(FileProblem.HEADER_ONLY if found else FileProblem.BLANK)


def _detect_sheet(path: Path, limits: Limits) -> FileFormat:
    """Choose the first sheet that has rows."""
    workbook = Workbook(path, limits)
    workbook.close()
    sheets = tuple(workbook.sheets)
    problem = UnreadableFileError(FileProblem.BLANK)
    for sheet in sheets[:_SHEETS_TRIED]:
        file_format = FileFormat("xlsx", sheet=sheet, sheets=sheets)
        rows = SheetRows(path, replace(file_format, sheet=sheet), limits)
        try:
            _refuse_short(iter(rows))
        except UnreadableFileError as error:
            if error.problem != FileProblem.BLANK:
                raise
            problem = error
        else:
            return file_format
        finally:
            rows.close()
    raise problem

"""How are a file's bytes to be read as a table, and how large may it be?

`detect` answers the first with a `FileFormat`, people may correct it, every reading module obeys it. Free of models.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Literal

from django.utils.translation import gettext_lazy as _

from ..disk_full import is_disk_full
from .file_problems import FileProblem, UnreadableFileError

# What the form offers; all of them decode piece by piece. The last four are never detected, only chosen.
ENCODINGS = {
    "utf-8": _("Unicode (UTF-8)"),
    "utf-16-le": _("Unicode (UTF-16, little endian)"),
    "utf-16-be": _("Unicode (UTF-16, big endian)"),
    "cp1252": _("Western European (Windows-1252)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "iso8859-15": _("Western European (ISO 8859-15)"),
    "mac-roman": _("Western European (Mac)"),
}
DELIMITERS = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("pipe")}
BYTE_ORDER_MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


@dataclass(frozen=True)
class Limits:
    """How large a file may be; each number is a setting of the same meaning.

    Attributes:
        rows: lines with data.
        bytes: size of the uploaded file.
        columns: cells in a line.
        cell: characters in a cell.
        unpacked_bytes: what is unpacked of an XLSX file's parts, together.
        cell_setting: the setting of `cell`, which files of groups have one of their own for.
    """

    rows: int
    bytes: int
    columns: int
    cell: int
    unpacked_bytes: int
    cell_setting: str = "HEXENROLL_IMPORT_MAX_CELL"

    def exceeded(self, name: str, *, line: int | None = None, found: int | None = None) -> UnreadableFileError:
        """Return the error that says which limit was passed, its value and its setting.

        Args:
            name: name of the attribute.
            line: row number, where the problem has one.
            found: the number that is too large, where it is known.
        """
        problem, setting = _EXCEEDED[name]
        if name == "cell":
            setting = self.cell_setting
        return UnreadableFileError(problem, line=line, found=found, limit=getattr(self, name), setting=setting)


_EXCEEDED = {
    "rows": (FileProblem.TOO_MANY_ROWS, "HEXENROLL_IMPORT_MAX_ROWS"),
    "bytes": (FileProblem.TOO_LARGE, "HEXENROLL_IMPORT_MAX_BYTES"),
    "columns": (FileProblem.TOO_MANY_COLUMNS, "HEXENROLL_IMPORT_MAX_COLUMNS"),
    "cell": (FileProblem.CELL_TOO_LONG, "HEXENROLL_IMPORT_MAX_CELL"),
    "unpacked_bytes": (FileProblem.UNPACKS_TOO_LARGE, "HEXENROLL_IMPORT_MAX_XLSX_BYTES"),
}


@dataclass(frozen=True)
class FileFormat:
    """How to read a file; every attribute may be corrected by people.

    Attributes:
        kind: delimited text or workbook.
        encoding: one of `ENCODINGS`; empty for a workbook.
        delimiter: the sign between cells; empty for a workbook.
        sheet: name of the chosen sheet; empty for text.
        sheets: names of all sheets that have cells, in the workbook's order.
        has_header: the first line that isn't blank names the columns.
        has_sep_line: the file begins with Excel's line `sep=;`, which isn't a line of the table.
        has_bom: the text begins with a byte order mark. Told to people only: a mark is never read as text.
    """

    kind: Literal["csv", "xlsx"]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    has_header: bool = True
    has_sep_line: bool = False
    has_bom: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sheets": list(self.sheets)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FileFormat":
        """Return the format that `to_json` wrote; names that aren't known are left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        return cls(**values | {"sheets": tuple(values.get("sheets", ()))})


def delimiter_name(delimiter: str) -> str:
    """Return what people call a delimiter, such as "comma"."""
    return str(DELIMITERS.get(delimiter, f"“{delimiter}”"))


@contextmanager
def open_upload(path: Path) -> Iterator[BinaryIO]:
    """Open an uploaded file for reading; a failure of the disk, then or later, becomes an `UnreadableFileError`."""
    with system_errors_explained(), path.open("rb") as file:
        yield file


@contextmanager
def system_errors_explained() -> Iterator[None]:
    """Turn the operating system's errors into an `UnreadableFileError` that says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFileError(FileProblem.MISSING) from error
    except OSError as error:
        if is_disk_full(error):
            raise UnreadableFileError(FileProblem.DISK_FULL) from error
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise UnreadableFileError(FileProblem.CANNOT_READ, detail=reason) from error

"""What does an XLSX file hold: which sheets, which parts, which cell styles are dates?

Unpacks the parts piece by piece under a limit, and believes no size that the file declares. Called by `worksheet` and
`detect`. Instead of a library: openpyxl holds all strings in memory; calamine holds the sheet, and a file of 6 KB with
one cell in the last row and column makes it ask for 549 GB and abort the process.
"""

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from .file_format import Limits, system_errors_explained
from .file_problems import FileProblem, UnreadableFileError
from .xml_parts import Element, elements

_CHUNK = 1 << 16
# Sheets of tables unpack to 5 to 30 times their size; deflate's maximum, which bombs reach, is 1032.
_MAX_RATIO = 200
_RATIO_COUNTS_FROM = 10 << 20
# A directory for more than 50,000 parts: no workbook has that, and Python would hold it in memory.
_MAX_DIRECTORY = 4 << 20
_BUILT_IN_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_A_DATE_SIGN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_OTHER_PROGRAMS = ("word/", "ppt/", "visio/")
_OTHER_DOCUMENTS = ("xl/", "mimetype", "index/", "content.xml")


class Workbook:
    """An open XLSX file.

    Attributes:
        sheets: name of each visible worksheet, in the workbook's order, with its part.
        shared_strings: the part that holds the strings of all sheets; None where there is none.
        is_1904: dates count from 1904, as old Macs do.

    Raises:
        UnreadableFileError: from the constructor and from every method.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._unpacked = 0
        with system_errors_explained():
            self._file = path.open("rb")
        try:
            with damage_explained():
                _refuse_bad_directory(self._file)
                self._zip = zipfile.ZipFile(self._file)
                self._parts = {_key(info.filename): info for info in self._zip.infolist()}
                self._read_contents()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def size(self, part: str | None) -> int:
        """Return how many bytes a part declares to unpack to; not to be trusted. 0 for none."""
        info = self._parts.get(_key(part)) if part else None
        return info.file_size if info else 0

    def refuse_too_large(self, sheet: str) -> None:
        """Stop before any work when a sheet and what belongs to it declare to be too large together.

        Raises:
            UnreadableFileError: they do.
        """
        declared = sum(map(self.size, (sheet, self.shared_strings, self._styles)))
        if declared > self._limits.unpacked_bytes:
            raise self._limits.exceeded("unpacked_bytes")

    def chunks(self, part: str) -> Iterator[bytes]:
        """Yield a part's unpacked bytes, at most `Limits.unpacked_bytes` for all parts that are read."""
        info = self._parts.get(_key(part))
        if info is None:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)
        if info.flag_bits & 1:
            raise UnreadableFileError(FileProblem.ENCRYPTED)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)
        limit = self._limits.unpacked_bytes
        largest = max(_RATIO_COUNTS_FROM, _MAX_RATIO * info.compress_size)
        if self._unpacked + info.file_size > limit or info.file_size > largest:
            raise self._limits.exceeded("unpacked_bytes")
        unpacked = 0
        with self._zip.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
                self._unpacked += len(chunk)
                if self._unpacked > limit or unpacked > largest:
                    raise self._limits.exceeded("unpacked_bytes")
                yield chunk

    def date_styles(self) -> list[bool]:
        """Return for each cell style, by its number, whether it shows numbers as dates or times."""
        if self._styles is None:
            return []
        date_formats = set(_BUILT_IN_DATE_FORMATS)
        is_date = []
        for element in elements(self.chunks(self._styles)):
            if element.name == "numFmt":
                if _is_date_format(element.attributes.get("formatCode", "")):
                    date_formats.add(int(element.attributes["numFmtId"]))
            elif element.name == "xf" and element.parent == "cellXfs":
                is_date.append(int(element.attributes.get("numFmtId", "0")) in date_formats)
        return is_date

    def _read_contents(self) -> None:
        part = self._workbook_part()
        relations = self._relations(part)
        self.is_1904 = False
        visible: dict[str, str] = {}
        hidden: dict[str, str] = {}
        for element in elements(self.chunks(part)):
            if element.name == "workbookPr":
                self.is_1904 = element.attributes.get("date1904") in ("1", "true")
            elif element.name == "sheet":
                kind, target = relations.get(_relation_id(element), ("", ""))
                if kind == "worksheet":
                    state = element.attributes.get("state", "visible")
                    (visible if state == "visible" else hidden)[element.attributes.get("name", "")] = target
        self.sheets: dict[str, str] = visible or hidden
        if not self.sheets:
            raise UnreadableFileError(FileProblem.NO_SHEETS)
        targets = {kind: target for kind, target in relations.values() if _key(target) in self._parts}
        self.shared_strings: str | None = targets.get("sharedStrings")
        self._styles: str | None = targets.get("styles")

    def _workbook_part(self) -> str:
        part = "xl/workbook.xml"
        if _key("_rels/.rels") in self._parts:
            roots = dict(self._relations("").values())
            part = roots.get("officeDocument", part)
        if _key(part) not in self._parts or part.endswith(".bin") or part.startswith(_OTHER_PROGRAMS):
            is_document = any(name.startswith((*_OTHER_PROGRAMS, *_OTHER_DOCUMENTS)) for name in self._parts)
            raise UnreadableFileError(FileProblem.OTHER_DOCUMENT if is_document else FileProblem.ARCHIVE)
        return part

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: id -> (last word of the relation's type, part)."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        return {
            element.attributes.get("Id", ""): (
                element.attributes.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, element.attributes.get("Target", "")))[1:],
            )
            for element in elements(self.chunks(rels))
            if element.name == "Relationship"
        }


@contextmanager
def damage_explained() -> Iterator[None]:
    """Turn everything that a damaged workbook can make the unpacking raise into an `UnreadableFileError`."""
    try:
        with _seek_errors_as_damage(), system_errors_explained():
            yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, expat.ExpatError, struct.error) as error:
        raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK) from error
    except (EOFError, LookupError, NotImplementedError, OverflowError, RuntimeError, ValueError) as error:
        raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK) from error


@contextmanager
def _seek_errors_as_damage() -> Iterator[None]:
    """A directory that points before the file's start makes the system say "invalid argument"."""
    try:
        yield
    except UnreadableFileError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == EINVAL:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK) from error
        raise


def _refuse_bad_directory(file: BinaryIO) -> None:
    """Look at the archive's directory before Python loads it: there, and of a sane size?"""
    if file.read(2) != b"PK":
        raise UnreadableFileError(FileProblem.NOT_A_WORKBOOK)
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - 22 - 76))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise UnreadableFileError(FileProblem.TRUNCATED)
    (directory,) = struct.unpack_from("<L", tail, end + 12)
    if end >= 76 and tail[end - 20 : end - 16] == b"PK\x06\x07":  # the 64-bit form stands in front of it
        (directory,) = struct.unpack_from("<Q", tail, end - 76 + 40)
    if directory > _MAX_DIRECTORY:
        raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)
    file.seek(0)


def _key(part: str) -> str:
    """Part names are compared without case; some programs write them with backslashes."""
    return part.replace("\\", "/").lstrip("/").lower()


def _relation_id(sheet: Element) -> str:
    return next((value for name, value in sheet.attributes.items() if name.endswith(":id")), "")


def _is_date_format(code: str) -> bool:
    signs = _NOT_A_DATE_SIGN.sub("", code.partition(";")[0]).lower()
    return signs != "general" and any(sign in signs for sign in "dmyhs")

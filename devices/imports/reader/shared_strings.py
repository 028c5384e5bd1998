"""Which text does string number N of a workbook have?

A workbook keeps the strings of all its sheets in one part. They are laid into a temporary file, so that a million rows
need 8 bytes of memory a string. Called by `worksheet`.
"""

import mmap
import re
from array import array
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from xml.parsers import expat

from .file_problems import FileProblem, UnreadableFileError
from .xml_parts import MAX_DEPTH, fed, new_parser

# Excel allows 32,767 characters in a cell.
_MAX_STRING = 1 << 20
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """The strings of a workbook by number, read no further than the highest number that was asked for.

    Args:
        chunks: bytes of the part; empty when the workbook has none.

    Raises:
        IndexError, expat.ExpatError, OSError, UnreadableFileError: from asking for a string.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._batches = self._collected(chunks)
        self._ends = array("Q", [0])
        # Unbuffered: nothing is left to be written, and to fail, when it is closed.
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 (lives as long as this object)
        self._bytes: mmap.mmap | bytes = b""

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            self._read_up_to(number)
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode()

    def close(self) -> None:
        if isinstance(self._bytes, mmap.mmap):
            self._bytes.close()
        self._file.close()

    def _read_up_to(self, number: int) -> None:
        while number >= len(self._ends) - 1:
            if next(self._batches, None) is None:
                raise IndexError(number)
        if number < 0:
            raise IndexError(number)
        if isinstance(self._bytes, mmap.mmap):
            self._bytes.close()
        self._bytes = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._ends[-1] else b""

    def _collected(self, chunks: Iterable[bytes]) -> Iterator[int]:
        """Lay the strings of each chunk into the file, then yield how many there were."""
        parser = new_parser()
        strings = _StringsParser(parser)
        end = 0
        for _size in fed(parser, chunks) if chunks else ():
            strings.refuse_exhaustion()
            for text in strings.found:
                end += len(text)
                self._ends.append(end)
            self._write(b"".join(strings.found))
            yield len(strings.found)
            strings.found.clear()

    def _write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:  # a disk that is nearly full takes a part
            rest = rest[self._file.write(rest) :]


class _StringsParser:
    """Collects strings from the XML parser's events; `found` has them encoded, to be taken away by the caller."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.found: list[bytes] = []
        self._text: list[str] = []
        self._pieces: list[str] = []
        self._depth = 0
        self._is_phonetic = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        self._prefix: str | None = None

    def refuse_exhaustion(self) -> None:
        """Between chunks: stop what would grow with the file before it is a string."""
        pending = sum(map(len, self._text)) + sum(map(len, self._pieces))
        if pending > _MAX_STRING or self._depth > MAX_DEPTH:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._prefix is None:
            self._prefix = name.removesuffix("sst")
            self._text_name, self._string_name = f"{self._prefix}t", f"{self._prefix}si"
            self._phonetic_name = f"{self._prefix}rPh"
        elif name == self._text_name:
            self._text.clear()
        elif name == self._phonetic_name:
            self._is_phonetic = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == self._text_name:
            if not self._is_phonetic:
                self._pieces += self._text
        elif name == self._string_name:
            text = "".join(self._pieces)
            self._pieces.clear()
            self.found.append((unescaped(text) if "_x" in text else text).encode())
        elif name == self._phonetic_name:
            self._is_phonetic = False
        if self._depth < 2:
            self._text.clear()  # white space between strings


def unescaped(text: str) -> str:
    """Return a string of a workbook with its escapes (`_x000D_`) decoded.

    Escapes of NUL and of halves of characters stay as they are: no text and no database can hold them.
    Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
    """
    return _ESCAPED.sub(_decoded, text)


def _decoded(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)

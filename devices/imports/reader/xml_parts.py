"""Which elements does an XML part of a workbook have?

Parses as a stream, and refuses what XML offers to exhaust a machine: document types (entities), deep nesting, endless
names and values. Called by `workbook`, `shared_strings` and `worksheet`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

from .file_problems import FileProblem, UnreadableFileError

MAX_DEPTH = 64
# The longest tag or comment, in bytes. The parser starts again at a tag's first byte with every chunk.
_MAX_TOKEN = 4 << 20


@dataclass(frozen=True, slots=True)
class Element:
    """A start tag: names without namespace prefix, attributes as they stand."""

    parent: str
    name: str
    attributes: dict[str, str]


def new_parser() -> expat.XMLParserType:
    """Return a parser that hands out text in one piece and refuses document types."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def fed(parser: expat.XMLParserType, chunks: Iterable[bytes]) -> Iterator[int]:
    """Feed the parser; after each chunk, when handlers have run, yield its size in bytes.

    Raises:
        expat.ExpatError: this isn't well-formed XML.
        UnreadableFileError: it is made to exhaust the machine.
    """
    total = 0
    for chunk in chunks:
        parser.Parse(chunk, False)
        total += len(chunk)
        if total - parser.CurrentByteIndex > _MAX_TOKEN:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)
        yield len(chunk)
    parser.Parse(b"", True)
    yield 0


def elements(chunks: Iterable[bytes]) -> Iterator[Element]:
    """Yield the start tags of a part in their order.

    Raises:
        expat.ExpatError, UnreadableFileError: as `fed`.
    """
    parser = new_parser()
    found: list[Element] = []
    path = [""]

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        found.append(Element(path[-1], local, attributes))
        path.append(local)
        if len(path) > MAX_DEPTH:
            raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)

    def end(name: str) -> None:
        path.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    for _size in fed(parser, chunks):
        yield from found
        found.clear()


def _refuse_doctype(*declaration: object) -> None:
    """No program writes one into a workbook; entities could unfold to any size."""
    raise UnreadableFileError(FileProblem.BROKEN_WORKBOOK)

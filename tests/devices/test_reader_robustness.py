"""Can any bytes at all make the reader fail otherwise than with its own error?"""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devices.imports.reader import (
    DELIMITERS,
    ENCODINGS,
    FileFormat,
    TableReader,
    UnreadableFileError,
    detect,
    preview,
)
from tests.data import raw_workbooks as raw
from tests.data.tables import csv_text, xlsx
from tests.devices.reading import LIMITS, limits

pytestmark = pytest.mark.once

CSV_SEEDS = [csv_text().encode(codec) for codec in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252")]
CSV_SEEDS += [b'Name;Serial\r\n"a\r\nb";"c""d"\r\n', b"sep=;\nName;Serial\nAda;C02\n"]
XLSX_SEED = xlsx()
XLSX_PARTS = raw.parts(
    raw.sheet_xml(raw.TABLE + '<row r="3"><c r="A3" t="s" s="1"><v>0</v></c><c s="1"><f>A1</f><v>4.5E+1</v></c></row>'),
    strings="<si><t>Ada</t></si><si><r><t>B</t></r></si>",
    styles='<numFmts><numFmt numFmtId="164" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="164"/></cellXfs>',
)
EXAMPLES = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_in_every_way(content: bytes, file_format: FileFormat | None = None) -> None:
    """Detect, preview and read; everything but an answer or an `UnreadableFileError` with a message is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        try:
            found = file_format or detect(path, limits=LIMITS)
            assert FileFormat.from_json(found.to_json()) == found
            with TableReader(path, found, limits=LIMITS) as table:
                for line, cells in table:
                    assert line > 0
                    assert all(isinstance(cell, str) and "\0" not in cell for cell in cells)
                    "".join(cells).encode()
        except UnreadableFileError as error:
            assert error.message and "%(" not in error.message
        preview(path, file_format or FileFormat("csv", "utf-8", ","), limits=limits(cell=10, columns=3, rows=2))


@st.composite
def mutated(draw: st.DrawFn, seeds: st.SearchStrategy[bytes]) -> bytes:
    """A valid file with some bytes changed, removed, doubled or inserted."""
    content = bytearray(draw(seeds))
    for _change in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        content[start:end] = draw(
            st.one_of(st.binary(max_size=12), st.just(bytes(content[start:end]) * 2), st.just(b""))
        )
    return bytes(content)


@EXAMPLES
@given(st.binary(max_size=400))
@example(b"\xff\xfe\x00\xd8")
@example(b"\xff\xfea")
@example(b"PK\x03\x04")
@example(b"\x00")
@example(b'"')
@example(b"sep=")
@example(b"sep=;")
def test_arbitrary_bytes_are_read_or_refused(content: bytes) -> None:
    read_in_every_way(content)


@EXAMPLES
@given(
    st.text(alphabet='ab,;\t|"\r\n\0 \x1a=sép\u2028\ud7ff😀'),
    st.sampled_from(["utf-8", "utf-16", "utf-16-be", "cp1252"]),
)
def test_arbitrary_text_is_read_or_refused(text: str, codec: str) -> None:
    read_in_every_way(text.encode(codec, "replace"))


@EXAMPLES
@given(mutated(st.sampled_from(CSV_SEEDS)))
def test_damaged_csv_is_read_or_refused(content: bytes) -> None:
    read_in_every_way(content)


@EXAMPLES
@given(
    mutated(st.sampled_from(CSV_SEEDS)),
    st.sampled_from(sorted(ENCODINGS)),
    st.sampled_from([*DELIMITERS, "^", "'"]),
    st.booleans(),
    st.booleans(),
)
def test_csv_read_in_a_way_that_may_be_wrong_is_read_or_refused(
    content: bytes, encoding: str, delimiter: str, has_header: bool, has_sep_line: bool
) -> None:
    read_in_every_way(content, FileFormat("csv", encoding, delimiter, has_header=has_header, has_sep_line=has_sep_line))


@EXAMPLES
@given(mutated(st.just(XLSX_SEED)))
def test_damaged_workbook_is_read_or_refused(content: bytes) -> None:
    read_in_every_way(content)
    read_in_every_way(content, FileFormat("xlsx", sheet="Devices"))


@EXAMPLES
@given(st.sampled_from(sorted(XLSX_PARTS)), st.data())
def test_workbook_with_a_damaged_part_is_read_or_refused(name: str, data: st.DataObject) -> None:
    parts: dict[str, str | bytes] = {**XLSX_PARTS}
    parts[name] = data.draw(mutated(st.just(XLSX_PARTS[name].encode())))
    read_in_every_way(raw.packed(parts))

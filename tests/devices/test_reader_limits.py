"""Are the limits of a file kept, before work begins where possible, and said with their setting?"""

import tracemalloc
from pathlib import Path

import pytest
from django.conf import settings

from devices.imports.reader import FileFormat, TableReader, UnreadableFileError, detect, preview
from devices.imports.reader.file_format import _EXCEEDED
from tests.data import raw_workbooks as raw
from tests.data.tables import xlsx
from tests.devices.reading import LIMITS, limits, read

pytestmark = pytest.mark.once


def refusal(path: Path, **changes: int) -> UnreadableFileError:
    """Return the error that `detect`, before any work, ends with."""
    with pytest.raises(UnreadableFileError) as caught:
        detect(path, limits=limits(**changes))
    return caught.value


def test_every_limit_names_a_setting_that_exists() -> None:
    assert all(hasattr(settings, setting) for _problem, setting in _EXCEEDED.values())


def test_file_that_is_too_large_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"Name,Serial\n" + b"Ada,C02\n" * 100)
    error = refusal(path, bytes=500)
    assert error.code == "too_large"
    assert error.message == (
        "The file has 812 bytes; at most 500 are allowed. "
        "Divide it into several files, or raise the setting HEXENROLL_IMPORT_MAX_BYTES."
    )


def test_too_many_rows_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"Name,Serial\n" + b"Ada,C02\n" * 101)
    error = refusal(path, rows=100)
    assert error.code == "too_many_rows"
    assert "more than 100 lines" in error.message and "HEXENROLL_IMPORT_MAX_ROWS" in error.message


def test_as_many_rows_as_allowed_are_read_with_quoted_line_breaks_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"Name,Serial\n" + b'"Ada\n\nLovelace",C02\n' * 100)
    detect(path, limits=limits(rows=100))
    assert len(read(path, limits=limits(rows=100))) == 101


def test_too_many_rows_of_a_workbook_are_refused_after_those_allowed(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    path.write_bytes(xlsx(("Devices", [["Name"]] + [["Ada"]] * 11)))
    shown = preview(path, FileFormat("xlsx"), limits=limits(rows=10), rows=20)
    assert len(shown.rows) == 10
    assert shown.problem is not None and shown.problem.code == "too_many_rows"


def test_500_columns_are_refused_with_the_number(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    row = ",".join(f"c{number}" for number in range(500))
    path.write_text(f"{row}\n{row}\n")
    error = refusal(path)
    assert (error.code, error.line) == ("too_many_columns", 1)
    assert "500 columns; at most 200" in error.message and "HEXENROLL_IMPORT_MAX_COLUMNS" in error.message


def test_500_columns_of_a_workbook_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    path.write_bytes(xlsx(("Devices", [[f"c{number}" for number in range(500)]] * 2)))
    assert refusal(path).code == "too_many_columns"


@pytest.mark.parametrize("quote", ["", '"'])
def test_cell_of_10_megabytes_is_refused_with_its_line(tmp_path: Path, quote: str) -> None:
    path = tmp_path / "devices.csv"
    path.write_text(f"Name,Serial\nAda,1\n{quote}{'x' * (10 << 20)}{quote},2\n")
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert (caught.value.code, caught.value.line) == ("cell_too_long", 3)
    assert "more than 10000 characters" in caught.value.message
    assert "HEXENROLL_IMPORT_MAX_CELL" in caught.value.message


@pytest.mark.parametrize("in_strings", [True, False])
def test_cell_of_10_megabytes_in_a_workbook_is_refused(tmp_path: Path, in_strings: bool) -> None:
    path = tmp_path / "devices.xlsx"
    long = "".join(f"{number:07}" for number in range((10 << 20) // 7))
    cell = '<c t="s"><v>0</v></c>' if in_strings else f'<c t="inlineStr"><is><t>{long}</t></is></c>'
    strings = f"<si><t>{long}</t></si>" if in_strings else None
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(raw.TABLE + f"<row>{cell}</row>"), strings=strings)))
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert caught.value.code in ("cell_too_long", "broken_workbook")


def test_workbook_that_unpacks_too_large_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    path.write_bytes(xlsx())
    error = refusal(path, unpacked_bytes=1000)
    assert error.code == "unpacks_too_large"
    assert "more than 1000 bytes" in error.message and "HEXENROLL_IMPORT_MAX_XLSX_BYTES" in error.message


def test_sheet_and_strings_that_are_too_large_together_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    strings = "".join(f"<si><t>{number * 7919}</t></si>" for number in range(1000))
    content = raw.parts(raw.sheet_xml(raw.TABLE), strings=strings)
    path.write_bytes(raw.packed(content))
    detect(path, limits=limits(unpacked_bytes=40_000))
    together = len(content[raw.STRINGS]) + len(content[raw.SHEET])
    assert refusal(path, unpacked_bytes=together - 1).code == "unpacks_too_large"


@pytest.mark.parametrize("kind", ["csv", "endless line", "endless quoted record", "xlsx"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "devices"
    if kind == "csv":
        path.write_bytes(b"Name,Serial\n" + b"Ada Lovelace,C02XK1ZZJGH5\n" * 400_000)
    elif kind == "endless line":
        path.write_bytes(b"Name,Serial\nAda,C02\n" + b"x, " * 8_000_000)
    elif kind == "endless quoted record":
        path.write_bytes(b"Name,Serial\nAda,C02\n" + b'"\n",' * 6_000_000)
    else:
        rows = "".join(raw.row_xml(number, "Ada", f"C{number * 7919}") for number in range(1, 60_000))
        path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(rows))))
    tracemalloc.start()
    try:
        with TableReader(path, detect(path, limits=LIMITS), limits=LIMITS) as table:
            for _row in table:
                pass
    except UnreadableFileError as error:
        assert kind.startswith("endless"), error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 40 << 20


def test_progress_goes_from_0_to_1(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"Name,Serial\n" + b"Ada,C02\n" * 300_000)
    with TableReader(path, FileFormat("csv", "utf-8", ","), limits=LIMITS) as table:
        seen = [table.progress for _row in table]
    assert seen == sorted(seen)
    assert seen[0] < 0.2 and seen[-1] == 1.0

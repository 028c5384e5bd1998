"""Does an XLSX file give the rows that a spreadsheet shows, with what each cell was?"""

from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from devices.imports.reader import (
    DateCell,
    ErrorCell,
    FileFormat,
    FormulaCell,
    NumberCell,
    UnreadableFileError,
    detect,
    preview,
)
from tests.data import raw_workbooks as raw
from tests.data.tables import HEADER, ROWS, xlsx
from tests.devices.reading import LIMITS, cells, read

pytestmark = pytest.mark.once


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "devices.xlsx"


def kinds(row: list[str]) -> list[type]:
    return [type(cell) for cell in row]


def test_workbook_gives_the_rows_of_its_first_sheet(path: Path) -> None:
    path.write_bytes(xlsx(("Geräte", [HEADER, *ROWS]), ("Notes", [["a"], ["b"]])))
    assert detect(path, limits=LIMITS) == FileFormat("xlsx", sheet="Geräte", sheets=("Geräte", "Notes"))
    assert read(path) == [(1, HEADER), (2, ROWS[0]), (3, ROWS[1])]


def test_first_sheet_with_rows_is_chosen_and_another_can_be(path: Path) -> None:
    path.write_bytes(xlsx(("Empty", []), ("Devices", [HEADER, *ROWS]), ("More", [["Name"], ["Ada"]])))
    assert detect(path, limits=LIMITS).sheet == "Devices"
    assert cells(path, FileFormat("xlsx", sheet="More")) == [["Name"], ["Ada"]]


def test_missing_sheet_is_said_with_those_there_are(path: Path) -> None:
    path.write_bytes(xlsx())
    problem = preview(path, FileFormat("xlsx", sheet="Gone"), limits=LIMITS).problem
    assert problem is not None and problem.message == "The workbook has no sheet “Gone”. Choose one of: Devices."


def test_hidden_sheets_are_not_offered(path: Path) -> None:
    workbook = Workbook()
    workbook.create_sheet("Devices").append(["Name"])
    workbook["Devices"].append(["Ada"])
    workbook["Sheet"].sheet_state = "hidden"
    workbook.save(path)
    assert detect(path, limits=LIMITS).sheets == ("Devices",)


def test_numbers_are_written_without_exponent_and_marked(path: Path) -> None:
    values = [123, 1.5, 356938035643809, 1.23e14, 0.0000001, 123456789012345678]
    path.write_bytes(xlsx(("Devices", [["a"] * 6, values])))
    row = cells(path)[1]
    assert row == ["123", "1.5", "356938035643809", "123000000000000", "0.0000001", "123456789012345700"]
    assert kinds(row) == [NumberCell] * 6


def test_dates_times_and_truth_values_are_marked(path: Path) -> None:
    values = [date(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5), time(1, 2, 3), True, False]  # noqa: DTZ001
    path.write_bytes(xlsx(("Devices", [["a"] * 5, values])))
    row = cells(path)[1]
    assert row == ["2024-01-02", "2024-01-02 03:04:05", "01:02:03", "TRUE", "FALSE"]
    assert kinds(row) == [DateCell, DateCell, DateCell, NumberCell, NumberCell]


def test_text_that_looks_like_a_number_is_plain_text(path: Path) -> None:
    path.write_bytes(xlsx(("Devices", [["Serial"], ["00123"], ["1.23E+14"]])))
    assert cells(path) == [["Serial"], ["00123"], ["1.23E+14"]]
    assert kinds(cells(path)[1]) == [str]


def test_number_format_with_letters_of_dates_in_quotes_is_no_date(path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["a", "b", "c"])
    sheet.append([45000, 45000, 45000])
    formats = ('0 "days"', "[Red]0.00", "[$-407]d. mmmm yyyy")
    for cell, number_format in zip(sheet[2], formats, strict=True):
        cell.number_format = number_format
    buffer = BytesIO()
    workbook.save(buffer)
    path.write_bytes(buffer.getvalue())
    assert kinds(cells(path)[1]) == [NumberCell, NumberCell, DateCell]


def test_formula_has_its_calculated_value_or_is_marked(path: Path) -> None:
    row = (
        '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>"C"&amp;"02"</f><v>C02</v></c>'
        '<c r="C2"><f>A2&amp;B2</f></c><c r="D2"><f>A2</f><v></v></c><c r="E2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="F2" t="str"><f>""</f><v></v></c></row>'
    )
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(raw.row_xml(1, *"abcdef") + row))))
    found = cells(path)[1]
    assert found == ["2", "C02", "=A2&B2", "=A2", "#DIV/0!", ""]
    assert kinds(found) == [NumberCell, str, FormulaCell, FormulaCell, ErrorCell, str]


def test_rows_keep_their_numbers_and_cells_their_columns(path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet["B3"], sheet["C3"], sheet["B6"], sheet["C9"] = "Name", "Serial", "Ada", "C03"
    workbook.save(path)
    assert read(path) == [(3, ["", "Name", "Serial"]), (6, ["", "Ada", ""]), (9, ["", "", "C03"])]


def test_rows_and_cells_without_references_follow_each_other(path: Path) -> None:
    data = raw.row_xml(1, "Name", "Serial").replace(' r="1"', "") + raw.row_xml(2, "Ada", "C02").replace(' r="2"', "")
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(data))))
    assert read(path) == [(1, ["Name", "Serial"]), (2, ["Ada", "C02"])]


def test_prefixed_names_rich_text_phonetic_guides_and_escapes_are_read(path: Path) -> None:
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>\n'
        ' <x:row r="1">\n  <x:c r="A1" t="s">\n   <x:v>0</x:v>\n  </x:c> '
        '<x:c r="B1" t="s"><x:v>1</x:v></x:c>\n </x:row>\n'
        ' <x:row r="2"><x:c r="A2" t="s"><x:v>2</x:v></x:c>'
        '<x:c r="B2" t="inlineStr"><x:is><x:t>C_x0030_2</x:t></x:is></x:c>'
        "</x:row></x:sheetData></x:worksheet>"
    )
    strings = (
        "<si>\n <t>Name</t>\n</si><si><r><t>Se</t></r><r><t>rial</t></r></si>"
        "<si><t>山田</t><rPh sb='0' eb='2'><t>ヤマダ</t></rPh></si>"
    )
    path.write_bytes(raw.packed(raw.parts(sheet, strings=strings)))
    assert cells(path) == [["Name", "Serial"], ["山田", "C02"]]


def test_escaped_nul_and_half_characters_stay_escaped(path: Path) -> None:
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(raw.row_xml(1, "Name") + raw.row_xml(2, "_x0000__xD800_a")))))
    assert cells(path)[1] == ["_x0000__xD800_a"]


def test_far_cell_does_not_make_the_table_as_large_as_the_sheet(path: Path) -> None:
    far = raw.TABLE + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(far))))
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert (caught.value.code, caught.value.line) == ("too_many_columns", 1_048_576)


def test_what_follows_the_table_is_not_read(path: Path) -> None:
    sheet = raw.sheet_xml(raw.TABLE).replace("</worksheet>", "<c><v>1</v></c>" * 9 + "</worksheet>")
    path.write_bytes(raw.packed(raw.parts(sheet)))
    assert cells(path) == [["Name", "Serial number"], ["Ada", "C02XK1ZZJGH5"]]


def test_dates_of_old_macs_count_from_1904(path: Path) -> None:
    workbook = (
        '<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="a" r:id="rId1"/></sheets></workbook>'
    )
    data = raw.row_xml(1, "Day") + '<row r="2"><c s="1"><v>1</v></c></row>'
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(data), workbook=workbook, styles=styles)))
    assert cells(path)[1] == ["1904-01-02"]


def test_garbage_behind_a_workbook_is_left_out(path: Path) -> None:
    path.write_bytes(xlsx() + b"garbage" * 50)
    assert cells(path) == [HEADER, *ROWS]

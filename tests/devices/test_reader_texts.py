"""Does a CSV file, in whatever form programs save it, give the same rows?"""

from dataclasses import replace
from pathlib import Path

import pytest

from devices.imports.reader import FileFormat, UnreadableFileError, detect, preview
from tests.data.tables import HEADER, ROWS, csv_text
from tests.devices.reading import LIMITS, cells, read

pytestmark = pytest.mark.once


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    ("codec", "encoding", "has_bom"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
        ("utf-16", "utf-16-le", True),
        ("cp1252", "cp1252", False),
    ],
)
def test_every_encoding_delimiter_and_line_end_gives_the_same_rows(
    tmp_path: Path, codec: str, encoding: str, has_bom: bool, delimiter: str, end: str
) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(csv_text(delimiter=delimiter, end=end).encode(codec))
    assert detect(path, limits=LIMITS) == FileFormat("csv", encoding, delimiter, has_bom=has_bom)
    assert cells(path) == [HEADER, *ROWS]


def test_big_endian_utf_16_with_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"\xfe\xff" + csv_text().encode("utf-16-be"))
    assert detect(path, limits=LIMITS) == FileFormat("csv", "utf-16-be", ",", has_bom=True)
    assert cells(path) == [HEADER, *ROWS]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_sep_line_is_obeyed_and_not_counted(tmp_path: Path, line: str, codec: str) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(f"{line}\r\nName;Serial\r\nAda, née Byron;C02\r\n".encode(codec))
    assert detect(path, limits=LIMITS).has_sep_line
    assert read(path) == [(1, ["Name", "Serial"]), (2, ["Ada, née Byron", "C02"])]


def test_sep_line_may_name_any_sign(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("sep=^\nName^Serial\nAda^C02\n")
    assert cells(path) == [["Name", "Serial"], ["Ada", "C02"]]


def test_semicolons_win_over_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("Name;Price;Weight\nAda;1,5;2,5\nAlan;2,5;3,0\n")
    assert detect(path, limits=LIMITS).delimiter == ";"


def test_commas_win_over_lists_with_semicolons(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("Name,Groups\nAda,a;b;c\nAlan,d;e;f\n")
    assert detect(path, limits=LIMITS).delimiter == ","


def test_delimiters_inside_quotes_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('"Name, first and last";"Serial, own";"Groups, all"\n"Byron, Ada";C02;"a, b"\n')
    assert cells(path) == [["Name, first and last", "Serial, own", "Groups, all"], ["Byron, Ada", "C02", "a, b"]]


def test_table_of_one_column_is_read(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("Serial number\nC02\nC03\n")
    assert cells(path) == [["Serial number"], ["C02"], ["C03"]]


def test_record_with_quoted_line_breaks_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b'Name,Serial\r\n"Ada\r\nLovelace\nByron",C02\r\nAlan,C03\r\n')
    assert read(path)[1:] == [(2, ["Ada\r\nLovelace\nByron", "C02"]), (3, ["Alan", "C03"])]


def test_blank_lines_count_and_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("\nName,Serial\n\nAda,C02\n,,\n   \nAlan,C03\n\x1a")
    assert read(path) == [(2, ["Name", "Serial"]), (4, ["Ada", "C02"]), (7, ["Alan", "C03"])]


def test_cells_are_not_changed_and_rows_are_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('Name,Serial,Groups\n Ada ,007\nAlan,"1.23E+14",x,extra\n')
    assert cells(path)[1:] == [[" Ada ", "007"], ["Alan", "1.23E+14", "x", "extra"]]


def test_file_without_header_gets_numbered_columns(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("C02,Ada\nC03,Alan\n")
    headerless = replace(detect(path, limits=LIMITS), has_header=False)
    assert read(path, headerless) == [(0, ["Column 1", "Column 2"]), (1, ["C02", "Ada"]), (2, ["C03", "Alan"])]


def test_windows_1252_that_ends_with_an_accented_letter_is_not_cut_off_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes("Serial,Name\nC02,René".encode("cp1252"))
    assert cells(path) == [["Serial", "Name"], ["C02", "René"]]


def test_windows_1252_far_into_a_large_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"Name,Serial\n" + b"Ada,C02\n" * 400_000 + "Jörg,C03\n".encode("cp1252"))
    assert detect(path, limits=LIMITS).encoding == "cp1252"
    assert read(path)[-1] == (400_002, ["Jörg", "C03"])


def test_characters_and_line_ends_across_chunks_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    rows = [["Zoë 🦊" * (number % 7), f"C{number}"] for number in range(60_000)]
    path.write_bytes(csv_text([["Name", "Serial"], *rows]).encode("utf-8-sig"))
    assert cells(path)[1:] == rows
    path.write_bytes(csv_text([["Name", "Serial"], *rows]).encode("utf-16"))
    assert cells(path)[1:] == rows


def test_format_survives_json(tmp_path: Path) -> None:
    file_format = FileFormat("xlsx", sheet="Geräte", sheets=("Geräte", "b"), has_header=False)
    assert FileFormat.from_json(file_format.to_json()) == file_format


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"encoding": "utf-8"}, "wrong_encoding"),
        ({"encoding": "latin-404"}, "unknown_encoding"),
        ({"encoding": "rot13"}, "unknown_encoding"),
        ({"encoding": ""}, "unknown_encoding"),
        ({"delimiter": ""}, "wrong_delimiter"),
        ({"delimiter": "ab"}, "wrong_delimiter"),
        ({"delimiter": '"'}, "wrong_delimiter"),
        ({"delimiter": "\n"}, "wrong_delimiter"),
        ({"kind": "xlsx"}, "not_a_workbook"),
    ],
)
def test_wrong_override_is_an_answer_and_not_a_crash(tmp_path: Path, changes: dict[str, str], code: str) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(csv_text().encode("cp1252") + b"x")
    file_format = replace(detect(path, limits=LIMITS), **changes)  # type: ignore[arg-type]
    problem = preview(path, file_format, limits=LIMITS).problem
    assert problem is not None and problem.code == code


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes("Name,Serial\nAda,1\n\nJörg,2\n".encode("cp1252"))
    with pytest.raises(UnreadableFileError) as caught:
        read(path, FileFormat("csv", "utf-8", ","))
    assert caught.value.line == 4
    assert caught.value.message.startswith("Line 4 is not text in the encoding Unicode (UTF-8).")


def test_another_delimiter_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("Name,Serial\nAda,1\n")
    assert cells(path, FileFormat("csv", "utf-8", ";")) == [["Name,Serial"], ["Ada,1"]]


def test_what_old_programs_fill_the_end_of_a_file_with_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(csv_text().encode() + b"\x1a" * 900)
    assert cells(path) == [HEADER, *ROWS]

"""Do the rows with errors come back as a file that can be corrected and uploaded as it is?"""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest

from devices.imports import bad_rows, steps
from devices.models import Device, ImportBatch
from tests.data.tables import xlsx

from .importing import (
    check_again,
    checked,
    checked_rows,
    codes,
    committed,
    content_of,
    device,
    lines,
    parsed,
    row,
    table,
    uploaded,
)

pytestmark = pytest.mark.django_db


def bad_file(batch: ImportBatch) -> str:
    return "".join(bad_rows.lines(batch))


def again(batch: ImportBatch, text: str) -> ImportBatch:
    """Upload a corrected file into the same batch and check it."""
    assert steps.upload_again(batch, BytesIO(text.encode()), "corrected.csv")
    return check_again(batch)


def test_the_file_has_line_and_reason_in_front_and_the_bad_rows_alone() -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"), row(3), row(4, email="x", name=""))
    table_rows = parsed(bad_file(batch))
    assert table_rows[0] == ["line", "reason", "Name", "Email", "Ownership", "Serial number", "Platform"]
    assert table_rows[1] == [
        "3",
        "“iOS” is not known here. Write one of: android, ios, macos, linux, tvos. Upper and lower case matter.",
        *row(2, platform="iOS").values(),
    ]
    assert table_rows[2][:2] == [
        "5",
        "“Name” is empty. Fill it in. “x” is not an e-mail address. Write it like name@example.com: "
        "without spaces, and with no letters but a to z before the @.",
    ]
    assert len(table_rows) == 3


def test_a_spreadsheet_takes_the_file_for_unicode() -> None:
    assert bad_file(checked_rows(row(1, name="Zoë", email="x"))).startswith("\ufeffline,reason,")


def test_rows_with_warnings_alone_are_not_in_the_file() -> None:
    assert len(parsed(bad_file(checked_rows(row(1, email="a@gmail.com"), row(2, email="x"))))) == 2


def test_as_it_is_the_file_has_the_same_errors_again() -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"), row(3, serial_number="0"))
    assert codes(checked(bad_file(batch).encode())) == [(2, "unknown_choice"), (3, "junk_serial")]


def test_corrected_it_is_imported_as_a_new_batch() -> None:
    batch = committed(checked_rows(row(1), row(2, platform="iOS")), accept_good_rows=True)
    text = content_of(batch.bad_rows_file).decode().replace(",iOS", ",ios")
    new = committed(checked(text.encode()), "keep")
    assert new.counts["created"] == 1
    assert device(2).platform == "ios"
    assert device(2).custom_attributes == {}


def test_corrected_it_goes_into_the_same_batch_which_keeps_mapping_and_choices() -> None:
    content = table(row(1, Desk="7", platform="iOS"), row(2, Desk="8")).replace(b"Name,", b"Who,")
    batch = uploaded(content)
    columns = {"name": (0,), "email": (1,), "ownership": (2,), "serial_number": (3,), "platform": (4,)}
    steps.save_mapping(batch, steps.Mapping(columns, kept=(5,)))
    check_again(batch)
    steps.choose(batch, duplicates="keep", channel="sms", accept_good_rows=False)
    again(batch, bad_file(batch).replace(",iOS", ",ios"))
    assert codes(batch) == []
    assert (batch.duplicates, batch.channel) == ("keep", "sms")
    committed(batch)
    assert device(1).custom_attributes == {"Desk": "7"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_file_is_divided_as_the_uploaded_one_and_read_again(delimiter: str) -> None:
    text = table(row(1, platform="iOS"), row(2, email="x")).decode().replace(",", delimiter)
    batch = checked(text.encode())
    assert parsed(bad_file(batch), delimiter)[1][2:] == list(row(1, platform="iOS").values())
    assert codes(again(batch, bad_file(batch))) == [(2, "unknown_choice"), (3, "email_invalid")]


def test_a_file_without_a_header_comes_back_with_one_and_keeps_its_mapping() -> None:
    text = lines(row(1).values(), row(2, platform="iOS").values())
    batch = uploaded(text.encode())
    steps.change_format(batch, replace(steps.FileFormat.from_json(batch.file_format), has_header=False))
    steps.save_mapping(batch, steps.Mapping({field: (index,) for index, field in enumerate(row(1))}))
    assert codes(check_again(batch)) == [(2, "unknown_choice")]
    again(batch, bad_file(batch).replace(",iOS", ",ios"))
    assert (codes(batch), batch.counts["good"]) == ([], 1)


def test_values_that_look_like_formulas_are_neutralised_and_come_back_unchanged() -> None:
    hostile = "=cmd|'/c calc'!A1"
    cells = row(1, name=hostile, device_name="-1", mobile="+491701234567", platform="iOS", **{"=Desk": "@home"})
    batch = checked_rows(cells, kept=["=Desk"])
    text = bad_file(batch)
    for written in parsed(text)[1]:
        assert not written.startswith(("=", "+", "-", "@", "\t"))
    committed(again(batch, text.replace(",iOS", ",ios")))
    made = device()
    assert made.user is not None
    assert (made.user.name, made.name, made.user.mobile) == (hostile, "-1", "+491701234567")
    assert made.custom_attributes == {"=Desk": "@home"}


def test_an_apostrophe_before_a_formula_comes_back_too() -> None:
    batch = checked_rows(row(1, name="''=1", platform="iOS"))
    committed(again(batch, bad_file(batch).replace(",iOS", ",ios")))
    made = device()
    assert made.user is not None
    assert made.user.name == "'=1"


def test_quotes_newlines_delimiters_and_emoji_come_back_unchanged() -> None:
    cells = row(1, name='Ada "The, First" 😀', device_name="a;b", platform="iOS", Note="two\r\nlines")
    batch = checked_rows(cells, kept=["Note"])
    committed(again(batch, bad_file(batch).replace(",iOS", ",ios")))
    made = device()
    assert made.user is not None
    assert (made.user.name, made.name) == ('Ada "The, First" 😀', "a;b")
    assert made.custom_attributes["Note"].splitlines() == ["two", "lines"]


def test_half_a_character_of_a_workbook_does_not_break_the_file() -> None:
    header, cells = (line.split(",") for line in table(row(1, email="x", name="_xD800_")).decode().splitlines())
    content = xlsx(("Devices", [header, cells]))
    batch = checked(content, name="devices.xlsx")
    assert bad_file(batch).encode()


def test_what_a_workbook_damaged_is_still_an_error_in_the_file() -> None:
    header = table(row()).decode().splitlines()[0].split(",")
    damaged: list[object] = [3569380356438091234, date(2026, 3, 12), "=A1", "#N/A"]
    rows = [[*row(number).values()] for number in range(4)]
    sheet: list[list[object]] = [
        [*header],
        *([*cells[:3], serial, *cells[4:]] for cells, serial in zip(rows, damaged, strict=True)),
    ]
    batch = checked(xlsx(("Devices", sheet)), name="devices.xlsx")
    assert [code for _line, code in codes(batch)] == ["excel_number", "excel_date", "excel_formula", "excel_error"]
    again(batch, bad_file(batch))
    assert [code for _line, code in codes(batch)] == ["excel_number", "excel_date", "required", "excel_error"]


def test_a_row_with_too_many_cells_keeps_them_all() -> None:
    content = table(row(1)) + b"Lovelace, Ada,ada@example.com,corporate,C02XK1ZZJ777,macos\r\n"
    batch = checked(content)
    assert parsed(bad_file(batch))[1][2:] == [
        "Lovelace",
        " Ada",
        *["ada@example.com", "corporate", "C02XK1ZZJ777", "macos"],
    ]


def test_the_rows_that_stayed_behind_can_be_downloaded_after_the_commit() -> None:
    batch = committed(checked_rows(row(1), row(2, platform="iOS")), accept_good_rows=True)
    assert not batch.file
    assert len(parsed(content_of(batch.bad_rows_file).decode())) == 2


def test_a_commit_without_bad_rows_leaves_no_such_file() -> None:
    assert not committed(checked_rows(row(1))).bad_rows_file


def test_ten_thousand_bad_rows_come_in_the_order_of_the_file() -> None:
    rows = [row(number, email="x", serial_number=f"C02X{number:06}") for number in range(1, 10_001)]
    numbers = [int(cells[0]) for cells in parsed(bad_file(checked_rows(*rows)))[1:]]
    assert numbers == list(range(2, 10_002))
    assert not Device.objects.exists()

"""Which serial numbers does the check accept, and what does it never change in them?"""

import pytest

from devices.imports import problems
from devices.imports.columns.serial_numbers import is_junk_serial
from tests.data.tables import xlsx

from .importing import cell_problems, checked, checked_rows, codes, problem, row, staged, table

pytestmark = pytest.mark.django_db

JUNK = [
    "0",
    "None",
    "none",
    "N/A",
    "To be filled by O.E.M.",
    "Default string",
    "System Serial Number",
    "Not Specified",
    "VMware-56 4d 8a 1b",
    "VMware-564d8a1b9c",
    "Not-Specified",
    "123456789",
    "0000000000",
    "XXXXXXXXXX",
    "aAaAaAaAaA",
    "AA-AA-AA-AA",
    "-",
    "1",
]


@pytest.mark.parametrize(
    "serial", ["C02XK1ZZJGH5", "c02xk1zzjgh5", "R58N30ABCDE", "5CG1234XYZ", "7E12345678", "123E45678"]
)
def test_a_usual_serial_is_good_and_its_case_is_kept(serial: str) -> None:
    batch = checked_rows(row(1, serial_number=serial))
    assert codes(batch) == []
    assert staged(batch).serial_number == serial


@pytest.mark.parametrize(
    "serial", ["356938035643809", "00123456789012", "A1", "C02/XK1ZZ", "C02 XK1ZZ", "A" + "1B" * 16]
)
def test_an_unusual_serial_is_good_with_a_warning_or_none_and_never_changed(serial: str) -> None:
    batch = checked_rows(row(1, serial_number=serial))
    assert codes(batch, "error") == []
    assert staged(batch).serial_number == serial


@pytest.mark.parametrize("serial", ["A1", "C02/XK1ZZ", "C02 XK1ZZ", "A" + "1B" * 16])
def test_an_unusual_serial_is_warned_about(serial: str) -> None:
    assert cell_problems("serial_number", serial) == [("warning", "unusual_serial")]


@pytest.mark.parametrize("serial", JUNK)
def test_what_devices_without_a_serial_report_is_an_error(serial: str) -> None:
    assert is_junk_serial(serial)
    assert cell_problems("serial_number", serial) == [("error", "junk_serial")]


def test_a_serial_of_300_characters_is_an_error_that_names_the_limit() -> None:
    found = problem(checked_rows(row(1, serial_number="A1" * 150)))
    assert found.code == "too_long"
    assert problems.message(found.code, detail=found.detail) == "This is longer than 64 characters. Shorten it."
    assert len(found.value) == 200


def test_no_other_case_is_suggested_for_a_serial() -> None:
    assert problem(checked_rows(row(1, serial_number="\u00e4bcdef123"))).suggestion == ""


@pytest.mark.parametrize("serial", ["С02XK1ZZJGH5", "C02XK1ZZ\u200bJGH5", "C02XK1ZZＪGH5", "C02XK1ZZ😀GH5"])
def test_a_character_that_no_serial_has_is_an_error_that_names_it(serial: str) -> None:
    found = problem(checked_rows(row(1, serial_number=serial)))
    assert found.code == "serial_characters"
    assert found.detail.startswith("U+")


def test_spaces_around_a_serial_are_an_error() -> None:
    found = problem(checked_rows(row(1, serial_number=" C02XK1ZZJGH5")))
    assert (found.code, found.suggestion) == ("surrounding_space", "C02XK1ZZJGH5")


@pytest.mark.parametrize("damaged", ["1.23E+14", "1,23E+14", "3.56938E+14", "1.23e14", "5E+11"])
def test_a_serial_that_a_spreadsheet_turned_into_a_number_is_an_error_that_says_so(damaged: str) -> None:
    found = problem(checked_rows(row(1, serial_number=damaged)))
    assert found.code == "excel_number"
    assert "A spreadsheet has turned this value into the number" in problems.message(found.code, value=found.value)


def sheet(serial: object) -> bytes:
    header, cells = (line.split(",") for line in table(row(1)).decode().splitlines())
    values: list[object] = [*cells]
    values[3] = serial
    return xlsx(("Devices", [header, values]))


def test_a_number_as_serial_in_a_workbook_is_warned_about() -> None:
    batch = checked(sheet(4711004711), name="devices.xlsx")
    assert codes(batch) == [(2, "stored_as_number")]
    assert staged(batch).serial_number == "4711004711"


def test_a_number_of_more_digits_than_a_spreadsheet_keeps_is_an_error() -> None:
    assert codes(checked(sheet(3569380356438091234), name="devices.xlsx")) == [(2, "excel_number")]


def test_a_date_as_serial_in_a_workbook_is_an_error() -> None:
    from datetime import date

    assert codes(checked(sheet(date(2026, 3, 12)), name="devices.xlsx")) == [(2, "excel_date")]


def test_text_of_digits_in_a_workbook_keeps_its_zeros_and_is_not_warned_about_as_a_number() -> None:
    batch = checked(sheet("004711004711"), name="devices.xlsx")
    assert (2, "stored_as_number") not in codes(batch)
    assert staged(batch).serial_number == "004711004711"


def test_a_formula_without_a_result_is_an_error_that_says_what_to_do() -> None:
    batch = checked(sheet("=A1"), name="devices.xlsx")
    assert codes(batch) == [(2, "excel_formula")]
    text = problems.message("excel_formula", value=problem(batch).value)
    assert text == (
        "The cell holds a formula, “=A1”, and not its result. "
        "Open the file in a spreadsheet and save it again, or type the value."
    )


def test_the_error_of_a_formula_is_an_error_in_every_column_of_text() -> None:
    header, cells = (line.split(",") for line in table(row(1, device_name="x")).decode().splitlines())
    cells[0] = cells[3] = cells[5] = "#N/A"
    batch = checked(xlsx(("Devices", [header, cells])), name="devices.xlsx")
    assert codes(batch) == [(2, "excel_error")] * 3


def test_a_formula_as_text_in_a_csv_is_a_value() -> None:
    batch = checked_rows(row(1, name="=1+1", device_name="#1"))
    assert codes(batch) == []
    assert (staged(batch).name, staged(batch).device_name) == ("=1+1", "#1")

"""Do the fast ways of the check agree with its rules, whatever stands in the cells?"""

from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devices.imports.columns import BY_FIELD, COLUMNS, Column
from devices.imports.columns.cells import CellContext, NameWidget, neutralise, plain_text
from devices.imports.problems import CellProblem
from devices.imports.reader import DateCell, ErrorCell, FormulaCell, NumberCell

pytestmark = pytest.mark.once

# As the reader makes them: an error of a workbook begins with #, a formula with =.
KINDS: list[Callable[[str], str]] = [
    str,
    NumberCell,
    DateCell,
    lambda text: ErrorCell(f"#{text}"),
    lambda text: FormulaCell(f"={text}"),
]
CONTEXT = CellContext(phone_region="DE", excluded_platforms=frozenset({"windows"}), policies=frozenset({"Wi-Fi"}))

ANY_TEXT = st.text(max_size=70)
LETTERS = st.text("aAbZ09-+.@' #=\u00a0\u200b\u0130\u017f\u212a\n", max_size=70)
SERIALS = st.from_regex(r"[A-Za-z0-9-]{1,32}", fullmatch=True) | st.from_regex(r"[aA1E-]{8,12}", fullmatch=True)
JUNK = st.sampled_from(["VMware-564d8a1b9c", "Not-Specified", "AA-AA-AA-AA", "aAaAaAaAaA", "none", "1E5", "1.5E+7"])
EMAILS = st.emails() | st.from_regex(r"[a-z._+-]{1,8}@[a-z.-]{1,12}", fullmatch=True)
CALLING_CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
PHONES = st.builds("+{}{}".format, CALLING_CODES, st.from_regex(r"[0-9]{3,12}", fullmatch=True))
EXAMPLE_PHONES = [
    phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    if (number := phonenumbers.example_number_for_type(region, kind))
]
WORDS = st.sampled_from(["ios", "iOS", "windows", "Windows", "corporate", "Corporate", "personal", "", " ios"])
CELLS = ANY_TEXT | LETTERS | SERIALS | JUNK | EMAILS | PHONES | WORDS


def assert_plain_is_clean(column: Column, cells: list[str]) -> None:
    if not column.widget.is_plain(cells, CONTEXT):
        return
    for cell in cells:
        value = column.widget.clean(cell, context=CONTEXT)
        assert value == cell
        assert not list(column.widget.warnings(value, cell, CONTEXT))


@pytest.mark.parametrize("field", [column.field for column in COLUMNS])
@settings(max_examples=300, deadline=None)
@given(cells=st.lists(CELLS, min_size=1, max_size=3), kind=st.sampled_from(KINDS))
def test_a_plain_cell_is_its_own_clean_value_without_a_warning(
    field: str, cells: list[str], kind: Callable[[str], str]
) -> None:
    assert_plain_is_clean(BY_FIELD[field], [kind(cell) for cell in cells])


@settings(max_examples=500, deadline=None)
@given(SERIALS | JUNK)
@example("7E12345678")
def test_a_plain_serial_is_clean(serial: str) -> None:
    assert_plain_is_clean(BY_FIELD["serial_number"], [serial])


@settings(max_examples=500, deadline=None)
@given(EMAILS)
def test_a_plain_address_is_clean(address: str) -> None:
    assert_plain_is_clean(BY_FIELD["email"], [address])


@settings(max_examples=1000, deadline=None)
@given(PHONES)
def test_a_plain_phone_number_is_clean(number: str) -> None:
    assert_plain_is_clean(BY_FIELD["mobile"], [number])


@pytest.mark.parametrize("number", EXAMPLE_PHONES)
def test_the_phone_numbers_of_every_country_are_read_alike_on_both_ways(number: str) -> None:
    assert_plain_is_clean(BY_FIELD["mobile"], [number])
    assert BY_FIELD["mobile"].widget.clean(number, context=CONTEXT) == number


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT | LETTERS)
@example("'=1+1")
@example("''-x")
@example("=cmd|'/c calc'!A1")
def test_what_goes_out_is_no_formula_and_comes_back_unchanged(text: str) -> None:
    written = neutralise(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain_text(written) == text or not text.startswith("'")


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
@example("'=1+1")
def test_a_name_that_was_exported_is_imported_as_it_was(name: str) -> None:
    widget = NameWidget(max_length=200)
    try:
        value = widget.clean(name)
    except CellProblem:
        return
    assert widget.clean(widget.render(value)) == value

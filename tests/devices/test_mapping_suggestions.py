"""Are columns mapped by themselves, and is it said why?"""

import pytest

from devices.imports.columns import COLUMNS
from devices.imports.mapping import Mapping, MatchReason, suggest
from devices.imports.mapping.products import PRODUCTS
from tests.data.product_headers import PRODUCT_HEADERS, ProductHeader
from tests.data.tables import HEADER, ROWS

pytestmark = pytest.mark.once


def headers_of(known: ProductHeader) -> list[str]:
    return known.header.split(";" if ";" in known.header else ",")


@pytest.mark.parametrize("known", PRODUCT_HEADERS, ids=lambda known: f"{known.product}-{known.header[:12]}")
def test_header_row_is_recognised_and_mapped(known: ProductHeader) -> None:
    headers = headers_of(known)
    suggestion = suggest(headers)
    mapped = {
        field: " + ".join(headers[index] for index in indexes) for field, indexes in suggestion.mapping.columns.items()
    }
    assert mapped == known.columns
    assert suggestion.mapping.fixed == known.fixed
    assert suggestion.product == known.product
    assert known.says in " ".join(suggestion.notes)
    assert tuple(problem.field for problem in suggestion.mapping.problems(headers)) == known.missing
    assert suggestion.reasons.keys() == {**known.columns, **known.fixed}.keys()


def test_every_product_that_the_mapping_knows_has_an_example_here() -> None:
    assert {product.label for product in PRODUCTS} == {known.product for known in PRODUCT_HEADERS if known.product}


def test_own_headers_are_mapped_exactly_and_completely() -> None:
    headers = [column.header for column in COLUMNS]
    suggestion = suggest(headers)
    assert suggestion.mapping.columns == {column.field: (index,) for index, column in enumerate(COLUMNS)}
    assert {match.reason for match in suggestion.reasons.values()} == {MatchReason.EXACT}
    assert suggestion.notes == []


def test_exact_header_wins_over_the_same_name_written_differently() -> None:
    suggestion = suggest(["email", "Email"])
    assert suggestion.mapping.columns == {"email": (1,)}
    assert suggestion.reasons["email"].text == "the header is exactly “Email”"


def test_same_name_written_differently_wins_over_a_synonym() -> None:
    suggestion = suggest(["Phone", "MOBILE"])
    assert suggestion.mapping.columns == {"mobile": (1,)}
    assert suggestion.reasons["mobile"].text == "“MOBILE” is the same name, written differently"


@pytest.mark.parametrize(
    "header", ["serialNumber", "SERIAL_NUMBER", "Serial-Number*", "serial number (required)", "Ｓerial Number"]
)
def test_header_is_compared_without_case_spaces_signs_and_brackets(header: str) -> None:
    assert suggest([header]).mapping.columns == {"serial_number": (0,)}


def test_reason_names_the_product() -> None:
    suggestion = suggest(["Serial Number", "Device Type", "Username", "Full Name", "Email Address"])
    assert suggestion.reasons["platform"].text == "“Device Type” is what Jamf Pro calls it"


def test_name_is_preferred_to_its_alias() -> None:
    assert suggest(["Display Name", "Name"]).mapping.columns == {"name": (1,)}


@pytest.mark.parametrize("headers", [["Email", "Email"], ["mail", "e-mail-adresse"], ["EMAIL", "email"]])
def test_two_candidates_leave_the_field_open_and_a_note_says_so(headers: list[str]) -> None:
    suggestion = suggest(headers)
    assert suggestion.mapping.columns == {}
    assert suggestion.notes == [
        f"Several columns could be “Email”: {headers[0]} (1), {headers[1]} (2). Choose the right one."
    ]


def test_own_columns_of_a_bad_rows_file_and_of_the_export_are_left_out() -> None:
    headers = ["line", "reason", *HEADER, "Status", "Room"]
    mapping = suggest(headers).mapping
    assert mapping.columns["name"] == (2,)
    assert mapping.keepable(headers) == (8,)


def test_remembered_mapping_wins_while_it_fits() -> None:
    remembered = Mapping(
        {"name": (1,), "email": (0,), "serial_number": (3,), "platform": (4,)}, {"ownership": "personal"}
    )
    suggestion = suggest(HEADER, remembered=remembered)
    assert suggestion.mapping == remembered
    assert {match.reason for match in suggestion.reasons.values()} == {MatchReason.REMEMBERED}


def test_remembered_mapping_that_does_not_fit_any_more_is_forgotten() -> None:
    remembered = Mapping({"name": (17,)})
    assert suggest(HEADER, remembered=remembered).mapping.columns["name"] == (0,)


def test_headerless_intune_list_is_recognised_and_said_to_be_not_enough() -> None:
    headers, rows = ["356938035643809", "Ada's phone"], [["C02XK1ZZJGH5", "a remark"]]
    suggestion = suggest(headers, rows)
    assert suggestion.product == "Microsoft Intune"
    assert suggestion.mapping.columns == {"serial_number": (0,)}
    assert "has no header" in suggestion.notes[0]
    assert "names no users" in suggestion.notes[1]
    assert suggest(["Column 1", "Column 2"], [headers, *rows]).mapping.columns == {"serial_number": (0,)}


def test_file_without_header_is_mapped_by_its_values() -> None:
    suggestion = suggest([f"Column {number}" for number in range(1, 6)], ROWS)
    assert suggestion.mapping.columns == {"email": (1,), "ownership": (2,), "platform": (4,), "serial_number": (3,)}
    assert suggestion.reasons["email"].text == "its values look like it"
    assert suggestion.notes == []


def test_first_line_that_is_a_device_is_noticed() -> None:
    suggestion = suggest(ROWS[0], ROWS[1:])
    assert suggestion.notes == [
        "The first line looks like a device, not like a header. If it is one, say that the file has no header."
    ]


def test_unknown_headers_map_nothing() -> None:
    assert suggest(["Foo", "Bar", ""]).mapping == Mapping()

"""Is a mapping that can't work refused, with the field and what to do?"""

import pytest

from devices.imports.mapping import Mapping, MappingError, fingerprint, from_arguments, looks_like_data
from tests.data.tables import HEADER, ROWS

pytestmark = pytest.mark.once

COMPLETE: dict[str, tuple[int, ...]] = {
    "name": (0,), "email": (1,), "ownership": (2,), "serial_number": (3,), "platform": (4,),
}  # fmt: skip


def without(*fields: str) -> dict[str, tuple[int, ...]]:
    """Return the complete mapping of `HEADER` without some fields."""
    return {field: indexes for field, indexes in COMPLETE.items() if field not in fields}


def test_complete_mapping_has_no_problem() -> None:
    assert Mapping(COMPLETE).problems(HEADER) == []
    assert Mapping(without("platform"), {"platform": "ios"}).problems(HEADER) == []
    assert Mapping({**without("name"), "name": (0, 5)}, kept=(6,)).problems([*HEADER, "Last", "Room"]) == []


@pytest.mark.parametrize(
    ("mapping", "field", "code", "message"),
    [
        (
            Mapping(without("email")),
            "email",
            "required",
            "“Email” is required. Choose its column, or give one value for all rows.",
        ),
        (
            Mapping(without("serial_number")),
            "serial_number",
            "required_column",
            "“Serial number” is required. Choose its column.",
        ),
        (
            Mapping({**COMPLETE, "mobile": (1,)}),
            "mobile",
            "used_twice",
            "The column “Email” is used more than once. Choose another for “Mobile”.",
        ),
        (
            Mapping({**COMPLETE, "name": (0, 0)}),
            "name",
            "used_twice",
            "The column “Name” is used more than once. Choose another for “Name”.",
        ),
        (
            Mapping({**COMPLETE, "email": (1, 5)}),
            "email",
            "too_many_parts",
            "“Email” can be filled by at most 1 columns. Remove the others.",
        ),
        (
            Mapping({**COMPLETE, "mobile": (9,)}),
            "mobile",
            "no_such_column",
            "“Mobile” is mapped to a column that the file doesn't have. Choose another.",
        ),
        (
            Mapping({**COMPLETE, "mobile": (-1,)}),
            "mobile",
            "no_such_column",
            "“Mobile” is mapped to a column that the file doesn't have. Choose another.",
        ),
        (
            Mapping(COMPLETE, {"platform": "ios"}),
            "platform",
            "both",
            "“Platform” has a column and a value for all rows. Choose one of the two.",
        ),
        (
            Mapping(COMPLETE, {"password": "x"}),
            "password",
            "cant_be_fixed",
            "“Password” can't be the same in all rows. Choose its column.",
        ),
        (
            Mapping(without("platform"), {"platform": " "}),
            "platform",
            "empty_value",
            "The value of “Platform” for all rows is empty. Write one, or choose a column.",
        ),
        (
            Mapping({**COMPLETE, "shoe_size": (5,)}),
            "shoe_size",
            "unknown_field",
            "There is no field “shoe_size”. The fields are: name, email, ownership, serial_number, platform, "
            "sam_account_name, mobile, device_name, password, groups, policies.",
        ),
        (
            Mapping(COMPLETE, kept=(0,)),
            "",
            "kept_twice",
            "The column “Name” fills a field, so it can't be kept as a custom attribute too.",
        ),
        (
            Mapping(COMPLETE, kept=(6,)),
            "",
            "not_kept",
            "The column “Status” is hexenroll's own, so it can't be kept as a custom attribute.",
        ),
    ],
)
def test_mapping_that_can_not_work_is_refused(mapping: Mapping, field: str, code: str, message: str) -> None:
    (problem,) = mapping.problems([*HEADER, "Room", "Status"])
    assert (problem.field, problem.code, problem.message) == (field, code, message)


def test_all_problems_are_told_at_once() -> None:
    assert [problem.field for problem in Mapping().problems(HEADER)] == list(COMPLETE)


def test_mapping_survives_json() -> None:
    mapping = Mapping({"name": (0, 1), "email": (2,)}, {"platform": "ios"}, (4, 3))
    assert Mapping.from_json(mapping.to_json()) == mapping
    assert Mapping.from_json({}) == Mapping()


def test_attributes_get_unique_names() -> None:
    headers = ["Room", "Room", "", "Room (2)", " Room "]
    assert Mapping(kept=(0, 1, 2, 3, 4)).attribute_names(headers) == {
        0: "Room",
        1: "Room (2)",
        2: "Column 3",
        3: "Room (2) (2)",
        4: "Room (3)",
    }


def test_mapping_moves_with_the_names_of_its_columns() -> None:
    mapping = Mapping({"name": (0,), "email": (1,), "mobile": (2,)}, {"platform": "ios"}, (3,))
    moved = mapping.moved(["Name", "Mail", "Phone", "Room"], ["line", "reason", "Room", "Mail", "Name"])
    assert moved == Mapping({"name": (4,), "email": (3,)}, {"platform": "ios"}, (2,))


def test_mapping_moves_with_the_right_one_of_two_columns_of_the_same_name() -> None:
    assert Mapping({"email": (1,)}).moved(["Mail", "Mail"], ["x", "Mail", "Mail"]) == Mapping({"email": (2,)})


def test_fingerprint_is_that_of_names_and_order() -> None:
    assert fingerprint(["Name", " Email "]) == fingerprint([" Name", "Email"])
    assert len({fingerprint(h) for h in (["Name", "Email"], ["Email", "Name"], ["Name,Email"], ["name", "Email"])}) == 4


@pytest.mark.parametrize(
    ("header", "is_data"),
    [
        (HEADER, False),
        (["Foo", "Bar"], False),
        (["Column 1", "Column 2"], False),
        (["Serial Number", "ABC1234567"], False),
        (ROWS[0], True),
        (["356938035643809", "a remark"], True),
        (["C02XK1ZZJGH5"], True),
        (["Ada", "+49 170 1234567"], True),
    ],
)
def test_header_row_that_is_data_is_told_from_a_header(header: list[str], is_data: bool) -> None:
    assert looks_like_data(header) is is_data


def test_arguments_change_the_suggested_mapping() -> None:
    headers = ["First", "Last", "Email", "Backup mail", "Serial number", "Platform"]
    mapping = from_arguments(headers, ["name=First+Last", "email=backup_mail", "ownership==corporate", "Platform="])
    assert mapping == Mapping({"name": (0, 1), "email": (3,), "serial_number": (4,)}, {"ownership": "corporate"})


def test_column_named_by_an_argument_is_taken_from_the_field_it_was_suggested_for() -> None:
    assert from_arguments(["Name", "Email"], ["device_name=Name"]).columns == {"device_name": (0,), "email": (1,)}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("shoe_size=Name", "“shoe_size=Name”: write FIELD=HEADER. The fields are: name, email, "),
        ("name", "“name”: write FIELD=HEADER. The fields are: name, "),
        ("name=Nobody", "The file has no column “Nobody”. The columns are: Name, Email, Email."),
        ("email=Email", "Several columns are called “Email”. The columns are: Name, Email, Email."),
    ],
)
def test_argument_that_names_nothing_is_answered_with_what_there_is(argument: str, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        from_arguments(["Name", "Email", "Email"], [argument])
    assert str(caught.value).startswith(message)

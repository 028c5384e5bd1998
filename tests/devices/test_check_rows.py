"""Does the check find every error of every row, and say where it is?"""

import pytest

from devices.imports import problems, steps
from devices.imports.mapping import from_arguments
from devices.models import Device, ImportBatch, ImportProblem
from tests.factories import DeviceFactory, DomainFactory

from .importing import check_again, checked, checked_rows, codes, lines, problem, row, staged, table, uploaded

pytestmark = pytest.mark.django_db


def test_a_good_file_has_no_problem_and_is_ready_for_review() -> None:
    batch = checked_rows(row(1), row(2))
    assert batch.state == ImportBatch.State.READY
    assert codes(batch) == []
    assert {name: batch.counts[name] for name in ("rows", "good", "bad")} == {"rows": 2, "good": 2, "bad": 0}


def test_the_check_writes_nothing_but_the_batch() -> None:
    checked_rows(row(1, groups="Sales"))
    assert not Device.objects.exists()


def test_every_error_of_a_row_is_told_not_the_first_alone() -> None:
    batch = checked_rows(row(1, name="", email="nobody", ownership="mine", serial_number="0", platform="iOS"))
    assert [code for _line, code in codes(batch)] == [
        "required",
        "email_invalid",
        "unknown_choice",
        "junk_serial",
        "unknown_choice",
    ]


def test_every_bad_row_is_told_not_the_first_alone() -> None:
    batch = checked_rows(row(1, email="a"), row(2), row(3, email="b"), row(4, platform="IOS"))
    assert codes(batch) == [(2, "email_invalid"), (4, "email_invalid"), (5, "unknown_choice")]
    assert (batch.counts["good"], batch.counts["bad"], batch.counts["errors"]) == (1, 3, 3)


def test_lines_are_counted_as_a_spreadsheet_counts_them_blank_lines_and_quoted_newlines_too() -> None:
    text = lines(table_header := list(_headers()), list(row(1).values()))
    text += "\r\n" + lines(list(row(2, email="wrong").values()))
    assert codes(checked(text.encode())) == [(4, "email_invalid")]
    assert table_header[0] == "Name"


def _headers() -> list[str]:
    return table(row()).decode().splitlines()[0].split(",")


def test_an_error_names_line_column_value_code_and_what_to_do() -> None:
    found = problem(checked_rows(row(1, platform="iOS")))
    assert (found.line, found.column, found.field, found.value) == (2, "Platform", "platform", "iOS")
    assert (found.code, found.suggestion) == ("unknown_choice", "ios")
    text = problems.message(found.code, column=found.column, value=found.value, detail=found.detail)
    assert text == (
        "“iOS” is not known here. Write one of: android, ios, macos, linux, tvos. Upper and lower case matter."
    )


def test_an_error_names_the_column_as_the_file_does() -> None:
    content = lines(
        ["Display Name", "Email", "Ownership", "Serial number", "Platform"], ["", *list(row().values())[1:]]
    )
    assert problem(checked(content.encode())).column == "Display Name"


@pytest.mark.parametrize("field", ["name", "email", "ownership", "serial_number", "platform"])
@pytest.mark.parametrize("empty", ["", "   ", "\u00a0"])
def test_a_required_cell_that_is_empty_or_blank_is_an_error(field: str, empty: str) -> None:
    # A second column, because a row of blanks alone is no row.
    assert codes(checked_rows(row(1, **{field: empty}))) == [(2, "required")]


@pytest.mark.parametrize("field", ["sam_account_name", "mobile", "device_name", "password", "groups", "policies"])
def test_a_cell_that_is_not_required_may_be_empty(field: str) -> None:
    assert codes(checked_rows(row(1, **{field: ""}), row(2, **{field: "  "}))) == []


def test_the_same_serial_twice_in_a_file_is_an_error_on_both_lines() -> None:
    batch = checked_rows(row(1), row(2), row(3, serial_number=row(1)["serial_number"]))
    assert codes(batch) == [(2, "duplicate_serial"), (4, "duplicate_serial")]
    found = list(ImportProblem.objects.filter(batch=batch).order_by("line").values_list("detail", "value"))
    assert found == [("4", "C02XK1ZZJ001"), ("2", "C02XK1ZZJ001")]
    assert [staged(batch, line).is_good for line in (2, 3, 4)] == [False, True, False]


def test_the_same_serial_five_times_is_an_error_on_all_five_lines() -> None:
    batch = checked_rows(*(row(number, serial_number="C02XK1ZZJ001") for number in range(1, 6)))
    assert codes(batch) == [(line, "duplicate_serial") for line in range(2, 7)]


def test_the_same_serial_with_two_platforms_is_an_error_too() -> None:
    batch = checked_rows(row(1), row(2, serial_number="C02XK1ZZJ001", platform="ios"))
    assert codes(batch) == [(2, "duplicate_serial"), (3, "duplicate_serial")]


def test_serials_that_differ_by_case_are_two_devices_with_a_warning_on_both_lines() -> None:
    batch = checked_rows(row(1), row(2, serial_number="c02xk1zzj001"))
    assert codes(batch, "warning") == [(2, "case_differs"), (3, "case_differs")]
    assert codes(batch, "error") == []


def test_a_serial_that_differs_from_a_known_one_by_case_only_is_warned_about() -> None:
    DeviceFactory.create(serial_number="c02xk1zzj001")
    found = problem(checked_rows(row(1)))
    assert (found.code, found.severity, found.detail) == ("case_differs", "warning", "c02xk1zzj001")


def test_the_device_of_another_domain_is_an_error() -> None:
    DeviceFactory.create(serial_number="C02XK1ZZJ001", domain=DomainFactory.create())
    batch = checked_rows(row(1), row(2))
    assert codes(batch) == [(2, "other_domain")]
    assert batch.counts["good"] == 1


def test_a_device_that_is_enrolled_already_is_warned_about_and_not_an_error() -> None:
    DeviceFactory.create(serial_number="C02XK1ZZJ001", status=Device.Status.ENROLLED)
    batch = checked_rows(row(1))
    assert codes(batch, "warning") == [(2, "already_enrolled")]
    assert staged(batch).kind == "enrolled"


def test_a_device_that_is_blocked_is_warned_about() -> None:
    DeviceFactory.create(serial_number="C02XK1ZZJ001", status=Device.Status.BLOCKED)
    assert codes(checked_rows(row(1)), "warning") == [(2, "device_blocked")]


def test_a_line_with_more_cells_than_the_header_is_an_error() -> None:
    content = table(row(1)) + b"Lovelace, Ada,ada@example.com,corporate,C02XK1ZZJ777,macos\r\n"
    found = checked(content).problems.get(code="extra_cells")
    assert (found.line, found.severity, found.detail) == (3, "error", "1")


def test_a_line_with_empty_cells_behind_the_header_is_good() -> None:
    assert codes(checked(table(row(1)).replace(b"macos\r\n", b"macos,,\r\n"))) == []


def test_a_line_with_fewer_cells_is_warned_about_and_the_missing_ones_are_empty() -> None:
    content = table(row(1, mobile=""), row(2)).replace(b"C02XK1ZZJ002,macos,", b"C02XK1ZZJ002,macos")
    assert codes(checked(content)) == [(3, "short_line")]


def test_a_header_of_thousand_characters_is_no_failure() -> None:
    header = [*_headers(), "X" * 1000]
    header[3] = "Serial number"
    content = lines(header, [*row(1).values(), ""], [*row(2, serial_number="C02XK1ZZJ001").values(), ""])
    assert len(codes(checked(content.encode()))) == 2


def test_a_header_of_thousand_characters_is_no_failure_where_the_serial_is_there_twice() -> None:
    header = [*_headers()[:3], "Serial number " + "X" * 1000, "Platform"]
    batch = uploaded(lines(header, row(1).values(), row(2, serial_number="C02XK1ZZJ001").values()).encode())
    steps.save_mapping(batch, from_arguments(batch.headers, [f"serial_number={header[3]}"]))
    assert [code for _line, code in codes(check_again(batch))] == ["duplicate_serial", "duplicate_serial"]


def test_problems_are_counted_by_severity_and_code() -> None:
    batch = checked_rows(row(1, email="a"), row(2, email="b"), row(3, email="x@gmail.com"))
    assert (batch.counts["errors"], batch.counts["warnings"]) == (2, 1)
    keys = {key.rsplit(":", 1)[0] if key.count(":") > 1 else key for key in batch.counts["codes"]}
    assert keys == {"error:email_invalid", "warning:free_mail"}

"""Does a one-time password of a file stay out of everything that people, files and logs show?"""

import json
import logging
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from devices.imports import bad_rows, passwords, steps
from devices.models import ImportBatch, ImportProblem, ImportRow
from tests.factories import DeviceFactory

from .importing import (
    check_again,
    checked,
    checked_rows,
    codes,
    committed,
    device,
    lines,
    parsed,
    problem,
    row,
    staged,
    table,
)

pytestmark = pytest.mark.django_db
SECRET = "Tr0ub4dor&3"


def bad_file(batch: ImportBatch) -> str:
    return "".join(bad_rows.lines(batch))


def everything_stored(batch: ImportBatch) -> str:
    """Return all values of the staging tables and of the batch, as text."""
    problems = list(ImportProblem.objects.filter(batch=batch).values())
    rows = list(ImportRow.objects.filter(batch=batch).values())
    return json.dumps([problems, rows, list(ImportBatch.objects.filter(pk=batch.pk).values())], default=str)


WRONG = [
    f" {SECRET}",
    SECRET + "x" * 128,
    f"{SECRET}\x07",
    f"sealed:{SECRET}",
]


@pytest.mark.parametrize("cell", [SECRET, *WRONG])
def test_a_password_stands_in_no_row_and_in_no_problem(cell: str) -> None:
    assert SECRET not in everything_stored(checked_rows(row(1, password=cell)))


@pytest.mark.parametrize(
    ("cell", "code"),
    list(zip(WRONG, ["surrounding_space", "too_long", "control_character", "sealed_password"], strict=True)),
)
def test_a_wrong_password_is_an_error_without_value_and_suggestion(cell: str, code: str) -> None:
    found = problem(checked_rows(row(1, password=cell)))
    assert (found.code, found.value, found.suggestion) == (code, "", "")


def test_the_password_in_a_row_that_is_shifted_by_a_missing_quote_stands_in_no_problem_and_no_file() -> None:
    content = table(row(1, password="other")).rstrip()
    content += f"\r\nLovelace, Ada,ada@example.com,corporate,C02XK1ZZJ777,macos,{SECRET}\r\n".encode()
    batch = checked(content)
    assert "extra_cells" in [code for _line, code in codes(batch)]
    assert SECRET not in everything_stored(batch)
    assert SECRET not in bad_file(batch)


def test_a_staged_password_is_encrypted() -> None:
    stored = staged(checked_rows(row(1, password=SECRET))).one_time_password
    assert stored is not None
    assert stored.startswith("gAAAA")


def test_the_password_of_a_device_is_encrypted_in_the_database() -> None:
    committed(checked_rows(row(1, password=SECRET)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT one_time_password FROM devices_device")
        (stored,) = cursor.fetchone()
    assert SECRET not in stored
    assert device().one_time_password == SECRET


def test_the_same_password_twice_is_stored_differently_in_two_imports() -> None:
    first = staged(checked_rows(row(1, password=SECRET))).one_time_password
    assert first != staged(checked_rows(row(1, password=SECRET))).one_time_password


def test_the_file_of_bad_rows_holds_passwords_sealed() -> None:
    batch = checked_rows(row(1, password=SECRET, platform="iOS"))
    assert SECRET not in bad_file(batch)
    assert parsed(bad_file(batch))[1][-1].startswith("sealed:")


@pytest.mark.parametrize("password", [SECRET, "a", "=1+1", "pä🔑", "x" * 128, "sealed"])
def test_a_sealed_password_is_the_same_after_the_re_import(password: str) -> None:
    batch = checked_rows(row(1, password=password, platform="iOS"))
    steps.upload_again(batch, BytesIO(bad_file(batch).replace(",iOS", ",ios").encode()), "corrected.csv")
    committed(check_again(batch))
    assert device().one_time_password == password


def test_a_password_that_was_replaced_in_the_file_of_bad_rows_is_taken() -> None:
    batch = checked_rows(row(1, password=SECRET, platform="iOS"))
    header, cells = parsed(bad_file(batch))
    text = lines(header, [*cells[:-2], "ios", "new one"])
    steps.upload_again(batch, BytesIO(text.encode()), "corrected.csv")
    committed(check_again(batch))
    assert device().one_time_password == "new one"


@pytest.mark.parametrize("password", [f" {SECRET}", "x" * 129])
def test_sealing_makes_no_wrong_password_right(password: str) -> None:
    batch = checked_rows(row(1, password=password))
    again = checked(bad_file(batch).encode())
    assert [code for _line, code in codes(again)] == [code for _line, code in codes(batch)]


def test_spaces_around_a_sealed_password_can_be_trimmed_by_a_click() -> None:
    batch = checked_rows(row(1, password=f" {SECRET}"))
    steps.upload_again(batch, BytesIO(bad_file(batch).encode()), "again.csv")
    check_again(batch)
    steps.add_fix(batch, "surrounding_space", "password", "", "")
    committed(check_again(batch))
    assert device().one_time_password == SECRET


def test_a_password_that_another_portal_sealed_is_an_error() -> None:
    sealed = passwords.seal(SECRET)
    assert codes(checked_rows(row(1, password=sealed[:-4] + "AAAA"))) == [(2, "sealed_password")]


def test_no_log_holds_a_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    committed(checked_rows(row(1, password=SECRET), row(2, password=f" {SECRET}")), accept_good_rows=True)
    assert SECRET not in "".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("django.db")
    )


def test_the_page_of_a_device_shows_no_password(administrator_client: Client) -> None:
    known = DeviceFactory.create(one_time_password=SECRET)
    answer = administrator_client.get(f"/admin/devices/device/{known.pk}/change/")
    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()


def test_after_the_commit_no_file_of_the_batch_holds_the_password() -> None:
    batch = checked_rows(row(1, password=SECRET), row(2, password=SECRET, platform="iOS"))
    uploaded_file = Path(batch.file.path)
    committed(batch, accept_good_rows=True)
    assert not uploaded_file.exists()
    assert SECRET not in Path(batch.bad_rows_file.path).read_text()

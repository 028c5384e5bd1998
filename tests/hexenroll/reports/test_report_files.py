"""Is a report on paper and in a file what the page shows, and no danger to who opens it?"""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from hexenroll.models import Preferences
from tests.conftest import make_person, sign_in

from .fleet import RIGHTS, disenrolled, enrolled, other_domain

pytestmark = pytest.mark.django_db


def file(client: Client, name: str, format: str, query: str = "?period=all") -> Any:
    answer = client.get(reverse("reports:file", args=[name, format]) + query)
    assert answer.status_code == 200
    return answer


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def csv_rows(answer: Any) -> list[list[str]]:
    text = content(answer).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_a_header_and_every_row(administrator_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.csv_file.CHUNK", 2)
    for number in range(5):
        enrolled(datetime(2026, 5, 1, 12, number, tzinfo=UTC), serial_number=f"N{number}")
    answer = file(administrator_client, "enrolled", "csv")
    assert answer["Content-Disposition"] == f'attachment; filename="enrolled-{timezone.localdate():%Y-%m-%d}.csv"'
    head, *rows = csv_rows(answer)
    assert head[0] == "Serial number"
    assert head[3] == "Enrolled (UTC)"
    assert [row[0] for row in rows] == ["N4", "N3", "N2", "N1", "N0"]
    assert rows[0][3] == "2026-05-01 12:04:00"


def test_workbook_has_a_header_and_every_row(administrator_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.workbook.SHEET_ROWS", 2)
    for number in range(3):
        enrolled(datetime(2026, 5, 1, 12, number, tzinfo=UTC), serial_number=f"N{number}")
    book = load_workbook(io.BytesIO(content(file(administrator_client, "enrolled", "xlsx"))))
    rows = [[cell.value for cell in row] for sheet in book for row in sheet]
    assert [row[0] for row in rows] == ["Serial number", "N2", "N1", "Serial number", "N0"]
    assert rows[1][3] == datetime(2026, 5, 1, 12, 2)  # noqa: DTZ001 - workbooks know no time zone


def test_workbook_without_rows_has_its_header(administrator_client: Client) -> None:
    book = load_workbook(io.BytesIO(content(file(administrator_client, "disenrolled", "xlsx"))))
    assert book.worksheets[0]["A1"].value == "Serial number"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_formulas_are_neutralised_and_control_characters_break_nothing(
    administrator_client: Client, format: str
) -> None:
    disenrolled('=HYPERLINK("http://evil")', name="+1", serial_number="A")
    disenrolled("bell \x07", serial_number="B")
    answer = file(administrator_client, "disenrolled", format)
    if format == "csv":
        rows = csv_rows(answer)
    else:
        sheet = load_workbook(io.BytesIO(content(answer))).worksheets[0]
        rows = [[cell.value for cell in row] for row in sheet]
    found = {row[0]: row for row in rows}
    assert found["A"][5] == '\'=HYPERLINK("http://evil")'
    assert found["A"][1] == "'+1"
    assert found["B"][5].startswith("bell")


def test_times_are_those_of_the_person_s_zone(administrator: Any, administrator_client: Client) -> None:
    Preferences.objects.create(person=administrator, time_zone="Europe/Berlin")
    enrolled(datetime(2026, 5, 1, 12, tzinfo=UTC))
    head, row = csv_rows(file(administrator_client, "enrolled", "csv"))
    assert (head[3], row[3]) == ("Enrolled (Europe/Berlin)", "2026-05-01 14:00:00")


def test_file_holds_the_person_s_domains_only() -> None:
    other = other_domain()
    enrolled(serial_number="THEIRS")
    enrolled(serial_number="OURS", domain=other)
    client = sign_in(make_person("of one", RIGHTS, domains=[other]))
    assert [row[0] for row in csv_rows(file(client, "enrolled", "csv"))[1:]] == ["OURS"]


def test_who_may_not_export_devices_gets_no_file_of_them(operator_client: Client) -> None:
    answer = operator_client.get(reverse("reports:report", args=["enrolled"]))
    assert reverse("reports:file", args=["enrolled", "csv"]) not in answer.text
    assert operator_client.get(reverse("reports:file", args=["enrolled", "csv"])).status_code == 403


def test_paper_says_what_who_when_and_by_which_filters(
    administrator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexenroll.reports.pages.PRINTED", 1)
    enrolled(serial_number="FIRST")
    enrolled(serial_number="SECOND")
    answer = administrator_client.get(reverse("reports:print", args=["enrolled"]) + "?period=all&platform=macos")
    for text in ("<h1>Enrolled devices</h1>", "administrator", "Any time", "macOS", "SECOND", "Made at"):
        assert text in answer.text
    assert "Only the first row of 2 is here; the file has all of them." in answer.text
    assert "nav-sidebar" not in answer.text

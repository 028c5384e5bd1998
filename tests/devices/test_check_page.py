"""The check page: what is wrong with the file, and how it goes on."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from devices.imports import steps
from devices.models import ImportBatch
from tests.devices.importing import checked, checked_rows, committed, parsed, row, table, uploaded
from tests.devices.wizard_pages import press, shown, text_of, url

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202e\U0001f600"


def test_a_file_without_errors_leads_on_to_the_review(administrator_client: Client) -> None:
    batch = checked_rows(row(1), row(2))
    response = administrator_client.get(url("check", batch))
    assert "No errors Rows 2 Without errors 2 With errors 0 Warnings 0" in text_of(response)
    assert url("review", batch) in response.content.decode()


def test_errors_are_grouped_by_kind_and_field_with_counts(administrator_client: Client) -> None:
    batch = checked_rows(
        row(1, platform="iOS"), row(2, platform="iOS"), row(3, ownership="Corporate"), row(4, email="x@gmail.com")
    )
    text = shown(administrator_client, "check", batch)
    assert "3 rows have errors" in text
    assert "Not one of the allowed values Platform 2" in text
    assert "Not one of the allowed values Ownership 1" in text
    assert "Warnings Address of a public mail service Email 1" in text


def test_each_problem_is_listed_with_line_column_value_message_code_and_suggestion(
    administrator_client: Client,
) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    assert (
        "Line 3 Platform iOS Error “iOS” is not known here. Write one of: android, ios, macos, linux, tvos. "
        "Upper and lower case matter. unknown_choice ios"
    ) in shown(administrator_client, "check", batch)


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ({}, [2, 3, 4]),
        ({"severity": "error"}, [2, 3]),
        ({"severity": "warning"}, [4]),
        ({"code": "unknown_choice"}, [2]),
        ({"field": "email"}, [3, 4]),
        ({"q": "gmail"}, [4]),
        ({"q": "3"}, [3]),
        ({"q": "nothing"}, []),
        ({"severity": "'; --", "code": "?", "field": "!", "after": "x.y", "before": "1"}, [2, 3, 4]),
        ({"after": "99999999999999.1"}, []),
    ],
)
def test_the_list_can_be_filtered(administrator_client: Client, query: dict[str, str], lines: list[int]) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, email="nobody"), row(3, email="x@gmail.com"))
    response = administrator_client.get(url("check", batch), query)
    assert [problem.line for problem, _text in response.context["problems"]] == lines


def test_the_list_is_paged_forth_and_back(administrator_client: Client) -> None:
    batch = checked_rows(*(row(number, platform="iOS") for number in range(120)))

    def lines(**query: str) -> list[int]:
        response = administrator_client.get(url("check", batch), query)
        pages.update(next=response.context["next"], previous=response.context["previous"])
        return [problem.line for problem, _text in response.context["problems"]]

    pages: dict[str, str] = {}
    assert lines() == list(range(2, 52)) and not pages["previous"]
    assert lines(after=pages["next"]) == list(range(52, 102))
    assert lines(after=pages["next"]) == list(range(102, 122)) and not pages["next"]
    assert lines(before=pages["previous"]) == list(range(52, 102))
    assert lines(before=pages["previous"]) == list(range(2, 52)) and not pages["previous"]


def test_hostile_values_are_shown_as_text(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform=HOSTILE, ownership="x", name=HOSTILE), name="<b>file</b>.csv")
    page = administrator_client.get(url("check", batch)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>file</b>" not in page


def test_the_page_costs_the_same_for_many_problems(administrator_client: Client) -> None:
    counts = []
    for number in (2, 20):
        batch = checked_rows(*(row(100 * number + index, platform="iOS") for index in range(number)))
        with CaptureQueriesContext(connection) as queries:
            administrator_client.get(url("check", batch))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_failed_check_says_why_where_and_what_to_do(administrator_client: Client) -> None:
    batch = checked(table(row(1)))
    failure = {"code": "unclosed_quote", "message": "A quote is not closed. Close it.", "line": 7}
    ImportBatch.objects.filter(pk=batch.pk).update(state="failed", failure=failure)
    text = shown(administrator_client, "check", batch)
    assert "The file could not be checked A quote is not closed. Close it. Line 7 of the file." in text
    assert "Upload a corrected file" in text and "Change the mapping" in text and "Check again" in text


def test_a_mapped_file_can_be_checked_and_the_check_stopped(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)))
    steps.save_mapping(batch, steps.suggestion(batch).mapping)
    assert "The file has not been checked yet" in shown(administrator_client, "check", batch)
    assert press(administrator_client, "start_check", batch) == (url("check", batch), [])
    assert press(administrator_client, "start_check", batch) == (url("check", batch), [])  # a double click
    assert "Checking every row of the file" in shown(administrator_client, "check", batch)
    assert press(administrator_client, "stop_check", batch) == (url("check", batch), [])
    assert press(administrator_client, "stop_check", batch)[1] == ["The check is over already."]
    batch.refresh_from_db()
    assert batch.state == "mapped"


def test_one_can_go_on_with_the_good_rows(administrator_client: Client) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    assert "Go on with the good rows" in shown(administrator_client, "check", batch)
    assert press(administrator_client, "review", batch, {"go_on": "1"}) == (url("review", batch), [])
    batch.refresh_from_db()
    assert batch.accept_good_rows


def test_bad_rows_come_as_a_csv_with_line_and_reason(administrator_client: Client) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"), name="fleet.csv")
    response = administrator_client.get(url("bad_rows", batch))
    assert response["Content-Disposition"] == 'attachment; filename="fleet-bad-rows.csv"'
    cells = parsed(b"".join(response).decode())
    assert cells[0][:2] == ["line", "reason"]
    assert [line[0] for line in cells[1:]] == ["3"]
    assert "“iOS” is not known here" in cells[1][1]


def test_bad_rows_stay_to_be_had_after_the_import(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1), row(2, platform="iOS")), accept_good_rows=True)
    response = administrator_client.get(url("bad_rows", batch))
    assert [line[0] for line in parsed(b"".join(response).decode())[1:]] == ["3"]


def test_bad_rows_of_a_file_that_is_gone_are_a_message(administrator_client: Client) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    batch.file.storage.delete(str(batch.file.name))
    response = administrator_client.get(url("bad_rows", batch), follow=True)
    (message,) = map(str, response.context["messages"])
    assert message.startswith("The rows can't be read from the uploaded file (")
    assert message.endswith("). Upload the file again.")


def test_a_batch_without_bad_rows_has_no_such_file(administrator_client: Client) -> None:
    assert administrator_client.get(url("bad_rows", checked_rows(row(1)))).status_code == 404


def test_after_the_import_the_check_leads_to_the_result(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    assert administrator_client.get(url("check", batch))["Location"] == url("done", batch)

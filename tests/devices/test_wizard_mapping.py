"""Step 2: which column fills which field, as the page shows and takes it."""

import pytest
from django.test import Client

from devices.imports import steps
from devices.imports.reader import FileProblem, UnreadableFileError
from devices.models import ImportBatch
from tests.devices.importing import row, table, uploaded
from tests.devices.wizard_pages import press, shown, url

pytestmark = pytest.mark.django_db
State = ImportBatch.State
GOOD = {
    "column-name": "0",
    "column-email": "1",
    "column-ownership": "2",
    "column-serial_number": "3",
    "column-platform": "4",
}
REFUSED = 422


def saved(client: Client, batch: ImportBatch, **changes: object) -> dict[str, object]:
    """Save the good mapping with changes; return it as it is stored."""
    assert press(client, "mapping", batch, {**GOOD, **changes})[0] == url("check", batch)
    batch.refresh_from_db()
    return dict(batch.mapping)


def refused(client: Client, batch: ImportBatch, **changes: object) -> dict[str, list[str]]:
    """Try to save the good mapping with changes; return what is said at each field."""
    response = client.post(url("mapping", batch), {**GOOD, **changes})
    assert response.status_code == REFUSED
    batch.refresh_from_db()
    assert batch.state == State.UPLOADED
    return {entry.column.field: entry.problems for entry in response.context["fields"] if entry.problems}


def test_saving_the_mapping_starts_the_check_and_leads_there(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)))
    assert press(administrator_client, "mapping", batch, GOOD)[0] == url("check", batch)
    batch.refresh_from_db()
    assert batch.state == State.CHECKING


def test_the_page_says_why_each_column_was_chosen_and_shows_values_beside_each_choice(
    administrator_client: Client,
) -> None:
    page = shown(administrator_client, "mapping", uploaded(table(row(1), row(2))))
    assert "the header is exactly “Serial number”" in page
    assert "Serial number (C02XK1ZZJ001, C02XK1ZZJ002)" in page


def test_another_products_file_is_named(administrator_client: Client) -> None:
    headers = "Serial Number,Device Type,Username,Full Name,Email Address,Phone Number,Position,Building,Room"
    batch = uploaded(f"{headers}\nC02XK1ZZJ001,Computer,ada,Ada,ada@example.com,,,,12\n".encode())
    page = shown(administrator_client, "mapping", batch)
    assert "This looks like a file of Jamf Pro ." in page


def test_the_last_mapping_of_the_same_headers_is_remembered(administrator_client: Client) -> None:
    content = b"A,B,C,D\nAda,ada@example.com,C02XK1ZZJ001,12\n"
    first = {"column-name": "0", "column-email": "1", "column-serial_number": "2", "keep": ["3"]}
    first |= {"column-ownership": "fixed", "fixed-ownership": "personal"}
    first |= {"column-platform": "fixed", "fixed-platform": "macos"}
    press(administrator_client, "mapping", uploaded(content), first)
    page = administrator_client.get(url("mapping", uploaded(content)))
    rows = {entry.column.field: (entry.selected, entry.fixed) for entry in page.context["fields"]}
    assert rows["serial_number"] == ("2", "")
    assert rows["platform"] == ("fixed", "macos")
    assert "as the last time for a file with these headers" in page.content.decode()
    assert [column.is_kept for column in page.context["columns"]] == [False, False, False, True]


def test_a_saved_mapping_is_there_after_a_reload(administrator_client: Client) -> None:
    batch = uploaded(table(row(1, mobile="+49 170 1234567")))
    saved(administrator_client, batch, **{"column-mobile": "5"})
    ImportBatch.objects.filter(pk=batch.pk).update(state=State.MAPPED)
    fields = administrator_client.get(url("mapping", batch)).context["fields"]
    assert {entry.column.field: entry.selected for entry in fields if entry.selected} == {
        "name": "0",
        "email": "1",
        "ownership": "2",
        "serial_number": "3",
        "platform": "4",
        "mobile": "5",
    }


def test_a_name_can_come_from_two_columns(administrator_client: Client) -> None:
    batch = uploaded(b"First,Email,Ownership,Serial number,Platform,Last\nAda,a@example.com,corporate,C1ZZJ1,macos,L\n")
    assert saved(administrator_client, batch, **{"second-name": "5"})["columns"]["name"] == [0, 5]  # type: ignore[index]


def test_one_value_for_all_rows_takes_the_place_of_a_column(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)))
    mapping = saved(administrator_client, batch, **{"column-platform": "fixed", "fixed-platform": "macos"})
    assert mapping["fixed"] == {"platform": "macos"}
    assert "platform" not in mapping["columns"]  # type: ignore[operator]


def test_a_value_for_all_rows_that_is_not_chosen_is_left_out(administrator_client: Client) -> None:
    mapping = saved(administrator_client, uploaded(table(row(1))), **{"fixed-platform": "ios"})
    assert mapping["fixed"] == {}


def test_platforms_that_cannot_be_pre_approved_are_not_offered_for_all_rows(administrator_client: Client) -> None:
    fields = administrator_client.get(url("mapping", uploaded(table(row(1))))).context["fields"]
    offered = next(entry.fixed_choices for entry in fields if entry.column.field == "platform")
    assert [value for value, _label in offered] == ["android", "ios", "macos", "linux", "tvos"]


def test_a_missing_required_field_is_refused_and_said_at_the_field(administrator_client: Client) -> None:
    said = refused(administrator_client, uploaded(table(row(1))), **{"column-email": "", "column-serial_number": ""})
    assert said == {
        "email": ["“Email” is required. Choose its column, or give one value for all rows."],
        "serial_number": ["“Serial number” is required. Choose its column."],
    }


def test_a_column_that_is_used_twice_is_refused_and_said_at_the_field(administrator_client: Client) -> None:
    said = refused(administrator_client, uploaded(table(row(1))), **{"column-mobile": "1"})
    assert said == {"mobile": ["The column “Email” is used more than once. Choose another for “Mobile”."]}


def test_an_empty_value_for_all_rows_is_refused(administrator_client: Client) -> None:
    said = refused(
        administrator_client, uploaded(table(row(1))), **{"column-ownership": "fixed", "fixed-ownership": " "}
    )
    assert said == {
        "ownership": ["The value of “Ownership” for all rows is empty. Write one, or choose a column."],
    }


def test_what_was_chosen_stays_when_it_is_refused(administrator_client: Client) -> None:
    batch = uploaded(table(row(1, Room="12")))
    data = {**GOOD, "column-email": "", "column-platform": "fixed", "fixed-platform": "ios", "keep": "5"}
    response = administrator_client.post(url("mapping", batch), data)
    rows = {entry.column.field: entry for entry in response.context["fields"]}
    assert (rows["email"].selected, rows["platform"].selected, rows["platform"].fixed) == ("", "fixed", "ios")
    assert response.context["columns"][5].is_kept
    assert 'href="#column-email"' in response.content.decode()


@pytest.mark.parametrize(
    "value", ["99", "-1", "x", "9" * 5000, "fixed", "\x00", "٣", "<script>"], ids=lambda value: repr(value)[:12]
)
def test_values_that_no_form_offers_are_refused_without_harm(administrator_client: Client, value: str) -> None:
    response = administrator_client.post(
        url("mapping", uploaded(table(row(1)))), {**GOOD, "column-serial_number": value, "fixed-serial_number": "\x00"}
    )
    assert response.status_code == REFUSED


def test_unmapped_columns_are_dropped_or_kept_by_a_tick(administrator_client: Client) -> None:
    batch = uploaded(table(row(1, Room="12", Floor="3")))
    page = shown(administrator_client, "mapping", batch)
    assert "Columns that fill no field" in page
    assert saved(administrator_client, batch, keep=["6"])["kept"] == [6]


def test_the_tick_of_a_column_that_fills_a_field_does_not_count(administrator_client: Client) -> None:
    assert saved(administrator_client, uploaded(table(row(1))), keep=["0", "1"])["kept"] == []


def test_passwords_are_never_shown(administrator_client: Client) -> None:
    batch = uploaded(table(row(1, password="geheim-1", Passwort="geheim-2", Kennwort="geheim-3")))
    for page in (administrator_client.get(url("mapping", batch)), administrator_client.get(url("preview", batch))):
        assert "geheim" not in page.content.decode()
    saved(administrator_client, batch, **{"column-password": "5"})


def test_hostile_headers_and_values_are_shown_as_text(administrator_client: Client) -> None:
    content = 'Name,Email,"<script>alert(1)</script>","a"" onload=""x",\u202eX\n<b>Ada</b>,"<i>",2,3,😀\n'.encode()
    page = administrator_client.get(url("mapping", uploaded(content))).content.decode()
    for tag in ("<script>alert", "<b>Ada", "<i>", '" onload="x'):
        assert tag not in page


def test_a_batch_that_is_being_checked_or_done_leads_to_where_it_is(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)))
    for state, step in ((State.CHECKING, "check"), (State.COMMITTED, "done")):
        ImportBatch.objects.filter(pk=batch.pk).update(state=state)
        assert administrator_client.get(url("mapping", batch))["Location"] == url(step, batch)


def test_a_batch_that_is_being_checked_refuses_a_mapping_with_a_message(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)))
    ImportBatch.objects.filter(pk=batch.pk).update(state=State.CHECKING)
    location, said = press(administrator_client, "mapping", batch, GOOD)
    assert location == url("check", batch)
    assert said == ["This import can't be changed now. Load the page again to see how far it is."]


def test_a_file_that_is_gone_is_said_with_what_to_do(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)))
    batch.file.storage.delete(str(batch.file.name))
    page = shown(administrator_client, "mapping", batch)
    assert "The uploaded file is no longer there. Upload it again." in page
    assert "Upload a corrected file" in page


def test_a_file_that_vanishes_while_the_page_is_made_leads_to_where_another_can_be_uploaded(
    administrator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = uploaded(table(row(1)))

    def vanished(batch: ImportBatch) -> None:
        raise UnreadableFileError(FileProblem.MISSING)

    monkeypatch.setattr(steps, "suggestion", vanished)
    response = administrator_client.get(url("mapping", batch), follow=True)
    assert response.redirect_chain == [(url("file", batch), 302)]
    assert "The uploaded file is no longer there. Upload it again." in response.content.decode()

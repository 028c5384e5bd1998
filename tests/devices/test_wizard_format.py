"""How a file is read: what was detected, other ways on trial and for good."""

import pytest
from django.test import Client

from devices.models import ImportBatch
from tests.data.tables import xlsx
from tests.devices.importing import row, table, uploaded
from tests.devices.wizard_pages import press, shown, url

pytestmark = pytest.mark.django_db
State = ImportBatch.State


def preview(client: Client, batch: ImportBatch, **choices: str) -> tuple[int, str]:
    defaults = {"encoding": "utf-8", "delimiter": ",", "has_header": "on"}
    query = {f"format-{name}": value for name, value in (defaults | choices).items() if value}
    response = client.get(url("preview", batch), query)
    return response.status_code, response.content.decode()


def test_what_was_detected_is_said_and_the_beginning_is_shown(administrator_client: Client) -> None:
    content = table(*map(row, range(1, 30))).replace(b",", b";")
    page = shown(administrator_client, "mapping", uploaded(b"\xef\xbb\xbf" + content))
    assert "CSV, UTF-8 with byte order mark, divided by semicolons, with a header row" in page
    assert "9 User 8 user8@example.com corporate C02XK1ZZJ008 macos" in page
    assert "user9@" not in page


def test_another_delimiter_can_be_tried_without_changing_anything(administrator_client: Client) -> None:
    batch = uploaded(b"Name,Email;x\nAda,ada@example.com;1\nAlan,alan@example.com;2\n")
    before = ImportBatch.objects.values().get()
    status, page = preview(administrator_client, batch, delimiter=";")
    assert status == 200
    assert "<bdi>Name,Email</bdi>" in page
    assert ImportBatch.objects.values().get() == before


def test_without_a_header_the_first_line_is_data(administrator_client: Client) -> None:
    _status, page = preview(administrator_client, uploaded(table(row(1))), has_header="")
    assert "<bdi>Column 1</bdi>" in page
    assert '<th scope="row" class="is-line">1</th>' in page


def test_a_way_that_does_not_work_is_said_in_the_preview(administrator_client: Client) -> None:
    batch = uploaded(table(row(1, name="Jürgen")))
    status, page = preview(administrator_client, batch, encoding="utf-16-le")
    assert status == 200
    assert 'role="alert"' in page


@pytest.mark.parametrize("choice", [{"encoding": "rot13"}, {"delimiter": "\n"}, {"delimiter": ""}])
def test_a_way_that_nobody_offers_is_refused(administrator_client: Client, choice: dict[str, str]) -> None:
    batch = uploaded(table(row(1)))
    assert preview(administrator_client, batch, **choice)[0] == 422
    data = {"action": "format", "format-encoding": "utf-8", "format-delimiter": ","}
    location, said = press(
        administrator_client, "mapping", batch, data | {f"format-{name}": value for name, value in choice.items()}
    )
    assert location == url("mapping", batch)
    assert said == ["The file can't be read in this way. Choose from the lists."]


def test_a_chosen_way_is_kept_and_the_mapping_begins_anew(administrator_client: Client) -> None:
    batch = uploaded("Name,Email\nJürgen,j@example.com\n".encode("cp1252"))
    data = {"action": "format", "format-encoding": "cp1250", "format-delimiter": ";", "format-has_header": "on"}
    location, said = press(administrator_client, "mapping", batch, data)
    assert location == url("mapping", batch)
    assert said == ["The file is read in the way that you chose. Look at the mapping."]
    batch.refresh_from_db()
    assert (batch.file_format["encoding"], batch.file_format["delimiter"]) == ("cp1250", ";")
    assert (batch.headers, batch.mapping, batch.state) == (["Name,Email"], {}, State.UPLOADED)


def test_a_way_in_which_the_file_cannot_be_read_is_not_kept(administrator_client: Client) -> None:
    batch = uploaded(table(row(1)) + b"x")
    data = {"action": "format", "format-encoding": "utf-16-le", "format-delimiter": ",", "format-has_header": "on"}
    location, said = press(administrator_client, "mapping", batch, data)
    assert location == url("mapping", batch)
    assert len(said) == 1
    batch.refresh_from_db()
    assert batch.file_format["encoding"] == "utf-8"


def test_lines_of_different_length_are_shown_side_by_side(administrator_client: Client) -> None:
    _status, page = preview(administrator_client, uploaded(b"Name,Email\nAda,a@example.com,1,2\nAlan\n"))
    assert page.count("<td>") == 2 * 4
    assert page.count('<span class="wz-hidden">no name</span>') == 2


def test_long_values_are_cut(administrator_client: Client) -> None:
    _status, page = preview(administrator_client, uploaded(table(row(1, name="x" * 5_000))))
    assert "x" * 59 + "…" in page
    assert "x" * 61 not in page


def test_another_sheet_of_a_workbook_can_be_tried_and_chosen(administrator_client: Client) -> None:
    second = [["Name", "Email"], ["Ada", "ada@example.com"]]
    batch = uploaded(xlsx(("Notes", [["a", "b"], ["1", "2"]]), ("Devices", second)), name="devices.xlsx")
    assert "XLSX, sheet “Notes”, with a header row" in shown(administrator_client, "mapping", batch)
    query = {"format-sheet": "Devices", "format-has_header": "on"}
    page = administrator_client.get(url("preview", batch), query).content.decode()
    assert "ada@example.com" in page
    press(administrator_client, "mapping", batch, {"action": "format", **query})
    assert "XLSX, sheet “Devices”, with a header row" in shown(administrator_client, "mapping", batch)
    query["format-sheet"] = "No such sheet"
    assert administrator_client.get(url("preview", batch), query).status_code == 422

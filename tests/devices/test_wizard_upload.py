"""Step 1: domain, file, sample, and everything that isn't a table."""

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from devices.imports.columns import COLUMNS
from devices.models import Domain, ImportBatch
from tests.devices.importing import row, table
from tests.devices.wizard_pages import url

pytestmark = pytest.mark.django_db
State = ImportBatch.State


def send(client: Client, content: bytes | None, name: str = "devices.csv", **fields: str) -> "tuple[int, str, str]":
    """Upload a file; return status, where it leads, and what the file field says is wrong."""
    data: dict[str, object] = {"domain": str(Domain.objects.local().pk), **fields}
    if content is not None:
        data["file"] = SimpleUploadedFile(name, content)
    response = client.post(reverse("enroll:upload"), data)
    wrong = " ".join(response.context["form"].errors.get("file", [])) if response.context else ""
    return response.status_code, response.get("Location", ""), wrong


def test_a_file_becomes_a_batch_and_leads_to_its_mapping(administrator_client: Client, administrator: User) -> None:
    status, location, _wrong = send(administrator_client, table(row(1)))
    batch = ImportBatch.objects.get()
    assert (status, location) == (302, url("mapping", batch))
    assert (batch.state, batch.file_name, batch.created_by) == (State.UPLOADED, "devices.csv", administrator)


def test_the_chosen_domain_is_kept_and_offered_first_the_next_time(administrator_client: Client) -> None:
    contoso = Domain.objects.create(name="contoso.com")
    send(administrator_client, table(row(1)), domain=str(contoso.pk))
    assert ImportBatch.objects.get().domain == contoso
    page = administrator_client.get(reverse("enroll:upload")).content.decode()
    assert f'<option value="{contoso.pk}" selected>' in page


def test_the_first_time_the_domain_local_is_offered(administrator_client: Client) -> None:
    Domain.objects.create(name="contoso.com")
    local = Domain.objects.local()
    assert (
        f'<option value="{local.pk}" selected>' in administrator_client.get(reverse("enroll:upload")).content.decode()
    )


def test_check_only_is_kept(administrator_client: Client) -> None:
    send(administrator_client, table(row(1)), validate_only="on")
    assert ImportBatch.objects.get().validate_only


def test_the_limits_are_said_beside_the_form(administrator_client: Client, settings: Settings) -> None:
    settings.HEXENROLL_IMPORT_MAX_ROWS = 12_345
    settings.HEXENROLL_IMPORT_MAX_BYTES = 3 * 2**20
    page = administrator_client.get(reverse("enroll:upload")).content.decode()
    assert "At most 3.0\xa0MB and 12,345 rows." in page
    assert "At most 200 columns, and 10,000 characters in a cell." in page


def test_a_field_without_a_file_is_said(administrator_client: Client) -> None:
    assert send(administrator_client, None) == (422, "", "Choose a file first.")


def test_a_folder_that_a_browser_sends_as_text_is_said(administrator_client: Client) -> None:
    status, _location, wrong = send(administrator_client, None, file="folder")
    assert (status, wrong) == (422, "Choose a file first.")


def test_several_files_are_refused(administrator_client: Client) -> None:
    files = [SimpleUploadedFile(name, table(row(1))) for name in ("a.csv", "b.csv")]
    data = {"domain": Domain.objects.local().pk, "file": files}
    response = administrator_client.post(reverse("enroll:upload"), data)
    assert response.context["form"].errors["file"] == ["Choose one file. Several are uploaded one after the other."]
    assert not ImportBatch.objects.exists()


def test_a_domain_that_was_removed_meanwhile_is_said(administrator_client: Client) -> None:
    response = administrator_client.post(
        reverse("enroll:upload"), {"domain": "999999", "file": SimpleUploadedFile("a.csv", table(row(1)))}
    )
    assert response.status_code == 422
    assert response.context["form"].errors["domain"] == ["This domain was removed. Choose another."]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"\n\n\n", "only blank lines"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "The file is a PDF"),
        (bytes(range(256)) * 20, "not a table"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 60, "The file is a picture"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason_and_not_kept(
    administrator_client: Client, content: bytes, says: str
) -> None:
    status, _location, wrong = send(administrator_client, content)
    assert status == 422
    assert says in wrong
    assert not ImportBatch.objects.exists()


def test_a_file_above_the_limit_is_refused_with_limit_and_setting(
    administrator_client: Client, settings: Settings
) -> None:
    settings.HEXENROLL_IMPORT_MAX_BYTES = 100
    status, _location, wrong = send(administrator_client, table(*map(row, range(1, 50))))
    assert status == 422
    assert "at most 100 are allowed" in wrong
    assert "HEXENROLL_IMPORT_MAX_BYTES" in wrong


def test_a_hostile_file_name_is_shown_as_text(administrator_client: Client) -> None:
    send(administrator_client, table(row(1)), name="<img src=x onerror=alert(1)>\u202e.csv")
    page = administrator_client.get(reverse("enroll:pre_approve")).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_script_that_sends_the_file_is_told_where_to_go(administrator_client: Client) -> None:
    data = {"domain": Domain.objects.local().pk, "file": SimpleUploadedFile("a.csv", table(row(1)))}
    response = administrator_client.post(reverse("enroll:upload"), data, headers={"Accept": "application/json"})
    assert response.json() == {"location": url("mapping", ImportBatch.objects.get())}


def test_a_disk_that_is_full_is_said_and_nothing_is_kept(
    administrator_client: Client, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = "/dev/full-is-no-folder"
    status, _location, wrong = send(administrator_client, table(row(1)))
    assert status == 422
    assert wrong.startswith("The server could not store the file (No such file or directory).")
    assert not ImportBatch.objects.exists()


def test_the_sample_has_the_columns_of_the_contract_and_opens_in_a_spreadsheet(operator_client: Client) -> None:
    response = operator_client.get(reverse("enroll:sample"))
    assert response["Content-Disposition"] == 'attachment; filename="hexenroll-sample.csv"'
    content = response.getvalue()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == [column.header for column in COLUMNS]
    assert len(rows) == 3


def test_the_sample_is_recognised_completely(administrator_client: Client) -> None:
    send(administrator_client, administrator_client.get(reverse("enroll:sample")).getvalue())
    response = administrator_client.get(url("mapping", ImportBatch.objects.get()))
    assert [entry.selected for entry in response.context["fields"]] == [str(index) for index in range(len(COLUMNS))]


# --- a corrected file of a batch that is there ------------------------------------------------------------


def mapped(client: Client) -> ImportBatch:
    """Upload a file and save the mapping that is suggested for it."""
    send(client, table(row(1)))
    batch = ImportBatch.objects.latest("pk")
    fields = client.get(url("mapping", batch)).context["fields"]
    client.post(url("mapping", batch), {f"column-{entry.column.field}": entry.selected for entry in fields})
    ImportBatch.objects.filter(pk=batch.pk).update(state=State.READY)
    batch.refresh_from_db()
    assert batch.mapping
    return batch


def send_again(client: Client, batch: ImportBatch, content: bytes) -> "tuple[int, str, str]":
    response = client.post(url("file", batch), {"file": SimpleUploadedFile("corrected.csv", content)})
    wrong = " ".join(response.context["form"].errors.get("file", [])) if response.context else ""
    return response.status_code, response.get("Location", ""), wrong


def test_a_corrected_file_goes_straight_to_the_check(administrator_client: Client) -> None:
    batch = mapped(administrator_client)
    assert send_again(administrator_client, batch, table(row(1), row(2)))[:2] == (302, url("check", batch))
    batch.refresh_from_db()
    assert (batch.state, batch.file_name) == (State.CHECKING, "corrected.csv")


def test_columns_in_another_order_still_go_straight_to_the_check(administrator_client: Client) -> None:
    batch = mapped(administrator_client)
    content = b"Platform,Serial number,Name,Email,Ownership\nmacos,C02XK1ZZJ001,Ada,ada@example.com,corporate\n"
    assert send_again(administrator_client, batch, content)[1] == url("check", batch)
    batch.refresh_from_db()
    assert batch.mapping["columns"]["platform"] == [0]


def test_a_corrected_file_with_other_columns_leads_to_the_mapping_with_a_word(administrator_client: Client) -> None:
    batch = mapped(administrator_client)
    status, location, _wrong = send_again(administrator_client, batch, b"Serial,User\nC02XK1ZZJ001,Ada\n")
    assert (status, location) == (302, url("mapping", batch))
    assert "other columns than the last one" in administrator_client.get(location).content.decode()


def test_a_corrected_file_that_is_no_table_leaves_the_batch_as_it_was(administrator_client: Client) -> None:
    batch = mapped(administrator_client)
    status, _location, wrong = send_again(administrator_client, batch, b"%PDF-1.7\n")
    assert status == 422
    assert wrong.startswith("The file is a PDF")
    batch.refresh_from_db()
    assert (batch.state, batch.file_name) == (State.READY, "devices.csv")


@pytest.mark.parametrize("state", [State.CHECKING, State.COMMITTING, State.COMMITTED, State.UNDONE])
def test_a_batch_that_is_not_open_takes_no_file(administrator_client: Client, state: str) -> None:
    batch = mapped(administrator_client)
    ImportBatch.objects.filter(pk=batch.pk).update(state=state)
    assert "Upload a corrected file" not in administrator_client.get(url("file", batch)).content.decode()
    response = administrator_client.post(
        url("file", batch), {"file": SimpleUploadedFile("a.csv", table(row(1)))}, follow=True
    )
    assert "can&#x27;t be changed now" in response.content.decode()

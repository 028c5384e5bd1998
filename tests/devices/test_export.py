"""Can an export of devices be imported again as it is, and does that change nothing at all?"""

from io import BytesIO

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.imports.columns import COLUMNS
from devices.models import Device, DeviceUser
from devices.resources import DeviceResource
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

from .importing import checked, codes, committed, parsed, portal_state, row, table

pytestmark = pytest.mark.django_db
FORMATS = {"csv": 0, "xlsx": 1}
HEADERS = [*(column.header for column in COLUMNS), "Status"]


def export(client: Client, kind: str = "csv", query: str = "status=pre_approved") -> bytes:
    """Return the file that the export page of the device list hands out."""
    answer = client.post(f"{reverse('admin:devices_device_export')}?{query}", {"format": FORMATS[kind], "resource": 0})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment"), answer.content.decode()[:2000]
    assert answer["Content-Disposition"].rstrip('"').endswith(f".{kind}")
    return answer.getvalue()


def rows_of(content: bytes) -> list[list[str]]:
    return parsed(content.decode("utf-8-sig"))


def test_a_workbook_of_very_many_devices_has_several_sheets_each_with_the_header(
    administrator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.workbook.SHEET_ROWS", 2)
    for number in range(5):
        DeviceFactory.create(serial_number=f"N{number}")
    book = openpyxl.load_workbook(BytesIO(export(administrator_client, "xlsx")))
    place = HEADERS.index("Serial number")
    sheets = [[row[place].value for row in sheet] for sheet in book]
    assert sheets == [["Serial number", "N4", "N3"], ["Serial number", "N2", "N1"], ["Serial number", "N0"]]


@pytest.fixture
def portal(db: None) -> None:
    """Fill the portal with everything that is hard to write into a file and to read again."""
    groups = [DeviceGroupFactory.create(name=name) for name in ("Sales", "=Berlin", "Büro, 3. Stock")]
    policy = PolicyFactory.create(name="Wi-Fi")
    names = [
        "=HYPERLINK(1)",
        "'quoted",
        "'=both",
        "-1",
        "عمر",
        "Ada 👩🏽‍💻",
        'The "First"',
        "a;b,c",
        "O'Brien",
        "  ".join("ab"),
    ]
    for number, name in enumerate(names):
        user = DeviceUserFactory.create(
            name=name, email=f"+user{number}@example.com", mobile="+4917012345" + f"{number:02}", sam_account_name=name
        )
        DeviceFactory.create(
            name=name,
            user=user,
            serial_number=f"0047110815{number:02}",
            ownership=["personal", "corporate"][number % 2],
            one_time_password="secret",
            custom_attributes={"Room": name},
            groups=groups[: number % 4],
            policies=[policy] if number % 2 else [],
        )
    DeviceFactory.create(name="", user=DeviceUserFactory.create(mobile="", sam_account_name=""))


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_re_imports_without_change_not_even_of_the_time_of_the_last_change(
    portal: None, administrator_client: Client, kind: str
) -> None:
    before = portal_state()
    batch = checked(export(administrator_client, kind), name=f"devices.{kind}")
    assert codes(batch, "error") == []
    committed(batch, "replace")
    assert (batch.counts["created"], batch.counts["replaced"], batch.counts["rows"]) == (0, 11, 11)
    assert portal_state() == before


@pytest.mark.parametrize("choice", ["replace", "keep", "skip"])
def test_an_export_of_devices_in_every_state_re_imports_without_change(
    administrator_client: Client, choice: str
) -> None:
    for status in ("enrolled", "blocked", "pre_approved"):
        DeviceFactory.create(status=status)
    before = portal_state()
    committed(checked(export(administrator_client, query="status=all")), choice)
    assert portal_state() == before


def test_an_export_that_was_edited_changes_what_was_edited_alone(portal: None, administrator_client: Client) -> None:
    content = export(administrator_client).replace(b"a;b,c", b"Edited", 1)
    before = {user["id"]: user for user in portal_state()["users"]}
    committed(checked(content), "replace")
    changed = [user for user in portal_state()["users"] if user != before[user["id"]]]
    assert len(changed) <= 1
    assert DeviceUser.objects.filter(name="Edited").count() + Device.objects.filter(name="Edited").count() == 1


def test_the_header_row_is_the_one_of_the_import_and_the_status(administrator_client: Client) -> None:
    assert rows_of(export(administrator_client))[0] == HEADERS
    assert list(DeviceResource.headers()) == HEADERS


def test_a_spreadsheet_takes_the_csv_for_unicode(administrator_client: Client) -> None:
    assert export(administrator_client).startswith(b"\xef\xbb\xbf")


def test_no_cell_of_an_export_is_a_formula(portal: None, administrator_client: Client) -> None:
    for written in rows_of(export(administrator_client)):
        assert not [cell for cell in written if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    sheet = openpyxl.load_workbook(BytesIO(export(administrator_client, "xlsx"))).active
    for cells in sheet.iter_rows():
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
        assert not [cell.value for cell in cells if cell.data_type == "n" and cell.value is not None]


def test_a_serial_of_digits_keeps_its_zeros_in_a_workbook(portal: None, administrator_client: Client) -> None:
    sheet = openpyxl.load_workbook(BytesIO(export(administrator_client, "xlsx"))).active
    assert "004711081500" in [row[3] for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_holds_no_password_and_the_devices(portal: None, administrator_client: Client, kind: str) -> None:
    content = export(administrator_client, kind)
    assert b"secret" not in content
    if kind == "csv":
        assert b"004711081500" in content
        assert "Password" in HEADERS


def test_what_is_exported_is_what_the_filter_shows(administrator_client: Client) -> None:
    enrolled, approved = DeviceFactory.create(status="enrolled"), DeviceFactory.create(platform="ios")
    serials = lambda query: [row[3] for row in rows_of(export(administrator_client, query=query))[1:]]  # noqa: E731
    assert serials("") == [enrolled.serial_number]
    assert serials("status=pre_approved") == [approved.serial_number]
    assert serials("status=all&platform=ios") == [approved.serial_number]
    assert serials(f"status=all&q={enrolled.serial_number}") == [enrolled.serial_number]


def test_the_devices_of_one_domain_go_back_into_it(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    DeviceFactory.create(domain=domain)
    DeviceFactory.create()
    before = portal_state()
    content = export(administrator_client, query=f"status=pre_approved&domain={domain.pk}")
    committed(checked(content, domain=domain), "replace")
    assert portal_state() == before


@pytest.mark.parametrize("kind", FORMATS)
def test_a_control_character_that_came_by_another_way_does_not_break_the_export(
    administrator_client: Client, kind: str
) -> None:
    DeviceFactory.create(name="bell\x07")
    assert export(administrator_client, kind)


def test_a_device_without_user_and_serial_is_exported(administrator_client: Client) -> None:
    DeviceFactory.create(user=None, serial_number=None)
    assert rows_of(export(administrator_client))[1][0:4] == ["", "", "corporate", ""]


def test_the_export_costs_the_same_number_of_queries_for_2_devices_and_for_20(administrator_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            export(administrator_client)
        return len(caught)

    group = DeviceGroupFactory.create()
    for _number in range(2):
        DeviceFactory.create(groups=[group])
    few = queries()
    for _number in range(18):
        DeviceFactory.create(groups=[group])
    assert queries() == few


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_permission_to_export_there_is_none(
    operator_client: Client, stranger_client: Client, method: str
) -> None:
    for client in (operator_client, stranger_client):
        answer = getattr(client, method)(reverse("admin:devices_device_export"), {"format": 0, "resource": 0})
        assert answer.status_code == 403


def test_the_permission_to_export_is_enough(db: None) -> None:
    person: User = make_person("exporter", ("view_device", "export_device"))
    assert export(sign_in(person))


def test_the_button_is_not_shown_to_somebody_who_may_not_export(
    operator_client: Client, administrator_client: Client
) -> None:
    link = reverse("admin:devices_device_export")
    page = reverse("admin:devices_device_changelist")
    assert link not in operator_client.get(page).content.decode()
    assert link in administrator_client.get(page).content.decode()


def test_the_export_of_an_import_with_kept_columns_re_imports_without_change(administrator_client: Client) -> None:
    content = table({**row(1), "Büro": 'ü "1"'})
    committed(checked(content, kept=["Büro"]))
    before = portal_state()
    committed(checked(content, kept=["Büro"]), "replace")
    assert portal_state() == before
    Device.objects.get().save(update_fields=["custom_attributes"])  # now as Django writes it
    committed(checked(content, kept=["Büro"]), "replace")
    committed(checked(export(administrator_client)), "replace")
    assert portal_state() == before

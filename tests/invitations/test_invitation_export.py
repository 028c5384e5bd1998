"""What does the export of invitations hold, for whom, and what never?"""

import csv
from datetime import UTC, datetime
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invitations.link_token import token_of
from invitations.models import Invitation
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, ImportBatchFactory, InvitationFactory

pytestmark = pytest.mark.django_db
EXPORT = "/admin/invitations/invitation/export/"
FORMATS = {"csv": 0, "xlsx": 1}
PASSWORD = "Tr0ub4dor&3"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
State = Invitation.State


def export(client: Client, kind: str = "csv", query: str = "") -> bytes:
    """Return the file that the export page hands out."""
    answer = client.post(f"{EXPORT}?{query}", {"format": FORMATS[kind], "resource": 0})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment"), answer.content.decode()[:2000]
    return bytes(answer.content)


def rows(client: Client, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(export(client, query=query).decode("utf-8-sig"))))


def test_an_export_says_who_was_invited_to_what_and_what_came_of_it(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="Ada Lovelace", email="ada@example.com")
    device = DeviceFactory.create(serial_number="C02XK1ZZJ001", name="Ada's Mac", user=user)
    made = InvitationFactory.create(
        device=device,
        state=State.BOUNCED,
        batch=ImportBatchFactory.create(file_name="autumn.csv"),
        sent_at=NOON,
        bounced_at=NOON,
        last_error="550 no such user",
        error_code="550",
        attempts=2,
    )
    found = rows(administrator_client)[0]
    assert found.pop("Created")
    assert found == {
        "Recipient": "ada@example.com",
        "Channel": "E-mail",
        "State": "Bounced",
        "Device user": "Ada Lovelace",
        "Email": "ada@example.com",
        "Serial number": "C02XK1ZZJ001",
        "Platform": "macos",
        "Device name": "Ada's Mac",
        "Domain": "local",
        "Import": "autumn.csv",
        "Sending": str(made.sending_id),
        "Sent": "2026-11-22 12:00:00+00:00",
        "Delivered": "",
        "Bounced": "2026-11-22 12:00:00+00:00",
        "Opened": "",
        "Used": "",
        "Valid until": "",
        "Reminders": "0",
        "Attempts": "2",
        "Revoked because": "",
        "Last error": "550 no such user",
        "Error code": "550",
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_holds_neither_the_token_nor_the_one_time_password(administrator_client: Client, kind: str) -> None:
    made = InvitationFactory.create(device=DeviceFactory.create(one_time_password=PASSWORD), provider_id="SM-number")
    content = export(administrator_client, kind)
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(BytesIO(content)).active
        content = repr(list(sheet.iter_rows(values_only=True))).encode()
    assert made.recipient.encode() in content
    for secret in (PASSWORD, token_of(made.public_id), made.token_hash, str(made.public_id), made.public_id.hex):
        assert secret.encode() not in content


def test_a_spreadsheet_takes_the_csv_for_unicode_and_no_cell_for_a_formula(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="=HYPERLINK(1)")
    device = DeviceFactory.create(name="@SUM(1)", serial_number="-1", user=user)
    InvitationFactory.create(device=device, channel="sms", recipient="+12025550123", last_error="=1+1\x07")
    assert export(administrator_client).startswith(b"\xef\xbb\xbf")
    found = rows(administrator_client)[0]
    assert found["Recipient"] == "'+12025550123"
    assert found["Device user"] == "'=HYPERLINK(1)"
    assert not [cell for cell in found.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    sheet = openpyxl.load_workbook(BytesIO(export(administrator_client, "xlsx"))).active
    for cells in sheet.iter_rows():
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}


def test_an_invitation_of_a_device_without_user_serial_and_name_is_exported(administrator_client: Client) -> None:
    device = DeviceFactory.create(user=None, serial_number=None, name="")
    InvitationFactory.create(device=device, recipient="gone@example.com")
    found = rows(administrator_client)[0]
    assert (found["Device user"], found["Email"], found["Serial number"], found["Import"]) == ("", "", "", "")


def test_what_is_exported_is_what_the_filter_shows(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    failed = InvitationFactory.create(state=State.FAILED, batch=ImportBatchFactory.create())
    elsewhere = InvitationFactory.create(device=DeviceFactory.create(domain=domain), state=State.REDEEMED)

    def recipients(query: str) -> list[str]:
        return [row["Recipient"] for row in rows(administrator_client, query)]

    assert len(recipients("")) == 2
    assert recipients("state__exact=failed") == [failed.recipient]
    assert recipients(f"batch__id__exact={failed.batch_id}") == [failed.recipient]
    assert recipients(f"sending__id__exact={failed.sending_id}") == [failed.recipient]
    assert recipients(f"domain={domain.pk}") == [elsewhere.recipient]
    assert recipients("use=used") == [elsewhere.recipient]
    assert recipients(f"q={elsewhere.device.serial_number}") == [elsewhere.recipient]


@pytest.mark.parametrize("query", ["domain=abc", "sending__id__exact=%00", "batch__id__exact=-1", "recipient__regex=("])
def test_an_export_of_no_filter_is_refused(administrator_client: Client, query: str) -> None:
    for call in (administrator_client.get, administrator_client.post):
        assert call(f"{EXPORT}?{query}", {"format": "0", "resource": ""}).status_code in (302, 400)


def test_the_export_costs_the_same_number_of_queries_for_2_invitations_and_for_20(
    administrator_client: Client,
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            export(administrator_client)
        return len(caught)

    for _number in range(2):
        InvitationFactory.create(batch=ImportBatchFactory.create())
    few = queries()
    for _number in range(18):
        InvitationFactory.create(batch=ImportBatchFactory.create())
    assert queries() == few


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_permission_to_export_there_is_none(
    operator_client: Client, stranger_client: Client, method: str
) -> None:
    for client in (operator_client, stranger_client):
        assert getattr(client, method)(EXPORT, {"format": 0, "resource": 0}).status_code == 403


def test_the_permission_to_export_is_enough_and_shows_the_button() -> None:
    client = sign_in(make_person("exporter", ("view_invitation", "export_invitation")))
    InvitationFactory.create()
    assert len(rows(client)) == 1
    assert EXPORT in client.get("/admin/invitations/invitation/").content.decode()


def test_the_button_is_not_shown_to_somebody_who_may_not_export(operator_client: Client) -> None:
    assert EXPORT not in operator_client.get("/admin/invitations/invitation/").content.decode()

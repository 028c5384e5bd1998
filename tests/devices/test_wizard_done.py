"""Import, result, undo and discard, as the wizard's last steps show them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devices.imports import commit, undo
from devices.models import Device, ImportBatch, ImportRow
from tests.conftest import make_person, sign_in
from tests.devices.importing import checked_rows, committed, row
from tests.devices.wizard_pages import press, shown, text_of, url
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db


def form(batch: ImportBatch, **data: Any) -> dict[str, Any]:
    numbers = list(ImportRow.objects.filter(batch=batch, is_good=True).values_list("line", flat=True))
    return {"choices": "1", "duplicates": "", "line": numbers, "invite": numbers, **data}


def test_import_saves_what_the_page_holds_and_begins(administrator_client: Client) -> None:
    DeviceUserFactory.create(email="user2@example.com")
    batch = checked_rows(row(1), row(2), row(3, platform="iOS"))
    data = form(batch, duplicates="keep", accept_good_rows="on", invite=[3])
    assert press(administrator_client, "commit", batch, data) == (url("done", batch), [])
    assert "Importing the devices" in shown(administrator_client, "done", batch)
    commit.run(batch.pk)
    text = shown(administrator_client, "done", batch)
    assert "2 devices are pre-approved" in text
    assert "Created 2 Replaced 0 Skipped 0 Ticked for an invitation 1 Left behind 1" in text
    assert "by administrator." in text


def test_devices_that_were_replaced_are_pre_approved_too(administrator_client: Client) -> None:
    committed(checked_rows(row(1)))
    text = shown(administrator_client, "done", committed(checked_rows(row(1, device_name="Anew")), "replace"))
    assert "1 device is pre-approved" in text
    assert "Created 0 Replaced 1" in text


def test_what_stands_in_the_way_is_said_and_the_choices_are_not_lost_on_the_page(administrator_client: Client) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    location, messages = press(administrator_client, "commit", batch, form(batch))
    assert location == url("review", batch)
    assert messages == [
        "There are rows with errors. Correct the file and upload it again, or import the good rows only."
    ]
    batch.refresh_from_db()
    assert batch.state == "ready"


def test_a_second_click_imports_once(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    assert press(administrator_client, "commit", batch, form(batch)) == (url("done", batch), [])
    assert press(administrator_client, "commit", batch, form(batch)) == (url("done", batch), [])
    commit.run(batch.pk)
    location, messages = press(administrator_client, "commit", batch, form(batch))
    assert location == url("done", batch) and len(messages) == 1
    assert Device.objects.count() == 1


def test_a_person_who_may_import_but_not_change_imports_what_was_chosen(db: None) -> None:
    batch = checked_rows(row(1))
    client = sign_in(make_person("importer", ("view_importbatch", "commit_importbatch")))
    assert press(client, "commit", batch, form(batch, duplicates="keep"))[0] == url("done", batch)
    batch.refresh_from_db()
    assert (batch.state, batch.duplicates) == ("committing", "")


def test_a_failed_import_is_told_in_the_review(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    press(administrator_client, "commit", batch, form(batch))
    DeviceFactory.create(serial_number=row(1)["serial_number"])  # came in the meantime
    commit.run(batch.pk)
    text = shown(administrator_client, "review", batch)
    assert "The import was not done Nothing was imported:" in text


def test_the_result_leads_to_the_invitations(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1), row(2)))
    page = administrator_client.get(url("done", batch))
    assert "Next: send 2 invitations" in text_of(page)
    steps = [(step.title, step.state, step.url) for step in page.context["trail"]]
    assert steps[-2:] == [("Import", "current", ""), ("Send", "open", url("send", batch))]


def test_where_nobody_is_ticked_the_result_leads_to_the_devices(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    ImportRow.objects.filter(batch=batch).update(invite=False)
    text = shown(administrator_client, "done", committed(batch))
    assert "Ticked for an invitation 0" in text
    assert "Next:" not in text


def test_the_result_leads_to_its_devices(administrator_client: Client) -> None:
    committed(checked_rows(row(1)))
    batch = committed(checked_rows(row(2)))
    page = administrator_client.get(url("done", batch))
    devices = administrator_client.get(page.context["devices_url"])
    assert devices.status_code == 200
    assert row(2)["serial_number"] in devices.content.decode()
    assert row(1)["serial_number"] not in devices.content.decode()


def test_undo_says_what_it_will_do_and_what_it_did(administrator_client: Client) -> None:
    DeviceFactory.create(serial_number=row(2)["serial_number"])
    batch = committed(checked_rows(row(1), row(2)), "replace")
    text = shown(administrator_client, "done", batch)
    assert "1 device that it created is removed, and its user when nothing else is theirs." in text
    assert press(administrator_client, "undo", batch) == (url("done", batch), [])
    assert press(administrator_client, "undo", batch) == (url("done", batch), [])  # a double click
    assert "Taking the import back" in shown(administrator_client, "done", batch)
    undo.run(batch.pk)
    text = shown(administrator_client, "done", batch)
    assert "The import was undone" in text and "by administrator." in text
    assert "Devices removed 1 Devices restored 1 Users removed 2" in text


def test_undo_names_what_was_changed_since(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1), row(2)))
    Device.objects.get(serial_number=row(1)["serial_number"]).save()
    press(administrator_client, "undo", batch)
    undo.run(batch.pk)
    text = shown(administrator_client, "done", batch)
    assert f"Left as they are, because somebody changed them since the import {row(1)['serial_number']}" in text


def test_undo_says_what_was_deleted_since(administrator_client: Client) -> None:
    committed(checked_rows(row(1)))
    batch = committed(checked_rows(row(1, device_name="Anew")), "replace")
    Device.objects.all().delete()
    press(administrator_client, "undo", batch)
    undo.run(batch.pk)
    text = shown(administrator_client, "done", batch)
    assert "1 device that the import replaced was deleted since: it does not come back." in text


def test_undo_is_not_offered_once_a_device_has_enrolled(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    Device.objects.update(status=Device.Status.ENROLLED)
    text = shown(administrator_client, "done", batch)
    assert "This import can’t be undone any more: 1 device of this import has enrolled, or was blocked, since." in text
    assert "Undo the import" not in text


def test_a_refused_undo_says_why(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    press(administrator_client, "undo", batch)
    Device.objects.update(status=Device.Status.ENROLLED)  # in the meantime
    undo.run(batch.pk)
    assert "The undo was not done Nothing was undone: 1" in shown(administrator_client, "done", batch)


def test_discard_removes_the_batch_and_says_so(administrator_client: Client) -> None:
    batch = checked_rows(row(1), name="fleet.csv")
    location, messages = press(administrator_client, "discard", batch)
    assert location == reverse("enroll:pre_approve")
    assert messages == ["The import of “fleet.csv” was discarded. Nothing of it went in."]
    assert not ImportBatch.objects.exists() and not ImportRow.objects.exists()
    assert administrator_client.post(url("discard", batch)).status_code == 404


def test_a_committed_batch_can_not_be_discarded(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    location, messages = press(administrator_client, "discard", batch)
    assert location == url("done", batch)
    assert messages == ["This import can't be changed now. Load the page again to see how far it is."]


def test_before_the_import_the_result_leads_to_the_review(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    assert administrator_client.get(url("done", batch))["Location"] == url("review", batch)


def test_hostile_names_are_shown_as_text(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1), name="<i>x.csv"))
    response = administrator_client.get(url("done", batch))
    assert "<i>x" not in response.content.decode()
    assert "<i>x.csv" in text_of(response)

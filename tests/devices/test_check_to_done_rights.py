"""Who may open the pages from check to done, and press their buttons?"""

import pytest
from django.test import Client

from devices.models import ImportBatch
from tests.conftest import make_person, sign_in
from tests.devices.importing import checked_rows, committed, row
from tests.devices.wizard_pages import url

PAGES = ("check", "review", "bad_rows", "done")
CHANGES = ("start_check", "stop_check", "fix", "drop_fixes", "review", "rows", "discard")
ACTIONS = (*CHANGES, "commit", "undo")

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(db: None) -> ImportBatch:
    return checked_rows(row(1), row(2, platform="iOS"))


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_opens_no_page(stranger_client: Client, batch: ImportBatch, name: str) -> None:
    assert stranger_client.get(url(name, batch)).status_code == 403


def test_a_stranger_opens_no_row(stranger_client: Client, batch: ImportBatch) -> None:
    assert stranger_client.get(url("row", batch, 2)).status_code == 403


@pytest.mark.parametrize("name", ACTIONS)
def test_nobody_acts_without_the_permission(
    stranger_client: Client, operator_client: Client, batch: ImportBatch, name: str
) -> None:
    before = ImportBatch.objects.values().get(pk=batch.pk)
    assert stranger_client.post(url(name, batch)).status_code == 403
    assert operator_client.post(url(name, batch)).status_code == 403
    assert ImportBatch.objects.values().get(pk=batch.pk) == before


@pytest.mark.parametrize("name", ACTIONS)
def test_who_is_not_signed_in_is_sent_to_the_sign_in(client: Client, batch: ImportBatch, name: str) -> None:
    response = client.post(url(name, batch))
    assert response.status_code == 302 and "/login/" in response["Location"]


@pytest.mark.parametrize("name", ["check", "review"])
def test_an_operator_looks_without_buttons_that_change_something(
    operator_client: Client, batch: ImportBatch, name: str
) -> None:
    page = operator_client.get(url(name, batch)).content.decode().partition('id="wizard"')[2].partition("</main>")[0]
    assert page.count("<button") == page.count('<button class="wz-button">Filter</button>') == 1


def test_an_operator_sees_the_result_without_undo(operator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    page = operator_client.get(url("done", batch)).content.decode()
    assert url("undo", batch) not in page


@pytest.mark.parametrize(("right", "name"), [("commit_importbatch", "undo"), ("undo_importbatch", "commit")])
def test_import_and_undo_are_rights_of_their_own(batch: ImportBatch, right: str, name: str) -> None:
    client = sign_in(make_person("half", ("view_importbatch", "add_importbatch", right)))
    assert client.post(url(name, batch)).status_code == 403


@pytest.mark.parametrize(
    "name", ("fix", "rows", "commit", "discard", "undo", "start_check", "stop_check", "drop_fixes")
)
def test_an_action_is_not_done_by_opening_its_address(
    administrator_client: Client, batch: ImportBatch, name: str
) -> None:
    assert administrator_client.get(url(name, batch)).status_code == 405

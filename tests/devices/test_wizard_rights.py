"""Who may open which page of the wizard, and press which button?"""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse

from devices.models import Domain, ImportBatch
from hexenroll.urls import pre_approve
from tests.conftest import make_person, sign_in
from tests.devices.importing import checked_rows, committed, row, uploaded
from tests.devices.wizard_pages import url

pytestmark = pytest.mark.django_db

# Actions and the permission that each needs besides that to look.
ACTIONS = {
    "upload": "add_importbatch",
    "file": "add_importbatch",
    "mapping": "add_importbatch",
    "fix": "add_importbatch",
    "drop_fixes": "add_importbatch",
    "start_check": "add_importbatch",
    "stop_check": "add_importbatch",
    "review": "add_importbatch",
    "rows": "add_importbatch",
    "discard": "add_importbatch",
    "commit": "commit_importbatch",
    "undo": "undo_importbatch",
}


def address(pattern: URLPattern, batch: ImportBatch) -> str:
    arguments = {"batch_id": batch.pk, "line": 2}
    names = pattern.pattern.regex.groupindex
    return reverse(f"enroll:{pattern.name}", kwargs={name: arguments[name] for name in names})


@pytest.mark.parametrize("pattern", pre_approve, ids=lambda pattern: str(pattern.name))
def test_a_stranger_gets_403_on_every_page_and_action(stranger_client: Client, pattern: URLPattern) -> None:
    batch = checked_rows(row(1))
    for response in (stranger_client.get(address(pattern, batch)), stranger_client.post(address(pattern, batch))):
        assert response.status_code == 403
        assert "You may not open this" in response.content.decode()
        assert batch.file_name not in response.content.decode()


@pytest.mark.parametrize("pattern", pre_approve, ids=lambda pattern: str(pattern.name))
def test_who_is_not_signed_in_is_sent_to_the_sign_in_and_back(client: Client, pattern: URLPattern) -> None:
    batch = checked_rows(row(1))
    response = client.get(address(pattern, batch))
    assert response.status_code == 302
    assert response["Location"] == f"/admin/login/?next={address(pattern, batch)}"


def test_a_stranger_is_not_told_whether_a_batch_exists(stranger_client: Client) -> None:
    assert stranger_client.get("/enroll/pre-approve/99999/").status_code == 403


@pytest.mark.parametrize("name", ACTIONS)
def test_who_may_only_look_gets_403_on_every_action(operator_client: Client, name: str) -> None:
    batch = checked_rows(row(1))
    pattern = next(pattern for pattern in pre_approve if pattern.name == name)
    assert operator_client.post(address(pattern, batch)).status_code == 403
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READY


@pytest.mark.parametrize(("name", "right"), ACTIONS.items())
def test_the_named_permission_opens_the_action(db: None, name: str, right: str) -> None:
    batch = checked_rows(row(1))
    if name == "undo":
        committed(batch)
    pattern = next(pattern for pattern in pre_approve if pattern.name == name)
    client = sign_in(make_person("clerk", ("view_importbatch", right)))
    assert client.post(address(pattern, batch)).status_code in (302, 422)


@pytest.mark.parametrize("name", ["pre_approve", "sample", "file", "mapping", "check", "review", "bad_rows"])
def test_who_may_look_sees_every_page_without_its_buttons(operator_client: Client, name: str) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    pattern = next(pattern for pattern in pre_approve if pattern.name == name)
    response = operator_client.get(address(pattern, batch))
    assert response.status_code == 200
    if "html" in response["Content-Type"]:
        page = b"".join(response).decode()
        wizard = page[page.index('<div class="wz">') :]
        assert not re.search(
            r"<button[^>]*type=.submit.[^>]*>\s*(Upload|Save|Discard|Import|Check|Replace|Apply)", wizard
        )


def test_the_upload_page_needs_the_permission_to_add(operator_client: Client, administrator: User) -> None:
    assert operator_client.get(reverse("enroll:upload")).status_code == 403
    assert sign_in(administrator).get(reverse("enroll:upload")).status_code == 200


def test_the_mapping_can_be_looked_at_but_not_changed_without_the_permission(operator_client: Client) -> None:
    batch = uploaded(b"Name,Email,Ownership,Serial number,Platform\nAda,ada@example.com,corporate,C02XK1ZZJ001,macos\n")
    page = operator_client.get(url("mapping", batch)).content.decode()
    assert "<fieldset disabled" in page
    assert "Save and check" not in page


def test_the_sidebar_shows_pre_approve_to_who_may_look_only(operator_client: Client, stranger_client: Client) -> None:
    assert 'href="/enroll/pre-approve/"' in operator_client.get("/admin/").content.decode()
    assert 'href="/enroll/pre-approve/"' not in stranger_client.get("/admin/").content.decode()


def test_no_page_of_the_wizard_is_kept_by_browsers(administrator_client: Client) -> None:
    Domain.objects.local()
    assert "no-store" in administrator_client.get(reverse("enroll:upload"))["Cache-Control"]

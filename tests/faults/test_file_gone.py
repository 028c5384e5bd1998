"""What does the wizard say when the uploaded file was deleted under a batch?"""

from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client

from devices.imports import check, commit, steps
from devices.models import Device, ImportBatch
from tests.devices.importing import checked, row, table, uploaded

pytestmark = pytest.mark.django_db

State = ImportBatch.State
GOOD, BAD = row(1), row(2, platform="iOS")
PAGES = ("", "file/", "mapping/", "preview/", "check/", "bad-rows.csv", "review/", "rows/2/", "done/", "progress.json")


def lose_file(batch: ImportBatch) -> ImportBatch:
    Path(batch.file.path).unlink()
    return batch


def look_at_every_page(client: Client, batch: ImportBatch) -> dict[str, str]:
    """Open every page of a batch; return their texts. The test client raises what would be a 500."""
    texts = {}
    for page in PAGES:
        response = client.get(f"/enroll/pre-approve/{batch.pk}/{page}", follow=True)
        assert response.status_code in (200, 404, 410, 422), (page, response.status_code)
        texts[page] = b"".join(response).decode() if response.streaming else response.content.decode()
    return texts


def test_every_page_of_an_uploaded_batch_opens_and_says_what_to_do(administrator_client: Client) -> None:
    batch = lose_file(uploaded(table(GOOD, BAD)))
    texts = look_at_every_page(administrator_client, batch)
    assert "Upload it again" in texts["mapping/"]


def test_every_page_of_a_checked_batch_opens(administrator_client: Client) -> None:
    batch = lose_file(checked(table(GOOD, BAD)))
    look_at_every_page(administrator_client, batch)


def test_a_check_without_its_file_fails_with_what_to_do(administrator_client: Client) -> None:
    batch = checked(table(GOOD, BAD))
    lose_file(batch)
    steps.start_check(batch, tell_worker=False)
    check.run(batch.pk)
    batch.refresh_from_db()
    assert batch.state == State.FAILED
    assert "Upload it again." in batch.failure["message"]
    assert "Upload it again." in look_at_every_page(administrator_client, batch)["check/"]


def test_a_corrected_file_mends_it() -> None:
    batch = lose_file(checked(table(GOOD, BAD)))
    assert steps.upload_again(batch, BytesIO(table(GOOD, row(2))), "devices.csv")
    steps.start_check(batch, tell_worker=False)
    check.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.counts["good"]) == (State.READY, 2)


def test_a_commit_of_good_rows_needs_no_file() -> None:
    batch = lose_file(checked(table(GOOD)))
    steps.choose(batch, duplicates="", channel="none", accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    assert batch.state == State.COMMITTED
    assert Device.objects.count() == 1


def test_a_commit_that_can_not_keep_the_bad_rows_goes_back_to_review_and_says_why(administrator_client: Client) -> None:
    batch = lose_file(checked(table(GOOD, BAD)))
    steps.choose(batch, duplicates="", channel="none", accept_good_rows=True)
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    assert batch.state == State.READY
    assert batch.failure["message"].startswith("Nothing was imported")
    assert "Upload it again" in batch.failure["message"]
    assert not Device.objects.exists()
    assert "Nothing was imported" in look_at_every_page(administrator_client, batch)["review/"]


def test_a_batch_without_its_file_can_be_discarded(administrator_client: Client) -> None:
    batch = lose_file(checked(table(GOOD, BAD)))
    administrator_client.post(f"/enroll/pre-approve/{batch.pk}/discard/")
    assert not ImportBatch.objects.exists()

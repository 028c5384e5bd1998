"""Are old files and rows forgotten, and is what waits for a worker sent again?"""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from devices.imports import commit, rescue, retention, steps
from devices.models import Device, ImportBatch, ImportProblem, ImportRow, ImportSnapshot
from tests.factories import ImportBatchFactory

from .importing import checked_rows, committed, row

pytestmark = pytest.mark.django_db
State = ImportBatch.State


def aged(batch: ImportBatch, days: int) -> ImportBatch:
    ImportBatch.objects.filter(pk=batch.pk).update(state_changed_at=timezone.now() - timedelta(days=days))
    batch.refresh_from_db()
    return batch


# --- retention --------------------------------------------------------------------------------------------
def test_rows_problems_snapshots_and_files_of_an_old_batch_go_and_its_counts_stay() -> None:
    committed(checked_rows(row(1)))
    batch = aged(committed(checked_rows(row(1, name="New"), row(2, email="x")), "replace", accept_good_rows=True), 91)
    path = Path(batch.bad_rows_file.path)
    assert retention.forget() == 1
    for model in (ImportRow, ImportProblem, ImportSnapshot):
        assert not model.objects.filter(batch_id=batch.pk).exists()
    batch.refresh_from_db()
    assert (path.exists(), bool(batch.bad_rows_file), batch.header_fingerprint) == (False, False, "")
    assert batch.counts["replaced"] == 1
    assert Device.objects.count() == 1


def test_an_upload_that_nobody_finished_goes_too_and_cannot_be_imported_empty() -> None:
    batch = aged(checked_rows(row(1)), 91)
    path = Path(batch.file.path)
    retention.forget()
    batch.refresh_from_db()
    assert not path.exists()
    with pytest.raises(steps.StepError, match="The uploaded file was removed"):
        steps.start_commit(batch, None)
    with pytest.raises(steps.StepError, match="The uploaded file was removed"):
        steps.start_check(batch)


def test_a_batch_that_is_young_enough_is_left_alone() -> None:
    batch = aged(checked_rows(row(1)), 89)
    assert retention.forget() == 0
    assert batch.rows.count() == 1


def test_the_number_of_days_is_a_setting(settings: object) -> None:
    settings.HEXENROLL_IMPORT_KEEP_DAYS = 10  # type: ignore[attr-defined]
    aged(checked_rows(row(1)), 11)
    assert retention.forget() == 1


def test_a_batch_in_work_is_never_forgotten() -> None:
    batch = aged(checked_rows(row(1)), 91)
    ImportBatch.objects.update(state=State.COMMITTING)
    assert retention.forget() == 0
    assert batch.rows.count() == 1


def test_a_batch_is_forgotten_once() -> None:
    aged(checked_rows(row(1)), 91)
    assert (retention.forget(), retention.forget()) == (1, 0)


def test_files_of_no_batch_are_removed_after_a_day() -> None:
    folder = Path(settings.IMPORT_ROOT) / "2026" / "01"
    folder.mkdir(parents=True, exist_ok=True)
    old, young = folder / "old.csv", folder / "young.csv"
    for path in (old, young):
        path.write_text("x")
    yesterday = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(old, (yesterday, yesterday))
    mine = Path(checked_rows(row(1)).file.path)
    os.utime(mine, (yesterday, yesterday))
    retention.forget()
    assert (old.exists(), young.exists(), mine.exists()) == (False, True, True)
    young.unlink()


# --- rescue -----------------------------------------------------------------------------------------------
def waiting(state: str, *, changed: int, heartbeat: int | None = None) -> ImportBatch:
    """Return a batch in work; the numbers are seconds ago."""
    now = timezone.now()
    return ImportBatchFactory.create(
        state=state,
        state_changed_at=now - timedelta(seconds=changed),
        heartbeat_at=None if heartbeat is None else now - timedelta(seconds=heartbeat),
    )


@pytest.mark.parametrize("state", [State.CHECKING, State.COMMITTING, State.UNDOING])
def test_a_batch_that_no_worker_took_is_sent_again_after_a_while(state: str) -> None:
    waiting(state, changed=5)
    assert rescue.rescue() == 0
    waiting(state, changed=60)
    assert rescue.rescue() == 1


def test_a_check_whose_worker_gives_no_sign_is_sent_again() -> None:
    waiting(State.CHECKING, changed=600, heartbeat=1)
    assert rescue.rescue() == 0
    waiting(State.CHECKING, changed=600, heartbeat=60)
    assert rescue.rescue() == 1


@pytest.mark.parametrize("state", sorted(set(State.values) - ImportBatch.IN_WORK))
def test_a_batch_that_waits_for_people_is_not_sent(state: str) -> None:
    waiting(state, changed=6000)
    assert rescue.rescue() == 0


def test_a_commit_that_five_workers_did_not_finish_goes_back_to_review() -> None:
    batch = checked_rows(row(1))
    steps.start_commit(batch, None, tell_worker=False)
    ImportBatch.objects.update(attempts=5)
    commit.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure["code"]) == (State.READY, "interrupted")
    assert "Nothing was imported" in batch.failure["message"]
    assert not Device.objects.exists()

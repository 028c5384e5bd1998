"""What happens when two workers, or two administrators, do the same thing at the same moment?"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from devices.imports import check, commit, steps, undo
from devices.models import Device, DeviceUser, ImportBatch, ImportRow
from tests.devices.importing import checked, row, table, uploaded

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 3_000


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions in threads that start together, each with its own connection; return results or exceptions."""
    start = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(index: int, action: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[index] = action()
        except Exception as error:  # noqa: BLE001 - it is the result, and the test asserts it
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "still waiting after 60 s"
    return results


def content(order: Sequence[int], **cells: str) -> bytes:
    """Return a file with a device for each number, two of them to a user."""
    return table(*(row(n, email=f"user{n // 2}@example.com", serial_number=serial(n), **cells) for n in order))


def serial(number: int) -> str:
    return f"C02{number:07}"


def committing(file: bytes, duplicates: str = "replace") -> ImportBatch:
    """Return a file as a batch that waits for a worker to commit it."""
    batch = checked(file)
    steps.choose(batch, duplicates=duplicates, channel="none", accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)
    return batch


def assert_in_once(batch: ImportBatch, rows: int = ROWS) -> None:
    """Assert that a batch of `content` is in the portal, once."""
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.COMMITTED, batch.failure
    assert batch.counts["created"] == rows
    assert Device.objects.count() == rows
    assert DeviceUser.objects.count() == rows // 2


def test_two_workers_that_get_the_same_commit_import_it_once() -> None:
    batch = committing(content(range(ROWS)))
    assert at_once(*[lambda: commit.run(batch.pk)] * 3) == [None] * 3
    assert_in_once(batch)


def test_a_commit_that_is_delivered_again_after_it_was_done_changes_nothing() -> None:
    batch = committing(content(range(10)))
    commit.run(batch.pk)
    Device.objects.filter(serial_number=serial(3)).update(name="changed since")
    commit.run(batch.pk)
    assert_in_once(batch, 10)
    assert Device.objects.get(serial_number=serial(3)).name == "changed since"


def test_two_workers_that_get_the_same_check_stage_each_row_once() -> None:
    batch = uploaded(content([*range(ROWS), 5]))  # one serial number twice
    steps.save_mapping(batch, steps.suggestion(batch).mapping)
    steps.start_check(batch, tell_worker=False)
    assert at_once(*[lambda: check.run(batch.pk)] * 3) == [None] * 3
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.READY, batch.failure
    assert ImportRow.objects.filter(batch=batch).count() == ROWS + 1
    assert batch.counts["codes"] == {"error:duplicate_serial": 2}
    assert batch.problems.count() == 2


def test_two_workers_that_get_the_same_undo_take_it_back_once() -> None:
    batch = committing(content(range(ROWS)))
    commit.run(batch.pk)
    steps.start_undo(batch, None, tell_worker=False)
    assert at_once(*[lambda: undo.run(batch.pk)] * 3) == [None] * 3
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UNDONE, batch.failure
    assert batch.counts["undo"]["devices_removed"] == ROWS
    assert not Device.objects.exists()
    assert not DeviceUser.objects.exists()


def test_of_two_administrators_who_start_the_same_import_one_wins_and_the_other_is_told() -> None:
    batch = checked(content(range(10)))
    steps.choose(batch, duplicates="replace", channel="none", accept_good_rows=False)
    people = [User.objects.create(username=name) for name in ("first", "second")]

    def starts(person: User) -> Callable[[], None]:
        return lambda: steps.start_commit(ImportBatch.objects.get(pk=batch.pk), person, tell_worker=False)

    results = at_once(*map(starts, people))
    refusals = [result for result in results if result is not None]
    assert [str(refusal) for refusal in refusals] == ["This import has moved on in the meantime. Load the page again."]
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.COMMITTING
    assert batch.committed_by == people[results.index(None)]


def test_a_double_click_on_undo_starts_it_once() -> None:
    batch = committing(content(range(10)))
    commit.run(batch.pk)

    def start() -> None:
        steps.start_undo(ImportBatch.objects.get(pk=batch.pk), None, tell_worker=False)

    results = at_once(start, start)
    assert sorted(str(result) for result in results) == [
        "None",
        "This import has moved on in the meantime. Load the page again.",
    ]


@pytest.mark.parametrize("duplicates", ["replace", "keep", "skip"])
def test_two_imports_of_the_same_devices_at_once_end_as_one_after_the_other(duplicates: str) -> None:
    """Both find every row new at their review; the files' rows are in opposite orders, which invites deadlocks."""
    forth = committing(content(range(ROWS), name="Forth", device_name="forth"), duplicates)
    back = committing(content(range(ROWS - 1, -1, -1), name="Back", device_name="back"), duplicates)
    assert at_once(lambda: commit.run(forth.pk), lambda: commit.run(back.pk)) == [None, None]
    for batch in (forth, back):
        batch.refresh_from_db()
        assert batch.state == ImportBatch.State.COMMITTED, batch.failure
    first, second = sorted((forth, back), key=lambda batch: str(batch.committed_at))
    assert first.counts["created"] == ROWS
    assert second.counts["created"] == 0
    assert Device.objects.count() == ROWS
    assert DeviceUser.objects.count() == ROWS // 2
    winner = second if duplicates == "replace" else first
    assert second.counts["replaced"] == (ROWS if duplicates == "replace" else 0)
    assert second.counts["skipped"] == (0 if duplicates == "replace" else ROWS)
    name = "Forth" if winner == forth else "Back"
    assert set(Device.objects.values_list("name", "user__name")) == {(name.lower(), name)}


def test_imports_that_share_users_only_end_with_all_devices() -> None:
    batches = [
        committing(content(range(ROWS), device_name="one")),
        committing(content(range(ROWS - 1, -1, -1), device_name="two").replace(b"C02", b"F17")),
        committing(content(range(ROWS)).replace(b"C02", b"G18")),
    ]
    assert at_once(*[lambda pk=batch.pk: commit.run(pk) for batch in batches]) == [None] * 3
    for batch in batches:
        batch.refresh_from_db()
        assert batch.state == ImportBatch.State.COMMITTED, batch.failure
        assert batch.counts["created"] == ROWS
    assert Device.objects.count() == 3 * ROWS
    assert DeviceUser.objects.count() == ROWS // 2


def test_an_import_that_is_undone_while_another_replaces_its_devices_leaves_them_to_the_other() -> None:
    one = committing(content(range(ROWS), device_name="one"))
    commit.run(one.pk)
    two = committing(content(range(ROWS - 1, -1, -1), device_name="two"))
    steps.start_undo(one, None, tell_worker=False)
    assert at_once(lambda: undo.run(one.pk), lambda: commit.run(two.pk)) == [None, None]
    for batch in (one, two):
        batch.refresh_from_db()
    assert two.state == ImportBatch.State.COMMITTED, two.failure
    assert one.state == ImportBatch.State.UNDONE, one.failure
    assert Device.objects.count() == ROWS
    assert set(Device.objects.values_list("name", flat=True)) == {"two"}


def test_two_checks_at_once_do_not_meet() -> None:
    batches = [uploaded(content(range(ROWS))) for _ in range(2)]
    for batch in batches:
        steps.save_mapping(batch, steps.suggestion(batch).mapping)
        steps.start_check(batch, tell_worker=False)
    assert at_once(*[lambda pk=batch.pk: check.run(pk) for batch in batches]) == [None] * 2
    for batch in batches:
        batch.refresh_from_db()
        assert batch.state == ImportBatch.State.READY, batch.failure
        assert batch.counts["good"] == ROWS


def test_an_upload_during_a_commit_and_a_discard_during_a_check_leave_nothing_half_done() -> None:
    batch = committing(content(range(ROWS)))
    other = uploaded(content(range(ROWS)))
    steps.save_mapping(other, steps.suggestion(other).mapping)
    steps.start_check(other, tell_worker=False)

    def discard() -> None:
        steps.stop_check(other)
        steps.discard(ImportBatch.objects.get(pk=other.pk))

    results = at_once(
        lambda: commit.run(batch.pk),
        lambda: uploaded(content(range(10))),
        lambda: check.run(other.pk),
        discard,
    )
    assert_in_once(batch)
    assert isinstance(results[1], ImportBatch)
    assert results[2] is None
    assert results[3] is None or isinstance(results[3], steps.StepError)
    if results[3] is None:
        assert not ImportBatch.objects.filter(pk=other.pk).exists()
        assert not ImportRow.objects.filter(batch_id=other.pk).exists()

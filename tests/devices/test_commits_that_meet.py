"""Which of two batches goes in when they want one serial number, or one e-mail address, at the same moment?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from devices.imports import commit, steps
from devices.models import Device, DeviceUser, ImportBatch

from .importing import checked_rows, row

pytestmark = pytest.mark.django_db(transaction=True)
State = ImportBatch.State
ROUNDS = 3


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run `actions` in threads of their own that begin together; return what came of each, errors too."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        try:
            barrier.wait(10)
            return action()
        except steps.StepError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def committing(*rows: dict[str, str]) -> ImportBatch:
    batch = checked_rows(*rows)
    steps.start_commit(batch, None, tell_worker=False)
    return batch


def states(*batches: ImportBatch) -> list[str]:
    return sorted(ImportBatch.objects.filter(pk__in=[batch.pk for batch in batches]).values_list("state", flat=True))


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_of_two_commits_with_one_serial_one_goes_in_and_the_other_goes_back_to_review(attempt: int) -> None:
    mine = committing(row(1, name="Mine"), row(2))
    theirs = committing(row(1, name="Theirs", email="theirs@example.com"), row(3))
    at_once(lambda: commit.run(mine.pk), lambda: commit.run(theirs.pk))
    assert states(mine, theirs) == [State.COMMITTED, State.READY]
    winner = ImportBatch.objects.get(state=State.COMMITTED)
    assert set(Device.objects.values_list("import_batch", flat=True)) == {winner.pk}
    assert Device.objects.count() == 2


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_of_two_commits_with_one_address_one_goes_in_and_the_other_goes_back_to_review(attempt: int) -> None:
    mine = committing(row(1, email="ada@example.com", name="Mine"))
    theirs = committing(row(2, email="ADA@example.com", name="Theirs"))
    at_once(lambda: commit.run(mine.pk), lambda: commit.run(theirs.pk))
    assert states(mine, theirs) == [State.COMMITTED, State.READY]
    assert (DeviceUser.objects.count(), Device.objects.count()) == (1, 1)


def test_two_commits_that_do_not_meet_both_go_in() -> None:
    mine, theirs = committing(row(1, groups="Sales")), committing(row(2, groups="Sales"))
    at_once(lambda: commit.run(mine.pk), lambda: commit.run(theirs.pk))
    assert states(mine, theirs) == [State.COMMITTED, State.COMMITTED]
    assert Device.objects.count() == 2

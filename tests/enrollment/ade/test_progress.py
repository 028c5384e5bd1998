"""What does the page of an account say of a sync that is open? A row of a table each."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Domain
from enrollment.ade.progress import progress_of
from enrollment.models import AdeAccount, AdeDevice, AdeSync

pytestmark = pytest.mark.django_db

State, Kind, Phase = AdeSync.State, AdeSync.Kind, AdeSync.Phase
SECONDS = timedelta(seconds=1)
KNOWN = 40  # devices that Apple listed before
QUEUED = {"state": State.QUEUED, "kind": Kind.FULL, "phase": Phase.LIST}
RUNNING = {**QUEUED, "state": State.RUNNING, "alive": 5}


@pytest.mark.parametrize(
    ("facts", "is_in_work", "is_waiting", "share", "rate", "left"),
    [
        (QUEUED, True, True, 0.0, None, None),
        ({**QUEUED, "next": 60}, False, True, 0.0, None, None),  # Apple is asked in a minute
        ({**QUEUED, "next": -60}, True, True, 0.0, None, None),
        ({**QUEUED, "next": 60, "fetched": 10, "alive": 5}, False, True, 0.0, 2, None),
        (RUNNING, True, False, 0.0, None, None),
        ({**RUNNING, "fetched": 10}, True, False, 0.25, 2, 15),
        ({**RUNNING, "fetched": 10, "alive": None}, True, False, 0.25, None, None),
        ({**RUNNING, "fetched": 10, "added": 20}, True, False, 0.5, 2, 5),  # 20 of the 40 are its own
        ({**RUNNING, "fetched": 50}, True, False, 0.0, 10, None),  # more than before: nobody knows how many more
        ({**RUNNING, "fetched": 40, "phase": Phase.GONE}, True, False, 1.0, 8, None),
        ({**RUNNING, "fetched": 40, "phase": Phase.CHANGES}, True, False, 1.0, 8, None),
        ({**RUNNING, "fetched": 10, "kind": Kind.DELTA, "phase": Phase.CHANGES}, True, False, 0.0, 2, None),
        ({**RUNNING, "fetched": 40, "state": State.DONE}, False, False, 0.0, 8, None),
    ],
)
def test_progress_of_a_sync(
    facts: dict[str, Any], is_in_work: bool, is_waiting: bool, share: float, rate: int | None, left: int | None
) -> None:
    account = AdeAccount.objects.create(name="A", domain=Domain.objects.local(), private_key="key")
    AdeDevice.objects.bulk_create(AdeDevice(account=account, serial_number=f"S{n}") for n in range(KNOWN))
    AdeDevice.objects.create(account=account, serial_number="GONE", is_listed=False)
    facts = dict(facts)
    alive, later = facts.pop("alive", None), facts.pop("next", None)
    sync = AdeSync.objects.create(account=account, **facts)
    sync.alive_at = None if alive is None else sync.created_at + alive * SECONDS
    sync.next_at = None if later is None else timezone.now() + later * SECONDS
    told = progress_of(sync)
    assert (told.state, told.is_in_work, told.is_waiting) == (sync.state, is_in_work, is_waiting)
    assert (told.share, told.rows_per_second, told.seconds_left) == (share, rate, left)
    assert told.rows_done == sync.fetched

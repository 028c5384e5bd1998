"""How far is a sync of an account, and how fast does it go? Asked by the account's page while one is open."""

from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from devices.imports.progress import Progress
from enrollment.models import AdeDevice, AdeSync

Phase, State = AdeSync.Phase, AdeSync.State


def progress_of(sync: AdeSync) -> Progress:
    """Return what the page shows. Of a full list, Apple doesn't say the length: it is guessed from the last one's.

    Args:
        sync: open, or over; one that waits for its time is not in work.
    """
    now = timezone.now()
    is_in_work = sync.state in AdeSync.OPEN and not (sync.next_at and sync.next_at > now)
    rate, share, left = None, 0.0, None
    if sync.alive_at and sync.fetched:
        rate = round(sync.fetched / max((sync.alive_at - sync.created_at).total_seconds(), 0.1))
    if is_in_work and sync.kind == AdeSync.Kind.FULL and sync.fetched:
        known = _known_before(sync.pk, sync.created_at)
        if sync.phase != Phase.LIST:
            share = 1.0
        elif known > sync.fetched:
            share = sync.fetched / known
            left = round((known - sync.fetched) / rate) if rate else None
    return Progress(
        state=sync.state,
        is_in_work=is_in_work,
        is_waiting=sync.state == State.QUEUED,
        share=share,
        rows_done=sync.fetched,
        rows_per_second=rate,
        seconds_left=left,
    )


@lru_cache(maxsize=64)  # counted once by each process, not each second for each viewer
def _known_before(sync_id: int, created_at: datetime) -> int:
    """Return how many devices the account had before this sync, which was created then, added some."""
    sync = AdeSync.objects.get(pk=sync_id, created_at=created_at)
    return AdeDevice.objects.listed().filter(account=sync.account_id).count() - sync.added

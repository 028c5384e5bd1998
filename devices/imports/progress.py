"""How far is the work on a batch, how fast does it go, and how long will it take?

Asked by the page that shows it. A check writes its progress with its rows; a commit is one transaction that nobody
sees into, so its progress goes through the cache.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.core.cache import BaseCache
from django.utils import timezone
from redis.exceptions import RedisError

from devices.models import ImportBatch

logger = logging.getLogger(__name__)

KEEP_SECONDS = 3_600


@dataclass(frozen=True)
class Progress:
    """The state of the work on a batch.

    Attributes:
        state: of the batch.
        is_in_work: a worker has it, or will have it.
        is_waiting: no worker has begun yet.
        share: what is done, 0 to 1.
        rows_done: rows read so far, in a check.
        rows_per_second: their rate since the check began; None: not known.
        seconds_left: None: not known.
    """

    state: str
    is_in_work: bool
    is_waiting: bool
    share: float
    rows_done: int
    rows_per_second: int | None
    seconds_left: int | None

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def committing(batch_id: int, cache: BaseCache) -> Callable[[float], None]:
    """Return the function with which a commit reports its share; it goes on without a cache."""

    def report(share: float) -> None:
        try:
            cache.set(f"import-commit-{batch_id}", share, KEEP_SECONDS)
        except RedisError as error:
            logger.warning("import batch %s: its progress can't be shown: %s", batch_id, error)

    return report


def progress_of(batch: ImportBatch, cache: BaseCache) -> Progress:
    """Return how far the work on `batch` is; a cache that can't be reached counts as empty."""
    share = batch.progress
    if batch.state == ImportBatch.State.COMMITTING:
        try:
            share = float(cache.get(f"import-commit-{batch.pk}", 0))
        except RedisError as error:
            logger.warning("import batch %s: its progress can't be read: %s", batch.pk, error)
    seconds = (timezone.now() - batch.state_changed_at).total_seconds()
    is_known = batch.is_in_work and share > 0 and seconds > 0
    return Progress(
        state=batch.state,
        is_in_work=batch.is_in_work,
        is_waiting=batch.is_in_work and batch.heartbeat_at is None,
        share=round(share, 3),
        rows_done=batch.rows_done,
        rows_per_second=round(batch.rows_done / seconds) if is_known and batch.rows_done else None,
        seconds_left=round(seconds / share - seconds) if is_known else None,
    )

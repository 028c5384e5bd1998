"""Is the worker that has an ADE account in hand still alive, and how does it say so? Asked by runs and telling."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

from invitations.outbox.process import is_dead

logger = logging.getLogger(__name__)

# As of the outbox's lanes: longer than a write may wait on SQLite; a worker killed on this machine is noticed at once.
LEASE: Final = timedelta(seconds=90)
RENEWED_EVERY: Final = 10.0  # seconds


@contextmanager
def held(row: QuerySet[Any], name: str) -> Iterator[None]:
    """Give a sign of life every few seconds for the time of the block: a call to Apple may take minutes.

    Args:
        row: this worker's, found by its claim: none any more, once another one has taken it.
        name: of what is held, for the log.
    """
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(row, name, stop), name=name, daemon=True)
    renewal.start()
    try:
        yield
    finally:
        stop.set()
        renewal.join()


def lost(rows: QuerySet[Any]) -> list[UUID]:
    """Return the claims of held rows whose worker is gone, or has given no sign of life for too long."""
    silent = timezone.now() - LEASE
    held_now = rows.only("process", "alive_at", "claim")
    return [row.claim for row in held_now if is_dead(row.process) or row.alive_at is None or row.alive_at < silent]


def _renew(row: QuerySet[Any], name: str, stop: threading.Event) -> None:
    """Renew until the row is given back; what fails is tried again, until the lease is over."""
    try:
        while not stop.wait(RENEWED_EVERY):
            try:
                row.update(alive_at=timezone.now())
            except DatabaseError as error:
                logger.warning("the sign of life of %s could not be given: %s", name, error)
    finally:
        connection.close()

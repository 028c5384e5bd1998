"""How do the devices of a sending become invitations that wait in the outbox, all of them or none?

Run by the worker and by `manage.py send_invitations`: one transaction, a chunk of devices at a time. Meanwhile the
sending may be cancelled: on PostgreSQL at once, and then nothing is written. On SQLite one transaction writes at once:
whoever cancels waits for the end of this one, and what was queued is taken back (cancelling.py).
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import uuid4

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, CharField, ExpressionWrapper, Max, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.imports.outcomes import ticked_devices
from devices.imports.sql import analyze, append, one_at_a_time, query
from devices.models import Device, ImportRow

from .cancelling import take_back
from .link_token import hash_of, token_of
from .lock_order import lock_invited
from .missing_passwords import fill_in
from .models import Invitation, Sending
from .outbox.dispatch import call_workers
from .reach import OBSTACLES, Obstacle, measured, way_of
from .replacing import batches_of, newest_of, revoke_live

logger = logging.getLogger(__name__)

T = TypeVar("T")

State = Sending.State
CHUNK = 5_000
MAX_ATTEMPTS = 5
WORTH_A_LOOK = 1_000  # invitations, for the database's planner
COLUMNS = (
    "public_id",
    "sending_id",
    "device_id",
    "domain_id",
    "batch_id",
    "replaces_id",
    "channel",
    "recipient",
    "language",
    "token_hash",
    "state",
    "state_changed_at",
    "revoked_because",
    "next_attempt_at",
    "attempts",
    "provider_id",
    "last_error",
    "error_code",
    "reminders",
    "created_at",
)


class _CancelledError(Exception):
    """The sending was cancelled while it was prepared: what was written of it is rolled back."""


class Reached(NamedTuple):
    """A device, and how it is invited, or why it is not."""

    pk: int
    domain: int
    email: str
    mobile: str
    language: str
    needs_password: bool
    via: str
    obstacle: str


def run(sending_id: int, *, tell_workers: bool = True) -> None:
    """Queue a sending's invitations, or take the waiting ones back; another worker's sending is left alone.

    Args:
        sending_id: of a sending that is to be prepared or cancelled.
        tell_workers: False where the caller sends them itself.
    """
    state = _claim(sending_id)
    if state == State.CANCELLING:
        take_back(sending_id)
    if state != State.QUEUEING:
        return
    try:
        with transaction.atomic():
            _mark_as_in_hand(sending_id)
            # Two sendings of the same devices at once: the second finds what the first invited.
            one_at_a_time("sending")
            sending = Sending.objects.filter(pk=sending_id, state=State.QUEUEING).first()
            if sending is None:
                return
            _queue(sending)
    except _CancelledError:
        take_back(sending_id)
        return
    except OperationalError:
        logger.warning("sending %s could not be prepared now; it is tried again", sending_id)
        raise
    except Exception:
        logger.exception("sending %s could not be prepared", sending_id)
        _fail(sending_id, _("It could not be prepared, and nothing was sent. The worker's log says why."))
        raise
    if tell_workers and (sending.starts_at is None or sending.starts_at <= timezone.now()):
        for channel in Invitation.Channel:
            call_workers(channel)


def _claim(sending_id: int) -> str:
    """Count one more attempt and return the state; "" when another worker has it, or it was tried too often."""
    with transaction.atomic():
        free = Sending.objects.select_for_update(skip_locked=True)
        sending = free.filter(pk=sending_id, state__in=Sending.IN_WORK).first()
        if sending is None:
            return ""
        sending.attempts += 1
        sending.heartbeat_at = timezone.now()
        sending.save(update_fields=["attempts", "heartbeat_at"])
    if sending.attempts > MAX_ATTEMPTS and sending.state == State.QUEUEING:
        _fail(sending_id, _("Preparing it was interrupted several times, and nothing was sent. See the worker's log."))
        return ""
    return sending.state


def _mark_as_in_hand(sending_id: int) -> None:
    """Show to other workers, and to the clock, that this one has the sending, until the transaction ends.

    They look by FOR UPDATE SKIP LOCKED, which passes by what is locked in any way. This is the weakest lock: it lets
    the UPDATE through by which a person cancels.
    """
    if connection.vendor == "postgresql":
        query(f"SELECT 1 FROM {Sending._meta.db_table} WHERE id = %(id)s FOR KEY SHARE", {"id": sending_id})  # noqa: S608


def _fail(sending_id: int, message: str) -> None:
    queueing = Sending.objects.filter(pk=sending_id, state=State.QUEUEING)
    queueing.update(state=State.FAILED, state_changed_at=timezone.now(), failure={"message": message})


def _queue(sending: Sending) -> None:
    """Write the invitations of all devices that are reached; the caller's transaction makes it all or nothing.

    Raises:
        _CancelledError: somebody cancelled it meanwhile.
    """
    now = timezone.now()
    queued = 0
    unreachable: dict[str, int] = {}
    for chunk in _chunks_of(sending):
        if not Sending.objects.filter(pk=sending.pk, state=State.QUEUEING).exists():
            raise _CancelledError
        for device in chunk:
            if device.obstacle:
                unreachable[device.obstacle] = unreachable.get(device.obstacle, 0) + 1
        reached = [device for device in chunk if device.via]
        written = _queue_chunk(sending, reached, now)
        if busy := len(reached) - written:
            unreachable[Obstacle.BEING_SENT.value] = unreachable.get(Obstacle.BEING_SENT.value, 0) + busy
        queued += written
    if queued >= WORTH_A_LOOK:
        # Without it PostgreSQL sorts all that wait for each bundle that is claimed, until it looks by itself.
        analyze(Invitation._meta.db_table)
    if connection.vendor == "postgresql":
        # Now rather than with the commit: between the next UPDATE and the commit, whoever cancels waits.
        connection.check_constraints()
    if not sending.move(
        source=State.QUEUEING,
        target=State.RUNNING if queued else State.DONE,
        counts={"queued": queued, "unreachable": unreachable},
        failure={},
    ):
        raise _CancelledError


def _chunks_of(sending: Sending) -> Iterator[list[Reached]]:
    """Return a sending's devices in chunks; a query for each.

    One query for all of them would be planned for the invitations that there are at its beginning: none, perhaps. It
    would look at each one that was written since for each device.
    """
    again = sending.include_invited
    without = ExpressionWrapper(Q(one_time_password=None), BooleanField())
    mobile = Cast("user__mobile", CharField())  # as it is stored: it is not read as a phone number
    for chunk in _devices_of(sending):
        devices = chunk.order_by("pk").annotate(needs_password=without, number=mobile)
        found = measured(devices, Sending.Channel.EMAIL_OR_SMS, include_invited=again).values_list(
            "pk", "domain", "user__email", "number", "domain__language", "needs_password", *OBSTACLES
        )
        yield [Reached._make((*row[:6], *way_of(sending.channel, row[6:], include_invited=again))) for row in found]


def _devices_of(sending: Sending) -> Iterator[QuerySet[Device]]:
    batch = sending.batch
    if batch is None:
        for numbers in _chunks(sending.devices):
            yield Device.objects.filter(pk__in=numbers)
        return
    last = ImportRow.objects.filter(batch=batch).aggregate(last=Max("line"))["last"] or 0
    for first in range(0, last + 1, CHUNK):
        yield ticked_devices(batch, (first, first + CHUNK - 1))


def _queue_chunk(sending: Sending, chunk: list[Reached], now: datetime) -> int:
    """Write the invitations of some devices; return how many: all but those whose last one is in a worker's hand."""
    numbers = [device.pk for device in chunk]
    lock_invited(numbers)
    # Whoever is invited again: the newest one is what the new one replaces, also where it failed or has expired.
    replaced = newest_of(numbers) if sending.include_invited else {}
    ended, busy = revoke_live(numbers, now, again=sending.include_invited)
    replaced |= ended
    chosen = [device for device in chunk if device.pk not in busy]
    batches = {} if sending.batch_id else batches_of([device.pk for device in chosen])
    without = [device.pk for device in chosen if device.needs_password]
    fill_in(without, [device.pk for device in chosen if not device.needs_password])
    written_now = connection.ops.adapt_datetimefield_value(now)
    starts_at = connection.ops.adapt_datetimefield_value(max(sending.starts_at or now, now))
    as_stored = Invitation._meta.get_field("public_id").get_db_prep_value

    def row(device: Reached) -> tuple[object, ...]:
        public_id = uuid4()
        return (
            as_stored(public_id, connection),
            sending.pk,
            device.pk,
            device.domain,
            sending.batch_id or batches.get(device.pk),
            replaced.get(device.pk),
            device.via,
            device.email if device.via == Invitation.Channel.EMAIL else device.mobile,
            sending.language or device.language,
            hash_of(token_of(public_id)),
            Invitation.State.QUEUED.value,
            written_now,
            "",
            starts_at,
            0,
            "",
            "",
            "",
            0,
            written_now,
        )

    append(Invitation._meta.db_table, COLUMNS, map(row, chosen))
    return len(chosen)


def _chunks(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    remaining = iter(items)
    while chunk := tuple(islice(remaining, CHUNK)):
        yield chunk

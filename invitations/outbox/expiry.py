"""Which invitations are past their time, and what of theirs must go? Asked by the clock, each minute."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from devices.models import Device
from invitations.lock_order import lock_devices
from invitations.models import Invitation

State = Invitation.State
CHUNK = 5_000


def expire() -> int:
    """End the invitations that are past their time.

    The one-time passwords of expired invitations are removed. Those that are in a worker's hand, and those whose
    device somebody else has locked right now, are left for the next minute.

    Returns:
        The number of invitations that expired.
    """
    now = timezone.now()
    count = 0
    last: tuple[datetime, int] | None = None
    while found := _past_their_time(now, last):
        count += _end([pk for _at, pk in found], now)
        last = found[-1]
    return count


def _free(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.live().filter(holder=None, expires_at__lte=now)


def _past_their_time(now: datetime, last: tuple[datetime, int] | None) -> list[tuple[datetime, int]]:
    """Return when the next ones were over, and their primary keys, after the `last` one that was looked at."""
    free = _free(now)
    if last is not None:
        at, pk = last
        free = free.filter(Q(expires_at__gt=at) | Q(expires_at=at, pk__gt=pk))
    ordered = free.order_by("expires_at", "pk").values_list("expires_at", "pk")
    return [(at, pk) for at, pk in ordered[:CHUNK] if at is not None]


def _end(numbers: list[int], now: datetime) -> int:
    """End invitations whose devices are nobody else's right now; return how many."""
    with transaction.atomic():
        devices = lock_devices(Invitation.objects.filter(pk__in=numbers), passes_by=True)
        # Looked at again: one may have been used, or extended.
        ended = _free(now).filter(pk__in=numbers, device__in=devices)
        count = ended.update(state=State.EXPIRED, state_changed_at=now, next_attempt_at=None)
        forget_passwords(devices)
    return count


def forget_passwords(devices: Collection[int]) -> int:
    """Remove the one-time passwords of devices without a live invitation; return how many devices lost one.

    For a transaction of the caller's, which has locked them (lock_order.py) before it ended their invitations: whoever
    invites one of them at this moment (queueing.py) holds it, and has committed the new invitation by then.
    """
    live = Invitation.objects.live().filter(device=OuterRef("pk"))
    theirs = Device.objects.filter(pk__in=devices).exclude(one_time_password=None)
    return theirs.exclude(Exists(live)).update(one_time_password=None)

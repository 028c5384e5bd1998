"""Which invitations does a lane send next? Those that are due, claimed by one short transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Device
from invitations.lock_order import lock_devices
from invitations.models import Invitation, Sending

from .expiry import forget_passwords
from .lanes import HeldLane
from .reminders import ended, has_reminder_left

State = Invitation.State
# Sendings whose messages may go out. A finished one has reminders yet.
GOING = (Sending.State.RUNNING, Sending.State.DONE)


def due(channel: str = "") -> QuerySet[Invitation]:
    """Return the invitations of which something is to be sent now: the message, or a reminder."""
    found = Invitation.objects.filter(next_attempt_at__lte=timezone.now(), holder=None, sending__state__in=GOING)
    return found.filter(channel=channel) if channel else found


def claim(lane: HeldLane) -> list[Invitation]:
    """Claim the next bundle for a lane and return it, in the order in which it is to be sent.

    What is not to be sent any more (the device enrolled, its approval or the invitation is past its time) leaves the
    queue here. A waiting invitation becomes `sending`; one that is reminded of keeps its state.
    """
    now = timezone.now()
    with transaction.atomic():
        locked = due(lane.channel).select_for_update(skip_locked=True, of=("self",))
        related = locked.select_related("device__user", "device__domain", "sending__created_by")
        # A sending may name a million devices, and each of its invitations would bring them all along.
        light = related.defer("sending__devices", "sending__counts")
        bundle = list(light.order_by("next_attempt_at", "pk")[: lane.bundle])
        unwanted = _unwanted(bundle, now)
        kept = [invitation for invitation in bundle if invitation.pk not in unwanted]
        _take_in_hand(kept, lane, now)
    if unwanted:
        # By a transaction of its own, as one-time passwords go with them: their devices are locked first.
        _take_out(list(unwanted), now)
    return kept


def _unwanted(bundle: Sequence[Invitation], now: datetime) -> dict[int, str]:
    """Return which invitations of a bundle nobody needs any more: what becomes of each, by primary key.

    That is a reason to revoke it, or that it has expired; "" where only its reminders end.
    """
    found = dict[int, str]()
    # Whoever complained while a worker had the message in hand: only the timeline tells.
    complained = ended(invitation.pk for invitation in bundle if invitation.state != State.QUEUED)
    for invitation in bundle:
        device = invitation.device
        if device.status != Device.Status.PRE_APPROVED:
            found[invitation.pk] = Invitation.RevokedBecause.DEVICE
        elif device.approval_expires_at and device.approval_expires_at <= now:
            found[invitation.pk] = Invitation.RevokedBecause.APPROVAL
        elif invitation.expires_at and invitation.expires_at <= now:
            found[invitation.pk] = State.EXPIRED
        elif invitation.state != State.QUEUED and (invitation.pk in complained or not has_reminder_left(invitation)):
            found[invitation.pk] = ""
    return found


def _take_out(numbers: list[int], now: datetime) -> None:
    """Take invitations out of the queue that nobody needs any more, and their one-time passwords with them.

    Those whose device somebody else has locked right now stay, and are looked at with the next bundle.
    """
    with transaction.atomic():
        devices = lock_devices(Invitation.objects.filter(pk__in=numbers), passes_by=True)
        waiting = Invitation.objects.filter(pk__in=numbers, device__in=devices, holder=None)
        locked = waiting.exclude(next_attempt_at=None).order_by("pk").select_for_update(of=("self",))
        bundle = list(locked.select_related("device", "sending").defer("sending__devices", "sending__counts"))
        ends: dict[str, list[int]] = {}
        for pk, end in _unwanted(bundle, now).items():  # once more: its device may have been approved anew
            ends.setdefault(end, []).append(pk)
        for end, ended_ones in ends.items():
            Invitation.objects.filter(pk__in=ended_ones).update(next_attempt_at=None, **_change(end, now))
        over = {pk for end, ended_ones in ends.items() if end for pk in ended_ones}
        forget_passwords([invitation.device_id for invitation in bundle if invitation.pk in over])


def _change(end: str, now: datetime) -> dict[str, object]:
    """Return the columns that say what became of an invitation, as _unwanted tells it."""
    if not end:
        return {}
    if end == State.EXPIRED:
        return {"state": State.EXPIRED, "state_changed_at": now}
    return {"state": State.REVOKED, "revoked_because": end, "state_changed_at": now}


def _take_in_hand(bundle: Sequence[Invitation], lane: HeldLane, now: datetime) -> None:
    """Write the lane's holder into a bundle; the time of those that go out for the first time begins.

    One UPDATE, as a rule: each costs an entry in every index of the table for each row.
    """
    by_validity: dict[int, list[Invitation]] = {}
    for invitation in bundle:
        by_validity.setdefault(invitation.sending.validity_days, []).append(invitation)
    is_first = When(state=State.QUEUED, then=Value(State.SENDING.value))
    began = When(state=State.QUEUED, then=Value(now))
    for days, invitations in by_validity.items():
        expires_at = now + timedelta(days=days)
        Invitation.objects.filter(pk__in=[invitation.pk for invitation in invitations]).update(
            holder=lane.holder,
            state_changed_at=Case(began, default=F("state_changed_at")),
            state=Case(is_first, default=F("state")),
            expires_at=Coalesce(F("expires_at"), Value(expires_at)),
        )
        for invitation in invitations:
            invitation.holder = lane.holder
            invitation.expires_at = invitation.expires_at or expires_at
            if invitation.state == State.QUEUED:
                invitation.state = State.SENDING

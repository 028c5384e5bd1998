"""Which invitations does a lane send next? Those that are due, claimed by one short transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Device
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
    with transaction.atomic():
        locked = due(lane.channel).select_for_update(skip_locked=True, of=("self",))
        related = locked.select_related("device__user", "device__domain", "sending__created_by")
        # A sending may name a million devices, and each of its invitations would bring them all along.
        light = related.defer("sending__devices", "sending__counts")
        bundle = list(light.order_by("next_attempt_at", "pk")[: lane.bundle])
        now = timezone.now()
        kept = _still_wanted(bundle, now)
        _take_in_hand(kept, lane, now)
    return kept


def _still_wanted(bundle: Sequence[Invitation], now: datetime) -> list[Invitation]:
    """Take out of the queue what nobody needs any more, and the one-time passwords with it; return the others."""
    kept, by_reason = [], dict[str, list[int]]()
    expired, finished = [], []
    # Whoever complained while a worker had the message in hand: only the timeline tells.
    unwanted = ended(invitation.pk for invitation in bundle if invitation.state != State.QUEUED)
    for invitation in bundle:
        device = invitation.device
        if device.status != Device.Status.PRE_APPROVED:
            by_reason.setdefault(Invitation.RevokedBecause.DEVICE, []).append(invitation.pk)
        elif device.approval_expires_at and device.approval_expires_at <= now:
            by_reason.setdefault(Invitation.RevokedBecause.APPROVAL, []).append(invitation.pk)
        elif invitation.expires_at and invitation.expires_at <= now:
            expired.append(invitation.pk)
        elif invitation.state != State.QUEUED and (invitation.pk in unwanted or not has_reminder_left(invitation)):
            finished.append(invitation.pk)
        else:
            kept.append(invitation)
    gone = {"next_attempt_at": None, "state_changed_at": now}
    for reason, numbers in by_reason.items():
        mine = Invitation.objects.filter(pk__in=numbers)
        mine.update(state=State.REVOKED, revoked_because=reason, **gone)
    if expired:
        Invitation.objects.filter(pk__in=expired).update(state=State.EXPIRED, **gone)
    if over := {*expired, *chain.from_iterable(by_reason.values())}:
        forget_passwords(Device.objects.filter(pk__in=[row.device_id for row in bundle if row.pk in over]))
    if finished:
        Invitation.objects.filter(pk__in=finished).update(next_attempt_at=None)
    return kept


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

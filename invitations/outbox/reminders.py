"""When is somebody reminded of an invitation, and when not any more? Asked by claim, record and delivery_status."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from invitations.models import Invitation, InvitationEvent, Sending

Kind = InvitationEvent.Kind
# The recipient wants no more, or a message was refused for good.
ENDING = (Kind.COMPLAINED, Kind.FAILED)


def next_reminder(invitation: Invitation, *, sent: int, now: datetime) -> datetime | None:
    """Return when the next reminder is due, None: there will be none.

    Args:
        invitation: with its sending.
        sent: how many reminders went out so far.
        now: from when the days are counted.
    """
    sending = invitation.sending
    if not sending.remind_after_days or sent >= sending.remind_at_most:
        return None
    at = now + timedelta(days=sending.remind_after_days)
    return at if invitation.expires_at is None or at < invitation.expires_at else None


def has_reminder_left(invitation: Invitation) -> bool:
    """Tell whether an invitation that was sent may be reminded of once more."""
    is_open = invitation.state in Invitation.ON_ITS_WAY
    sending = invitation.sending
    return is_open and bool(sending.remind_after_days and invitation.reminders < sending.remind_at_most)


def ended(numbers: Iterable[int]) -> set[int]:
    """Return which of these invitations are not reminded of any more: of one in hand, only its timeline tells."""
    events = InvitationEvent.objects.filter(invitation__in=list(numbers), kind__in=ENDING)
    return set(events.values_list("invitation_id", flat=True))


def plan_again(invitations: QuerySet[Invitation], now: datetime) -> int:
    """Plan a reminder of these invitations where their sending wants one, none is planned, and their end leaves room.

    Args:
        invitations: those whose end was put off.
        now: from when the days are counted.

    Returns:
        The number of reminders that were planned.
    """
    over = InvitationEvent.objects.filter(invitation=OuterRef("pk"), kind__in=ENDING)
    wanted = invitations.filter(
        state__in=Invitation.ON_ITS_WAY,
        holder=None,
        next_attempt_at=None,
        reminders__lt=F("sending__remind_at_most"),
        sending__state__in=(Sending.State.RUNNING, Sending.State.PAUSED, Sending.State.DONE),
    ).exclude(Exists(over))
    by_days: dict[int, list[int]] = {}
    for pk, days in wanted.exclude(sending__remind_after_days=0).values_list("pk", "sending__remind_after_days"):
        by_days.setdefault(days, []).append(pk)
    count = 0
    for days, numbers in by_days.items():
        at = now + timedelta(days=days)
        unplanned = Invitation.objects.filter(pk__in=numbers, expires_at__gt=at, next_attempt_at=None, holder=None)
        count += unplanned.update(next_attempt_at=at)
    return count

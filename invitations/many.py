"""What may a person do with many invitations at once? As actions.py with one, but in sets; for the list's actions.

What can't be done with one of them is counted, and doesn't keep the others from it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.imports.sql import append
from devices.models import Device

from .actions import LONGEST_DAYS, Options, as_before, invite_each_domain
from .lock_order import lock_devices
from .models import Invitation, InvitationEvent, Sending
from .outbox.expiry import forget_passwords
from .outbox.reminders import plan_again
from .told import EXTENDED, REVOKED, tell_of_invitations

State = Invitation.State
Kind = InvitationEvent.Kind
CHUNK = 2_000


class Skipped(TextChoices):
    """Why nothing was done about an invitation."""

    USED = "used", _("used already")
    BEING_SENT = "being_sent", _("being sent right now")
    NOT_SENT = "not_sent", _("not sent yet")
    OVER = "over", _("over already")
    NOT_WAITING = "not_waiting", _("the device is not waiting for its enrollment")
    VALID_LONGER = "valid_longer", _("valid for longer already")
    SAME_DEVICE = "same_device", _("another invitation of the same device is sent again")


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        done: number of invitations with which it was done.
        skipped: number of the others, by the reason.
        sendings: what was begun, where invitations are sent again.
    """

    done: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)
    sendings: list[Sending] = field(default_factory=list)


class _Row(NamedTuple):
    pk: int
    device: int
    state: str
    attempts: int
    holder: UUID | None
    expires_at: datetime | None


def resend(invitations: QuerySet[Invitation], person: User | None, *, form: str = "") -> Outcome:
    """Invite the users of these invitations' devices once more, each by the channel of the newest one among these.

    Only begins it, with one sending for each channel and each way in which they were sent (and each domain: see
    invite_each_domain). A worker does the rest.

    Args:
        invitations: which.
        person: who does it.
        form: names the page that asks; a second click on its button begins nothing.
    """
    outcome = Outcome()
    by_way: dict[Options, list[int]] = {}
    seen = set[int]()
    sendings = Sending.objects.defer("devices", "counts").in_bulk(
        set(invitations.order_by().values_list("sending", flat=True).distinct())
    )
    rows = invitations.order_by("-pk").values_list("device_id", "state", "device__status", "channel", "sending")
    for device, state, status, channel, sending in rows.iterator(chunk_size=CHUNK):
        if device in seen:
            outcome.skipped[Skipped.SAME_DEVICE] += 1
        elif state not in Invitation.RESENDABLE:
            outcome.skipped[Skipped.USED if state == State.REDEEMED else Skipped.BEING_SENT] += 1
        elif status != Device.Status.PRE_APPROVED:
            outcome.skipped[Skipped.NOT_WAITING] += 1
        else:
            seen.add(device)
            by_way.setdefault(as_before(sendings[sending], channel), []).append(device)
    for options, devices in by_way.items():
        key = uuid5(NAMESPACE_OID, f"{form} {options} {devices}") if form else None
        outcome.sendings += invite_each_domain(devices, options, person, request_key=key)
    outcome.done = len(seen)
    return outcome


def revoke(invitations: QuerySet[Invitation], person: User | None) -> Outcome:
    """End these invitations: their links are dead, and so are the one-time passwords that went out."""

    def why_not(row: _Row) -> Skipped | None:
        if row.state == State.REDEEMED:
            return Skipped.USED
        if row.state == State.SENDING or row.holder is not None:
            return Skipped.BEING_SENT
        return None if row.state in Invitation.REVOCABLE else Skipped.OVER

    def end(rows: Sequence[_Row], now: datetime) -> None:
        numbers = [row.pk for row in rows]
        Invitation.objects.filter(pk__in=numbers).update(
            state=State.REVOKED,
            revoked_because=Invitation.RevokedBecause.PERSON,
            state_changed_at=now,
            next_attempt_at=None,
        )
        _note(numbers, Kind.REVOKED, "", person)
        tell_of_invitations(numbers, REVOKED, person)
        forget_passwords([row.device for row in rows if row.state != State.QUEUED or row.attempts])

    return _in_chunks(invitations, why_not, end)


def extend(invitations: QuerySet[Invitation], days: int, person: User | None) -> Outcome:
    """Let these invitations be valid for so many days from now, and remind of them again where there is room.

    Args:
        invitations: which.
        days: 1 to 365.
        person: who does it.

    Raises:
        ValueError: an impossible number of days.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"{days} is not from 1 to {LONGEST_DAYS}")
    until = timezone.now() + timedelta(days=days)

    def why_not(row: _Row) -> Skipped | None:
        if row.state == State.REDEEMED:
            return Skipped.USED
        if row.state == State.QUEUED or (row.state in Invitation.USABLE and row.expires_at is None):
            return Skipped.NOT_SENT
        if row.state not in Invitation.USABLE or row.expires_at is None or row.expires_at <= timezone.now():
            return Skipped.OVER
        return None if row.expires_at < until else Skipped.VALID_LONGER

    def prolong(rows: Sequence[_Row], now: datetime) -> None:
        numbers = [row.pk for row in rows]
        theirs = Invitation.objects.filter(pk__in=numbers)
        theirs.update(expires_at=until)
        plan_again(theirs, now)
        _note(numbers, Kind.EXTENDED, until.isoformat(timespec="minutes"), person)
        tell_of_invitations(numbers, EXTENDED, person)

    return _in_chunks(invitations, why_not, prolong)


def _in_chunks(
    invitations: QuerySet[Invitation],
    why_not: Callable[[_Row], Skipped | None],
    do: Callable[[Sequence[_Row], datetime], None],
) -> Outcome:
    """Do something with those that nothing speaks against, a chunk in each transaction."""
    outcome = Outcome()
    numbers = list(invitations.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(numbers), CHUNK):
        with transaction.atomic():
            lock_devices(Invitation.objects.filter(pk__in=numbers[start : start + CHUNK]))
            # Locked, so that no worker claims one between the look and the change; on SQLite nobody else writes.
            locked = Invitation.objects.select_for_update().filter(pk__in=numbers[start : start + CHUNK]).order_by("pk")
            rows = [
                _Row(*row) for row in locked.values_list("pk", "device_id", "state", "attempts", "holder", "expires_at")
            ]
            answers = [(row, why_not(row)) for row in rows]
            free = [row for row, reason in answers if reason is None]
            do(free, timezone.now())
        outcome.done += len(free)
        outcome.skipped.update(reason for _row, reason in answers if reason is not None)
    return outcome


def _note(numbers: Sequence[int], kind: str, text: str, person: User | None) -> None:
    columns = ("invitation_id", "at", "kind", "text", "person_id")
    at = connection.ops.adapt_datetimefield_value(timezone.now())
    author = person.pk if person else None
    append(InvitationEvent._meta.db_table, columns, ((number, at, kind, text, author) for number in numbers))

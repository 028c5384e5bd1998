"""What became of a message after the provider took it? Written down here, when the provider reports (webhooks/).

| the provider says | moves                         | to        | and                                                |
|-------------------|-------------------------------|-----------|----------------------------------------------------|
| delivered         | sent                          | delivered | fills `delivered_at` in any state                  |
| bounced           | sent, delivered               | bounced   | fills `bounced_at` in any state; no more reminders |
| opened            | sent, delivered, bounced      | opened    | an event; `opened_at` is for the link's page       |
| failed            | sent, unless it is a reminder | failed    | an event; no more reminders                        |
| complained        |                               |           | an event; no more reminders                        |
| deferred          |                               |           | an event                                           |

Reports come in any order, more than once, and late: none moves a state backwards, none moves a used, expired, revoked
or failed invitation, and what has its time already keeps it.

A report may be faster than our own record that the message was sent. An invitation in a worker's hand (`sending`) keeps
its state; the time that is filled in decides what it becomes when the worker writes down that it was sent
(outbox/record.py). And where nobody knew whether it was sent, so that it waits again (`queued`), the report is the
proof that it was (`settle`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .channels.said import said
from .link_token import token_of
from .models import Invitation, InvitationEvent
from .outbox.record import SENT_OR_FURTHER
from .outbox.reminders import next_reminder

State = Invitation.State
Kind = InvitationEvent.Kind


class StatusEvent(models.TextChoices):
    DELIVERED = "delivered", gettext_lazy("Delivered")
    BOUNCED = "bounced", gettext_lazy("Bounced")
    OPENED = "opened", gettext_lazy("Opened")
    COMPLAINED = "complained", gettext_lazy("Marked as unwanted")
    DEFERRED = "deferred", gettext_lazy("Delayed")
    FAILED = "failed", gettext_lazy("Not sent")


@dataclass(frozen=True)
class Move:
    """What an event does to the state.

    Attributes:
        sources: the states that it moves.
        target: where to.
        stamp: the column that it fills in any state; "": none.
        stamp_in_hand: the column that it fills while a worker has the message in hand, for SENT_OR_FURTHER.
    """

    sources: frozenset[State]
    target: State
    stamp: str
    stamp_in_hand: str


MOVES = {
    StatusEvent.DELIVERED: Move(frozenset({State.SENT}), State.DELIVERED, "delivered_at", "delivered_at"),
    StatusEvent.BOUNCED: Move(frozenset({State.SENT, State.DELIVERED}), State.BOUNCED, "bounced_at", "bounced_at"),
    StatusEvent.OPENED: Move(frozenset({State.SENT, State.DELIVERED, State.BOUNCED}), State.OPENED, "", "delivered_at"),
    StatusEvent.FAILED: Move(frozenset({State.SENT}), State.FAILED, "", "bounced_at"),
}
ENDS_REMINDERS = frozenset({StatusEvent.BOUNCED, StatusEvent.FAILED, StatusEvent.COMPLAINED})


@dataclass(frozen=True)
class Reported:
    """The message that a report is about: the invitation itself, or a reminder of it.

    Attributes:
        number: 0 for the invitation, else that of the reminder; None: the provider's number alone is known.
    """

    invitation: Invitation
    number: int | None

    @property
    def is_superseded(self) -> bool:
        """Tell whether a reminder went out since: what becomes of that one counts."""
        return self.number is not None and self.number < self.invitation.reminders

    @property
    def is_reminder(self) -> bool:
        return bool(self.invitation.reminders if self.number is None else self.number)


def find(provider_id: str, key: str = "") -> Reported | None:
    """Return the message that a provider means; None: there is no such message.

    Args:
        provider_id: the provider's number of it.
        key: our own, if the provider was given it: `Sms.key` or `Mail.message_id`.
    """
    invitations = Invitation.objects.select_related("device")
    provider_id = clean(provider_id, 255)
    if provider_id and (known := invitations.filter(provider_id=provider_id).first()):
        return Reported(known, None)
    public_id, number = _parse(key)
    if public_id and (known := invitations.filter(public_id=public_id).first()):
        return Reported(known, number)
    return None


def record(provider_id: str, event: StatusEvent, *, at: datetime, text: str = "", key: str = "") -> bool:
    """Write down what a provider reports about a message, by the table above.

    Args:
        provider_id: the provider's number of the message.
        at: when it happened, as the provider says.
        text: the provider's reason, for the administrator.
        key: as for `find`.

    Returns:
        False when there is no such message, or the report changed nothing.
    """
    reported = find(provider_id, key)
    if reported is None:
        return False
    # A mail server that refuses a message may quote from it.
    secrets = (token_of(reported.invitation.public_id), reported.invitation.device.one_time_password)
    at, text = min(at, timezone.now()), said(text, secrets)
    if reported.is_superseded:
        return _record_superseded(reported.invitation, event, at, text)
    has_changed = _move(reported, event, at, text)
    if event in ENDS_REMINDERS:
        # Of one in a worker's hand it is the order in which the worker sends (outbox/tend.py); the next time that it is
        # claimed, the timeline tells (outbox/reminders.py).
        idle = Invitation.objects.filter(pk=reported.invitation.pk, holder=None).exclude(state=State.QUEUED)
        idle.exclude(next_attempt_at=None).update(next_attempt_at=None)
    return _note(reported.invitation, event, at, text, has_moved=has_changed) or has_changed


def settle(numbers: Iterable[int]) -> int:
    """Take as sent what waits to be sent again although its provider, or its page, shows that it arrived.

    Args:
        numbers: primary keys of invitations.

    Returns:
        How many there were.
    """
    shown = Q(delivered_at__isnull=False) | Q(bounced_at__isnull=False) | Q(opened_at__isnull=False)
    waiting = Invitation.objects.filter(shown, state=State.QUEUED, holder=None, pk__in=list(numbers))
    now = timezone.now()
    count = 0
    for invitation in waiting.select_related("sending"):
        count += waiting.filter(pk=invitation.pk).update(
            state=SENT_OR_FURTHER,
            state_changed_at=now,
            sent_at=Coalesce(F("sent_at"), now),
            next_attempt_at=next_reminder(invitation, sent=0, now=now),
        )
    return count


def clean(text: str, length: int) -> str:
    """Return a text from outside as the database can hold it: no NUL, no half characters, so many at most."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:length]


def _parse(key: str) -> tuple[UUID | None, int]:
    """Return the invitation and the number of the reminder that a key names (link_token.py: message_id_of)."""
    match = re.fullmatch(r"<?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?:\.([0-9]{1,4}))?(?:@[^>]*>?)?", key)
    return (UUID(match[1]), int(match[2] or 0)) if match else (None, 0)


def _move(reported: Reported, event: StatusEvent, at: datetime, text: str) -> bool:
    """Fill in the time first, then change the state: in between, a worker may write down that it was sent."""
    move = MOVES.get(event)
    if move is None:
        return False
    invitation = reported.invitation
    mine = Invitation.objects.filter(pk=invitation.pk)
    waits = [State.QUEUED, State.SENDING] if event != StatusEvent.FAILED else [State.SENDING]
    if move.stamp:
        filled = mine.filter(**{move.stamp: None}).update(**{move.stamp: at})
    else:
        filled = mine.filter(state__in=waits, **{move.stamp_in_hand: None}).update(**{move.stamp_in_hand: at})
    if event == StatusEvent.FAILED and reported.is_reminder:
        return False  # the invitation itself arrived, as far as anybody knows
    changes: dict[str, object] = {"state": move.target, "state_changed_at": timezone.now()}
    if move.target in (State.BOUNCED, State.FAILED):
        changes |= {"last_error": text, "error_code": event.value}
    moved = mine.filter(state__in=move.sources).update(**changes)
    return bool(moved or settle([invitation.pk]) or filled)


def _record_superseded(invitation: Invitation, event: StatusEvent, at: datetime, text: str) -> bool:
    """Write down what became of an earlier message: a reminder went out since, and its fate is the state's."""
    if event == StatusEvent.DELIVERED:
        missing = Invitation.objects.filter(pk=invitation.pk, delivered_at=None)
        return bool(missing.update(delivered_at=at))
    if event == StatusEvent.OPENED:
        return _move(Reported(invitation, None), event, at, text)
    return _note(invitation, event, at, text, has_moved=False)


def _note(invitation: Invitation, event: StatusEvent, at: datetime, text: str, *, has_moved: bool) -> bool:
    """Put into the timeline what no column tells; what was said before is not said again."""
    if event == StatusEvent.DELIVERED or (event == StatusEvent.OPENED and not has_moved):
        return False
    kind = {StatusEvent.COMPLAINED: Kind.COMPLAINED, StatusEvent.FAILED: Kind.FAILED}.get(event, Kind.PROVIDER)
    if kind == Kind.PROVIDER:
        sentence = {
            StatusEvent.BOUNCED: _("Not delivered. %(reason)s"),
            StatusEvent.OPENED: _("The message was opened. %(reason)s"),
            StatusEvent.DEFERRED: _("Not delivered yet; the provider goes on trying. %(reason)s"),
        }[event]
        text = (sentence % {"reason": text}).strip()
    last = invitation.events.filter(kind=kind).order_by("-pk").first()
    if last is not None and last.text == text:
        return False
    InvitationEvent.objects.create(invitation=invitation, kind=kind, text=text, at=at)
    return True

"""How far is a sending, why does it not move, and what went wrong with its messages? Asked by pages that show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, Min, TextField, When
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Invitation, Sending
from .outbox.lanes import troubles

State = Sending.State
Invited = Invitation.State

# Somebody looks for work every second or so: what waits longer waits for a worker.
PATIENCE = timedelta(seconds=5)
# A message that is due so long and that nobody takes: the clock looks for such every few seconds.
OVERDUE = timedelta(seconds=20)
# So many reasons of failures are shown.
REASONS_SHOWN = 5
# Where a page that shows a sending asks again.
MOVING = frozenset({State.QUEUEING, State.RUNNING, State.CANCELLING})
# In the order in which an invitation goes through them.
SHOWN_STATES = (
    Invited.QUEUED,
    Invited.SENDING,
    Invited.SENT,
    Invited.DELIVERED,
    Invited.OPENED,
    Invited.REDEEMED,
    Invited.BOUNCED,
    Invited.FAILED,
    Invited.EXPIRED,
    Invited.REVOKED,
)


@dataclass(frozen=True)
class StateCount:
    """`number` invitations are in a state; `url`: the list of them, "" where there is none."""

    state: str
    label: str
    number: int
    url: str


@dataclass(frozen=True)
class Reason:
    """`number` messages met the same: the provider's `code` ("": it gave none), one of the texts as an example."""

    number: int
    code: str
    example: str


@dataclass(frozen=True)
class SendingProgress:
    """A sending as it is now.

    Attributes:
        state, label: of the sending.
        is_moving: a page that shows it should ask again.
        total: its invitations; 0 while they are prepared.
        done: those that neither wait nor are being sent.
        share: done of total, 0 to 1; None: not known yet.
        counts: the invitations by state.
        notes: why it does not move, in sentences.
    """

    state: str
    label: str
    is_moving: bool
    total: int
    done: int
    share: float | None
    counts: list[StateCount]
    notes: list[str]


def progress_of(sending: Sending) -> SendingProgress:
    """Return how far a sending is, and why it does not move."""
    by_state = sending.invitations.by_state()
    return counted_progress(sending, by_state, _notes(sending, by_state))


def counted_progress(sending: Sending, by_state: dict[str, int], notes: Iterable[str] = ()) -> SendingProgress:
    """Return how far a sending is whose invitations the caller has counted; without any query.

    Args:
        sending: as it is in the database.
        by_state: the number of its invitations in each state.
        notes: why it does not move.
    """
    total = sum(by_state.values())
    waiting = by_state.get(Invited.QUEUED, 0)
    done = total - waiting - by_state.get(Invited.SENDING, 0)
    is_counted = total and sending.state != State.QUEUEING
    return SendingProgress(
        state=sending.state,
        label=str(sending.get_state_display()),
        is_moving=sending.state in MOVING,
        total=total,
        done=done,
        share=done / total if is_counted else None,
        counts=counts_of(by_state, f"sending__id__exact={sending.pk}"),
        notes=list(notes),
    )


def counts_of(by_state: dict[str, int], query: str) -> list[StateCount]:
    """Return invitations by state, every state, in the order in which an invitation goes through them.

    Args:
        by_state: how many there are.
        query: of the list of invitations, that shows the ones that were counted.
    """
    try:
        url = reverse("admin:invitations_invitation_changelist")
    except NoReverseMatch:
        url = ""
    return [
        StateCount(
            state=state.value,
            label=str(state.label),
            number=by_state.get(state, 0),
            url=f"{url}?{query}&state__exact={state.value}" if url else "",
        )
        for state in SHOWN_STATES
    ]


def reasons(sending: Sending, *states: str) -> list[Reason]:
    """Return why messages in these states did not go out, or came back: the most frequent reasons first."""
    failed = sending.invitations.filter(state__in=states).exclude(last_error="").order_by()
    same = Case(When(error_code="", then=F("last_error")), default=Cast("error_code", TextField()))
    grouped = failed.annotate(same=same).values("same", "error_code")
    found = grouped.annotate(number=Count("pk"), example=Min("last_error")).order_by("-number", "same")[:REASONS_SHOWN]
    return [Reason(row["number"], row["error_code"], row["example"]) for row in found]


def _notes(sending: Sending, by_state: dict[str, int]) -> list[str]:
    """Return why a sending does not move just now; empty: it does, or it is over."""
    waiting = by_state.get(Invited.QUEUED, 0)
    if sending.state in Sending.IN_WORK:
        is_waiting = sending.heartbeat_at is None and timezone.now() - sending.state_changed_at > PATIENCE
        return [_no_worker()] if is_waiting else []
    if sending.state == State.PAUSED:
        text = ngettext(
            "Paused: %(count)s message waits until you resume.",
            "Paused: %(count)s messages wait until you resume.",
            waiting,
        )
        return [text % {"count": waiting}]
    if sending.state == State.RUNNING and waiting:
        return _why_waiting(sending, waiting, is_sending=bool(by_state.get(Invited.SENDING)))
    return []


def _why_waiting(sending: Sending, waiting: int, *, is_sending: bool) -> list[str]:
    """Return why messages of a running sending wait."""
    now = timezone.now()
    if sending.starts_at and sending.starts_at > now:
        return [_("Until %(time)s nothing goes out.") % {"time": _time(sending.starts_at)}]
    found = [
        _("%(channel)s can't be sent now: %(reason)s At %(time)s it is tried again.")
        % {"channel": Invitation.Channel(trouble.channel).label, "reason": trouble.text, "time": _time(trouble.until)}
        for trouble in troubles("" if sending.channel == Sending.Channel.EMAIL_OR_SMS else sending.channel)
    ]
    following = _next_attempt(sending)
    if not found and following and following > now:
        text = ngettext(
            "%(count)s message could not be sent yet. At %(time)s it is tried again.",
            "%(count)s messages could not be sent yet. At %(time)s the first of them is tried again.",
            waiting,
        )
        found.append(text % {"count": waiting, "time": _time(following)})
    if not found and not is_sending and following and following < now - OVERDUE:
        found.append(_no_worker())
    return found


def _next_attempt(sending: Sending) -> datetime | None:
    """Return when the next message of a sending is due; None: none waits."""
    # One look into the index of what is due for each channel: pages ask every second, and a sending may have a million.
    queued = sending.invitations.filter(state=Invited.QUEUED, next_attempt_at__isnull=False)
    channels = Invitation.Channel if sending.channel == Sending.Channel.EMAIL_OR_SMS else (sending.channel,)
    times = (
        queued.filter(channel=channel).order_by("next_attempt_at", "pk").values_list("next_attempt_at", flat=True)
        for channel in channels
    )
    return min((found for at in times if (found := at.first()) is not None), default=None)


def _no_worker() -> str:
    return _(
        "Waiting for a worker. Nothing is lost: it goes on by itself as soon as one is free. If this lasts, the "
        "workers or the broker are down; ask whoever runs the server."
    )


def _time(moment: datetime) -> str:
    """Return a time as the pages show it, in the portal's zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")

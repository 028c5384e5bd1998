"""What happened to one invitation, in the order in which it did? Shown on its page.

Merged from its own columns (what happens once) and from its events (what may happen again, and who did it).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from .models import Invitation, InvitationEvent

State = Invitation.State
Kind = InvitationEvent.Kind

# Icon and tone of what an event tells.
LOOKS: dict[str, tuple[str, str]] = {
    Kind.RETRY: ("schedule", "warning"),
    Kind.FAILED: ("error", "error"),
    Kind.UNCERTAIN: ("sync_problem", "warning"),
    Kind.NO_ANSWER: ("sync_problem", "warning"),
    Kind.REMINDED: ("notifications", "info"),
    Kind.REVOKED: ("block", "warning"),
    Kind.EXTENDED: ("more_time", "info"),
    Kind.PROVIDER: ("dns", ""),
    Kind.COMPLAINED: ("thumb_down", "error"),
}
EXPIRED_LOOK = ("timer_off", "warning")
# How an invitation ended, for the states of which an event may tell; without the event, the state does.
ENDS: dict[str, str] = {State.FAILED: Kind.FAILED, State.REVOKED: Kind.REVOKED}


@dataclass(frozen=True)
class Entry:
    """One line of the timeline.

    Attributes:
        at: when.
        title: what happened.
        icon: name of a symbol.
        tone: `info`, `success`, `warning`, `error` or "".
        text: details, such as an error.
        person: who did it; "": nobody, or nobody knows.
        other: the invitation that this line is about, besides.
        url: of the page that tells more; "": there is none.
    """

    at: datetime
    title: str
    icon: str
    tone: str = ""
    text: str = ""
    person: str = ""
    other: Invitation | None = None
    url: str = ""


def timeline(invitation: Invitation, newer: Invitation | None) -> list[Entry]:
    """Return what happened to an invitation, the oldest first; one query besides what was selected with it.

    Args:
        invitation: with its sending's author and what it replaces.
        newer: what took its place (replacement_of).
    """
    events = list(invitation.events.select_related("person"))
    told = {event.kind for event in events}
    later = [*_columns(invitation), *map(_event, events)]
    # What only ended because a newer one took its place is told by that one.
    if newer is None or invitation.revoked_because != Invitation.RevokedBecause.REPLACED:
        later += _end(invitation, told)
    if newer is not None:
        later.append(_replaced_by(newer))
    return [_beginning(invitation), *sorted(later, key=lambda entry: entry.at)]


def replacement_of(invitation: Invitation) -> Invitation | None:
    """Return the newer invitation that took this one's place, if any did."""
    return Invitation.objects.filter(replaces=invitation).first()


def _beginning(invitation: Invitation) -> Entry:
    asker = invitation.sending.created_by
    name = asker.get_username() if asker else ""
    return Entry(invitation.created_at, _("Put into the queue"), "add_circle", person=name)


def _columns(invitation: Invitation) -> Iterator[Entry]:
    if invitation.replaces:
        yield Entry(invitation.created_at, _("Replaces an older invitation"), "history", other=invitation.replaces)
    if invitation.sent_at:
        number = invitation.provider_id
        text = _("The provider knows it as %(number)s.") % {"number": number} if number else ""
        yield Entry(invitation.sent_at, _("Sent"), "send", "info", text)
    if invitation.delivered_at:
        yield Entry(invitation.delivered_at, _("Delivered"), "mark_email_read", "success")
    if invitation.bounced_at:
        yield Entry(invitation.bounced_at, _("Bounced"), "unsubscribe", "error")
    if invitation.opened_at:
        yield Entry(invitation.opened_at, _("The page behind the link was opened"), "ads_click", "success")
    if invitation.redeemed_at:
        yield Entry(invitation.redeemed_at, _("Used: the device enrolled"), "task_alt", "success")


def _replaced_by(newer: Invitation) -> Entry:
    return Entry(newer.created_at, _("Replaced by a newer invitation"), "update", "warning", other=newer)


def _event(event: InvitationEvent) -> Entry:
    icon, tone = LOOKS[event.kind]
    person = event.person.get_username() if event.person else ""
    text = event.text
    if event.kind == Kind.EXTENDED and (until := parse_datetime(text)):
        text = _("Valid until %(time)s") % {"time": date_format(localtime(until), "DATETIME_FORMAT")}
    return Entry(event.at, event.get_kind_display(), icon, tone, text, person)


def _end(invitation: Invitation, told: set[str]) -> Iterator[Entry]:
    """Yield how it ended, where no event tells."""
    title, at = invitation.get_state_display(), invitation.state_changed_at
    if invitation.state == State.EXPIRED:
        yield Entry(at, title, *EXPIRED_LOOK)
    elif invitation.state in ENDS and ENDS[invitation.state] not in told:
        texts = {State.FAILED: invitation.last_error, State.REVOKED: str(invitation.get_revoked_because_display())}
        yield Entry(at, title, *LOOKS[ENDS[invitation.state]], texts[State(invitation.state)])

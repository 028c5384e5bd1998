"""What became of the invitations of one device? Part of the timeline on its page; one invitation has timeline.py."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from devices.scope import visible

from .models import Invitation, InvitationEvent
from .timeline import LOOKS, Entry

Kind = InvitationEvent.Kind
# What an administrator looks for in the history of a device; the rest is on the page of the invitation.
TOLD = frozenset({Kind.FAILED, Kind.NO_ANSWER, Kind.REMINDED, Kind.REVOKED, Kind.EXTENDED, Kind.COMPLAINED})


def device_history(device_id: int, person: Any, most: int) -> list[Entry]:
    """Return what became of the newest invitations of a device, in no order; two queries.

    Args:
        device_id: the device.
        person: who looks.
        most: so many invitations are told of.
    """
    theirs = Invitation.objects.filter(device=device_id).select_related("sending__created_by").defer("sending__devices")
    found = list(visible(theirs, person)[:most])
    entries = [entry for invitation in found for entry in _of(invitation)]
    events = InvitationEvent.objects.filter(invitation__in=found, kind__in=TOLD).select_related("person")
    entries += [_event(event) for event in events.order_by("-at", "-pk")[: most * 4]]
    return entries


def _of(invitation: Invitation) -> Iterator[Entry]:
    url, asker = _url(invitation.pk), invitation.sending.created_by
    asked = {
        Invitation.Channel.EMAIL: _("Invited by e-mail"),
        Invitation.Channel.SMS: _("Invited by SMS"),
    }[Invitation.Channel(invitation.channel)]
    name = asker.get_username() if asker else ""
    yield Entry(invitation.created_at, asked, "forward_to_inbox", text=invitation.recipient, person=name, url=url)
    steps: list[tuple[datetime | None, str, str, str]] = [
        (invitation.sent_at, _("The invitation was sent"), "send", "info"),
        (invitation.delivered_at, _("The invitation was delivered"), "mark_email_read", "success"),
        (invitation.bounced_at, _("The invitation bounced"), "unsubscribe", "error"),
        (invitation.opened_at, _("The page of the invitation was opened"), "ads_click", "success"),
    ]
    for at, title, icon, tone in steps:
        if at:
            yield Entry(at, title, icon, tone, url=url)
    if invitation.state == Invitation.State.EXPIRED:
        yield Entry(invitation.state_changed_at, _("The invitation expired"), "timer_off", "warning", url=url)


def _event(event: InvitationEvent) -> Entry:
    titles = {
        Kind.FAILED: _("The invitation could not be sent"),
        Kind.NO_ANSWER: _("The invitation was not confirmed: it may have arrived"),
        Kind.REMINDED: _("A reminder was sent"),
        Kind.REVOKED: _("The invitation was revoked"),
        Kind.EXTENDED: _("The invitation was extended"),
        Kind.COMPLAINED: _("The invitation was marked as unwanted by the recipient"),
    }
    icon, tone = LOOKS[event.kind]
    person = event.person.get_username() if event.person else ""
    text = "" if event.kind == Kind.EXTENDED else event.text
    return Entry(event.at, titles[Kind(event.kind)], icon, tone, text, person, url=_url(event.invitation_id))


def _url(number: int) -> str:
    return reverse("admin:invitations_invitation_change", args=[number])

"""What happens when the link of an invitation is followed? Called by the page behind it."""

from django.db.models import Q
from django.utils import timezone

from .delivery_status import settle
from .link_token import hash_of
from .models import Invitation

State = Invitation.State


def find(token: str) -> Invitation | None:
    """Return the invitation that a link's token belongs to, whatever its state; None: nobody was ever sent it."""
    related = Invitation.objects.select_related("device__user", "device__domain", "sending")
    # A sending may name a million devices.
    return related.defer("sending__devices", "sending__counts").filter(token_hash=hash_of(token)).first()


def record_opening(invitation: Invitation) -> bool:
    """Write down that the page was opened, the first time only.

    It doesn't use the link up: mail scanners open it, too.

    Returns:
        True when this was the first time.
    """
    mine = Invitation.objects.filter(pk=invitation.pk, opened_at=None)
    now = timezone.now()
    sent = mine.usable().exclude(state=State.SENDING)
    if sent.update(state=State.OPENED, state_changed_at=now, opened_at=now):
        return True
    # A message whose worker has not yet written down that it was sent keeps its state until it has. One that waits to
    # be sent again, as nobody knew whether it arrived, has arrived.
    in_doubt = mine.filter(Q(state=State.SENDING) | Q(state=State.QUEUED, attempts__gt=0))
    was_first = bool(in_doubt.update(opened_at=now))
    if was_first:
        settle([invitation.pk])
    return was_first

"""What happens when the link of an invitation is followed? Called by the page behind it."""

from django.utils import timezone

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
    usable = Invitation.objects.usable().filter(pk=invitation.pk, opened_at=None)
    now = timezone.now()
    # A message whose worker has not yet written down that it was sent keeps its state until it has.
    opened = usable.exclude(state=State.SENDING).update(state=State.OPENED, state_changed_at=now, opened_at=now)
    return bool(opened or usable.filter(state=State.SENDING).update(opened_at=now))

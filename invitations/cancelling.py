"""What becomes of the invitations of a sending that is cancelled? Asked by queueing.py, for the worker."""

from django.db import transaction
from django.utils import timezone

from .models import Invitation, Sending


def take_back(sending_id: int) -> None:
    """Revoke what still waits, and send no reminders; what a worker has in hand right now goes out.

    The sending is cancelled once nothing of it is in anybody's hand; until then the clock has this called again.
    """
    with transaction.atomic():
        free = Sending.objects.select_for_update(skip_locked=True, of=("self",))
        sending = free.filter(pk=sending_id, state=Sending.State.CANCELLING).first()
        if sending is None:
            return
        mine = Invitation.objects.filter(sending=sending)
        waiting = mine.filter(holder=None)
        waiting.filter(state=Invitation.State.QUEUED).update(
            state=Invitation.State.REVOKED,
            revoked_because=Invitation.RevokedBecause.CANCELLED,
            state_changed_at=timezone.now(),
            next_attempt_at=None,
        )
        waiting.exclude(next_attempt_at=None).update(next_attempt_at=None)  # reminders
        if not mine.exclude(holder=None).exists():
            sending.move(source=Sending.State.CANCELLING, target=Sending.State.CANCELLED)

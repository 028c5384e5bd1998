"""What becomes of the invitations of a device that has enrolled? Called by the gate, inside its transaction."""

from django.utils import timezone

from .models import Invitation

State = Invitation.State


def redeem(device_id: int) -> int:
    """Mark the live invitation of a device as used, whatever way the device came in; no reminder follows.

    One that a worker has in hand right now stays in its hand: the outbox sees afterwards that the device has enrolled.

    Returns:
        The number of invitations: 1, or 0 where the device was never invited.
    """
    now = timezone.now()
    live = Invitation.objects.live().filter(device=device_id, holder=None)
    return live.update(state=State.REDEEMED, state_changed_at=now, redeemed_at=now, next_attempt_at=None)

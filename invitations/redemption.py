"""What becomes of the invitation of a device that has enrolled? Asked by the gate, and when a device leaves."""

from collections.abc import Iterable

from django.utils import timezone

from devices.prepared import write

from .models import Invitation

# Of one device, `%(device)s`, at `%(now)s`; the gate runs it together with what else it writes.
REDEEM = f"""
UPDATE invitations_invitation
SET state = '{Invitation.State.REDEEMED}', state_changed_at = %(now)s, redeemed_at = %(now)s, next_attempt_at = NULL
WHERE device_id = %(device)s AND state IN ({Invitation.LIVE_SQL}) AND holder IS NULL
"""  # noqa: S608


def redeem(device_id: int) -> None:
    """Mark the live invitation of a device as used, whatever way the device came in; no reminder follows.

    One that a worker has in hand right now stays in its hand: the outbox sees afterwards that the device has enrolled.
    """
    write([REDEEM], {"device": device_id, "now": timezone.now()})


def redeem_many(devices: Iterable[int]) -> None:
    """Do the same for many devices, in one statement."""
    now, state = timezone.now(), Invitation.State.REDEEMED
    theirs = Invitation.objects.live().filter(device__in=list(devices), holder=None)
    theirs.update(state=state, state_changed_at=now, redeemed_at=now, next_attempt_at=None)

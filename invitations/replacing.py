"""Which older invitations make way for the new ones of a sending, and what do these take over? Asked by queueing.py.

Nothing of invitations in another domain, from which the device went over to its own.
"""

from datetime import datetime

from .models import Invitation


def newest_of(devices: list[int]) -> dict[int, int]:
    """Return the newest invitation of each device that has any; nothing has replaced it yet."""
    before = Invitation.objects.of_present_domain().filter(device__in=devices).order_by("pk")
    return dict(before.values_list("device_id", "pk"))


def revoke_live(devices: list[int], now: datetime, *, again: bool) -> tuple[dict[int, int], set[int]]:
    """End the live invitations of devices that are invited again.

    Args:
        devices: primary keys.
        now: when.
        again: False: nobody is, but for those whose message bounced and who are reached another way (reach.py).

    Returns:
        The ended invitation of each device, and the devices whose invitation is in a worker's hand: they are left.
    """
    # `opened` is what one that bounced may have become since its device was looked at.
    ends = Invitation.LIVE if again else {Invitation.State.BOUNCED, Invitation.State.OPENED}
    live = Invitation.objects.filter(device__in=devices, state__in=ends)
    # In the order in which many.py locks them, too.
    found = list(live.select_for_update().order_by("pk").values_list("pk", "device_id", "holder"))
    busy = {device for _pk, device, holder in found if holder is not None}
    ended = {device: pk for pk, device, holder in found if holder is None}
    Invitation.objects.filter(pk__in=ended.values()).update(
        state=Invitation.State.REVOKED,
        revoked_because=Invitation.RevokedBecause.REPLACED,
        state_changed_at=now,
        next_attempt_at=None,
    )
    return ended, busy


def batches_of(devices: list[int]) -> dict[int, int]:
    """Return the import for which each device was invited last: who is written to again still counts there."""
    before = Invitation.objects.of_present_domain().filter(device__in=devices).exclude(batch=None).order_by("pk")
    return dict(before.values_list("device_id", "batch_id"))

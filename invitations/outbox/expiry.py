"""Which invitations are past their time, and what of theirs must go? Asked by the clock, each minute."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from devices.models import Device
from invitations.models import Invitation

State = Invitation.State
CHUNK = 5_000


def expire() -> int:
    """End the invitations that are past their time.

    The one-time passwords of expired invitations are removed; those that are in a worker's hand are left for later.

    Returns:
        The number of invitations that expired.
    """
    now = timezone.now()
    free = Invitation.objects.live().filter(holder=None)
    count = 0
    while numbers := list(free.filter(expires_at__lte=now).order_by("expires_at").values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            ended = free.filter(pk__in=numbers)
            devices = list(ended.values_list("device_id", flat=True))
            count += ended.update(state=State.EXPIRED, state_changed_at=now, next_attempt_at=None)
            forget_passwords(Device.objects.filter(pk__in=devices))
    return count


def forget_passwords(devices: QuerySet[Device]) -> int:
    """Remove the one-time passwords of devices without a live invitation; return how many devices lost one.

    For a transaction of the caller's.
    """
    # Locked first, and looked at by a statement of its own: whoever invites one of them at this moment (queueing.py)
    # holds it, and has committed the new invitation by then.
    locked = devices.exclude(one_time_password=None).order_by("pk").select_for_update(of=("self",), no_key=True)
    numbers = list(locked.values_list("pk", flat=True))
    live = Invitation.objects.live().filter(device=OuterRef("pk"))
    return Device.objects.filter(pk__in=numbers).exclude(Exists(live)).update(one_time_password=None)

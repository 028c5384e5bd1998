"""How does a device leave? Asked by the device itself (device API) and by an administrator (the device's page)."""

from django.db import transaction
from django.utils import timezone

from devices.models import Device, DevicePolicy
from invitations.redemption import redeem

from . import device_token
from .models import AnsweredRequest


def disenroll(device_id: int) -> bool:
    """Make an enrolled device a disenrolled one, whose token is void; return whether it was enrolled.

    Its record stays, with what it reported last. The credentials it came in with open nothing again: the request that
    is remembered for a lost answer is forgotten.
    """
    with transaction.atomic():
        enrolled = Device.objects.filter(pk=device_id, status=Device.Status.ENROLLED)
        if not enrolled.update(status=Device.Status.DISENROLLED, updated_at=timezone.now()):
            return False
        device_token.revoke(device_id)
        redeem(device_id)  # one that a worker had in hand when the device came in would be good for its next approval
        AnsweredRequest.objects.filter(device=device_id).delete()
        DevicePolicy.objects.filter(device=device_id).delete()
    return True

"""How do devices that have left get another chance? Called by the bulk action; one device has its page (hand_over.py).

What is reset: status, credentials, token, inventory (it tells of the time before), time and reason of leaving; the
approval gets the time of a new one. Groups, policies, user and name stay.
"""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from devices.models import Device, DeviceInventory, DevicePolicy, ImportBatch, ImportSnapshot
from invitations import many
from invitations.models import Invitation

from .approval_rules import end_of_approval
from .device_events import note
from .models import AnsweredRequest, DeviceEvent, DeviceToken

Status = Device.Status


def approve_again(devices: Iterable[int], person: User | None) -> int:
    """Pre-approve those of some devices that are disenrolled, in one transaction; return how many there were.

    One with an invitation that is being sent right now stays as it is: its link would be good for the new approval.
    At most some thousands at once.
    """
    with transaction.atomic():
        left = Device.objects.filter(pk__in=list(devices), status=Status.DISENROLLED).order_by("pk")
        chosen = set(left.select_for_update(of=("self",)).values_list("pk", flat=True))
        many.revoke(Invitation.objects.live().filter(device__in=chosen), person)
        chosen -= set(Invitation.objects.live().filter(device__in=chosen).values_list("device", flat=True))
        for model in (DeviceToken, AnsweredRequest, DevicePolicy, DeviceInventory):
            model._default_manager.filter(device__in=chosen).delete()
        now = timezone.now()
        Device.objects.filter(pk__in=chosen).update(
            status=Status.PRE_APPROVED,
            one_time_password=None,
            approval_expires_at=end_of_approval(now),
            disenrolled_at=None,
            disenroll_reason="",
            updated_at=now,
        )
        note(sorted(chosen), DeviceEvent.Kind.APPROVED_AGAIN, person)
    return len(chosen)


def note_import(batch: ImportBatch, **kwargs: object) -> None:
    """Write down which devices an import has approved again; inside the transaction that commits it."""
    before = ImportSnapshot.objects.filter(
        batch=batch, kind=ImportSnapshot.Kind.DEVICE, before__status=Status.DISENROLLED
    )
    numbers = list(before.order_by("object_id").values_list("object_id", flat=True))
    note(
        numbers,
        DeviceEvent.Kind.APPROVED_AGAIN,
        batch.committed_by,
        {"import": batch.file_name, "batch": str(batch.pk)},
    )

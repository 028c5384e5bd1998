"""How does a device leave, and why? Asked by the device itself (device API) and by people (its page, the bulk action).

Its record stays, with what it reported last, until it is approved again (approve_again.py).
"""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DevicePolicy
from invitations.redemption import redeem_many

from .device_events import note
from .models import AnsweredRequest, DeviceEvent, DeviceToken

LONGEST_REASON = Device._meta.get_field("disenroll_reason").max_length or 0
# Of what somebody writes themselves: the choice's own words stand before it.
LONGEST_TEXT = 200


class LeaveReason(TextChoices):
    """Why an administrator lets a device go."""

    RETURNED = "returned", _("Returned")
    REPLACED = "replaced", _("Replaced by another device")
    LOST = "lost", _("Lost or stolen")
    LEAVER = "leaver", _("Its user has left")
    RETIRED = "retired", _("Broken, sold or retired")
    OTHER = "other", _("Another reason")


def disenroll(device_id: int, person: User | None = None, reason: str = "", text: str = "") -> bool:
    """Make an enrolled device a disenrolled one, whose token is void; return whether it was enrolled.

    Args:
        device_id: the device.
        person: who does it; None without a reason: the device itself.
        reason: of LeaveReason; "": the device leaves by itself.
        text: what the person says of it, up to LONGEST_TEXT characters.
    """
    return disenroll_many([device_id], person, reason, text) == 1


def disenroll_many(devices: Iterable[int], person: User | None = None, reason: str = "", text: str = "") -> int:
    """Disenroll those of some devices that are enrolled, in one transaction; return how many there were.

    The credentials that they came in with open nothing again: the requests that are remembered for lost answers are
    forgotten. At most some thousands at once; arguments as for `disenroll`.
    """
    kind = DeviceEvent.Kind.DISENROLLED if reason else DeviceEvent.Kind.LEFT
    with transaction.atomic():
        enrolled = Device.objects.filter(pk__in=list(devices), status=Device.Status.ENROLLED).order_by("pk")
        gone = list(enrolled.select_for_update(of=("self",)).values_list("pk", flat=True))
        if not gone:
            return 0
        now = timezone.now()
        Device.objects.filter(pk__in=gone).update(
            status=Device.Status.DISENROLLED,
            disenrolled_at=now,
            disenroll_reason=in_words(reason, text),
            updated_at=now,
        )
        for model in (DeviceToken, AnsweredRequest, DevicePolicy):
            model._default_manager.filter(device__in=gone).delete()
        redeem_many(gone)  # those that a worker had in hand when a device came in would open its next approval
        note(gone, kind, person, {"reason": reason, "text": text[:LONGEST_TEXT]} if reason else None)
    return len(gone)


def in_words(reason: str, text: str = "") -> str:
    """Return what is stored of a reason, in the portal's own language: lists and reports show it as it is.

    Args:
        reason: of LeaveReason; "": the device left by itself.
        text: what a person wrote.
    """
    with translation.override(settings.LANGUAGE_CODE):
        label = str(LeaveReason(reason).label) if reason else str(DeviceEvent.Kind.LEFT.label)
        if not text:
            return label
        if reason == LeaveReason.OTHER:
            return text[:LONGEST_TEXT]
        return (_("%(reason)s: %(text)s") % {"reason": label, "text": text[:LONGEST_TEXT]})[:LONGEST_REASON]

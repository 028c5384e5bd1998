"""Which hardware is a device from now on, where two say that they are it? An administrator decides, on the pages."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, DeviceInventory

from . import device_token
from .hand_over import start_over
from .models import AnsweredRequest, Conflict, EnrollmentSettings

State = Conflict.State


class DecisionError(Exception):
    """It was decided already, or the device has changed; the text says so."""


@transaction.atomic
def accept(conflict: Conflict, person: User | None) -> Device:
    """Let the new hardware have the place of the old one: it comes in with its next try.

    The token of the old hardware is void. Where the new hardware told no hardware UUID, it could never be told from
    the old one: then the device waits for its enrollment anew. So it does where no enrolled device may return.

    Args:
        conflict: an open one, or one in which the old hardware was kept before.
        person: who decides.

    Raises:
        DecisionError: the new hardware was accepted before, or the device is not enrolled.
        HandOverError: the device is blocked.
    """
    # In the gate's order: the device first.
    device = Device.objects.select_for_update(of=("self",)).get(pk=conflict.device_id)
    if device.status != Device.Status.ENROLLED:
        raise DecisionError(_("The device is not enrolled: there is no hardware whose place could be taken."))
    _decide(conflict, (State.OPEN, State.KEPT), State.ACCEPTED, person)
    if not conflict.hardware_uuid or not EnrollmentSettings.objects.current().rules.may_return:
        return start_over(device, person)
    DeviceInventory.objects.filter(device=device).update(hardware_uuid=conflict.hardware_uuid)
    device_token.revoke(device.pk)
    AnsweredRequest.objects.filter(device=device).delete()
    return device


@transaction.atomic
def keep(conflict: Conflict, person: User | None) -> None:
    """Leave everything as it is: the old hardware goes on, the new one is refused.

    Raises:
        DecisionError: it was decided already.
    """
    _decide(conflict, (State.OPEN,), State.KEPT, person)


def _decide(conflict: Conflict, sources: tuple[State, ...], target: State, person: User | None) -> None:
    waiting = Conflict.objects.filter(pk=conflict.pk, state__in=sources)
    if not waiting.update(state=target, decided_at=timezone.now(), decided_by=person):
        raise DecisionError(_("This was decided already. Load the page again to see how."))
    conflict.refresh_from_db()

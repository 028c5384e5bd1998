"""Which hardware is a device from now on, where two say that they are it? An administrator decides, on the pages."""

from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.changes import VARIOUS, WORDS, Action, announce
from devices.models import Device, DeviceInventory

from . import device_token
from .hand_over import start_over
from .models import AnsweredRequest, Conflict, EnrollmentSettings

State = Conflict.State
DECIDED = "conflict.decided"
WORDS[DECIDED] = gettext_lazy("Decided")


class Sequel(StrEnum):
    """What becomes of a device when the hardware that asks for its place is accepted."""

    COMES_IN = "comes_in"  # it stays enrolled, and the new hardware comes in with its next try
    WAITS = "waits"  # it waits anew for the first hardware that asks with its serial number
    NEEDS_ACCESS = "needs_access"  # it waits anew for who shows the link or password that its user is given


class DecisionError(Exception):
    """It was decided already, or the device has changed; the text says so."""


def sequel_of(conflict: Conflict) -> Sequel:
    """Return what follows if the new hardware is accepted, by the settings as they are.

    | credentials  | the new hardware | an enrolled device that enrolls again  | what follows |
    |--------------|------------------|----------------------------------------|--------------|
    | are demanded |                  |                                        | NEEDS_ACCESS |
    | are not      | told its UUID    | is let in, if its hardware is the same | COMES_IN     |
    | are not      | told none        |                                        | WAITS        |
    | are not      |                  | is a conflict                          | WAITS        |

    Credentials name approvals, and an enrolled device has none: so it is approved anew. Hardware without a UUID could
    never be told from the one before.
    """
    rules = EnrollmentSettings.objects.current().rules
    if rules.require_credentials:
        return Sequel.NEEDS_ACCESS
    return Sequel.COMES_IN if conflict.hardware_uuid and rules.may_return else Sequel.WAITS


@transaction.atomic
def accept(conflict: Conflict, person: User | None) -> Sequel:
    """Let the new hardware have the place of the old one, whose token is void.

    Args:
        conflict: an open one, or one in which the old hardware was kept before.
        person: who decides.

    Returns:
        What follows. Where it is NEEDS_ACCESS, the caller gives it (access.py): without it nobody comes in.

    Raises:
        DecisionError: the new hardware was accepted before, or the device is not enrolled.
        HandOverError: the device is blocked, or an invitation to its user is being sent right now.
    """
    # In the gate's order: the device first.
    device = Device.objects.select_for_update(of=("self",)).get(pk=conflict.device_id)
    _decide(conflict, (State.OPEN, State.KEPT), State.ACCEPTED, person)
    if device.status != Device.Status.ENROLLED:
        raise DecisionError(_("The device is not enrolled: there is no hardware whose place could be taken."))
    sequel = sequel_of(conflict)
    if sequel is not Sequel.COMES_IN:
        start_over(device, person)
        return sequel
    DeviceInventory.objects.filter(device=device).update(hardware_uuid=conflict.hardware_uuid)
    device_token.revoke(device.pk)
    AnsweredRequest.objects.filter(device=device).delete()
    return sequel


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
    fields = {"state": (VARIOUS, target)}
    announce(Conflict, Action.CHANGED, DECIDED, ids=[conflict.pk], fields=fields, person=person)

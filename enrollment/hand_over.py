"""How does a device come to another user, or to a new start, without its record being deleted?

Called by the pages of attempts, conflicts and devices. Credentials of before are void afterwards, whoever has them.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.groups.membership import place
from devices.models import Device, DeviceInventory, DevicePolicy, DeviceUser
from invitations import many
from invitations.models import Invitation

from . import device_token
from .approval_rules import end_of_approval
from .device_events import note, note_hand_over
from .models import AnsweredRequest, DeviceEvent

Status = Device.Status


class HandOverError(Exception):
    """It can't be done now; the text says why and what to do."""


@transaction.atomic
def hand_over(device: Device, user: DeviceUser | None, person: User | None, *, enrolls_anew: bool = True) -> Device:
    """Make a device somebody else's. Its groups, policies, name and number stay.

    A pre-approved device waits for the new user from now on. An enrolled one stays enrolled, or waits to enroll anew:
    then its token is void and its inventory, which tells about the former user, is gone.

    Args:
        device: in any state but blocked.
        user: whose it is now; None: nobody's.
        person: who does it.
        enrolls_anew: False lets an enrolled device stay enrolled; a device that has left starts anew in any case.

    Returns:
        The device as it is now.

    Raises:
        HandOverError: it is blocked, or an invitation to its former user is being sent right now.
    """
    device = _locked(device)
    former, left = device.user, device.domain_id
    stays = device.status == Status.ENROLLED and not enrolls_anew
    changes: dict[str, object] = {"user": user}
    if user is not None:
        changes |= {"domain": user.domain_id, **forgotten(left, user.domain_id)}
    if device.status != Status.PRE_APPROVED and not stays:
        start_over(device, person)
    else:
        forget_credentials(device, person)
    Device.objects.filter(pk=device.pk).update(**changes, updated_at=timezone.now())
    device.refresh_from_db()
    note_hand_over([device.pk], person, (former, user), (left, device.domain_id))
    place(device)  # the rules of device groups may ask for its domain
    return device


@transaction.atomic
def start_over(device: Device, person: User | None) -> Device:
    """Let a device wait for its enrollment anew: what it told and what it was given before is gone.

    Raises:
        HandOverError: as hand_over.
    """
    device = _locked(device)
    had_left = device.status == Status.DISENROLLED
    forget_credentials(device, person)
    device_token.revoke(device.pk)
    # A device that waits has no inventory: pages say of it that nothing has talked to the portal yet.
    DeviceInventory.objects.filter(device=device).delete()
    DevicePolicy.objects.filter(device=device).delete()
    now = timezone.now()
    Device.objects.filter(pk=device.pk).update(
        status=Status.PRE_APPROVED,
        approval_expires_at=end_of_approval(now),
        disenrolled_at=None,
        disenroll_reason="",
        updated_at=now,
    )
    if had_left:
        note([device.pk], DeviceEvent.Kind.APPROVED_AGAIN, person)
    device.refresh_from_db()
    return device


def forgotten(left: int, joined: int) -> dict[str, object]:
    """Return what a device doesn't take along from one domain into another: its import, and what was said as it left.

    Args:
        left, joined: the domains' numbers.
    """
    return {} if left == joined else {"import_batch": None, "disenroll_reason": ""}


def _locked(device: Device) -> Device:
    """Return the device as it is, locked against the gate, which may be letting it in right now."""
    found = Device.objects.select_for_update(of=("self",)).get(pk=device.pk)
    if found.status == Status.BLOCKED:
        raise HandOverError(_("The device is blocked. Unblock it first."))
    return found


def forget_credentials(device: Device, person: User | None) -> None:
    """Make void what its user could still bring it in with: links, the one-time password, a repeated request.

    Raises:
        HandOverError: an invitation is being sent right now.
    """
    outcome = many.revoke(Invitation.objects.live().filter(device=device), person)
    if outcome.skipped:
        raise HandOverError(_("An invitation to its user is being sent right now. Try again in a moment."))
    Device.objects.filter(pk=device.pk).update(one_time_password=None)
    AnsweredRequest.objects.filter(device=device).delete()

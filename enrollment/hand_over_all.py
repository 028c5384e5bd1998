"""How do all devices of somebody who leaves come to another user, all or none? Called by the page of a device user.

| the device is | its user, domain | becomes                                                   | links and passwords |
|---------------|------------------|-----------------------------------------------------------|---------------------|
| pre-approved  | the new ones     | pre-approved: it waits for the new user                   | void                |
| enrolled      | the new ones     | as chosen: it waits to enroll anew, or it stays enrolled  | void                |
| disenrolled   | the new ones     | disenrolled: only its record changes hands                | void                |
| blocked       | the new ones     | blocked: only its record changes hands                    | void                |

The domain of a device is that of its user. Only devices that the person may see change hands.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.groups.membership import refresh
from devices.models import Device, DeviceInventory, DevicePolicy, DeviceUser
from devices.scope import visible
from invitations import many
from invitations.models import Invitation

from .approval_rules import end_of_approval
from .device_events import note_hand_over
from .hand_over import HandOverError, forgotten
from .models import AnsweredRequest, DeviceToken

Status = Device.Status


@dataclass(frozen=True)
class Belongings:
    """What of a user would change hands.

    Attributes:
        devices: their number, by status.
        invitations: of which the links are still good; they would be revoked.
        passwords: one-time passwords that would be void.
    """

    devices: Counter[str] = field(default_factory=Counter)
    invitations: int = 0
    passwords: int = 0

    @property
    def total(self) -> int:
        return self.devices.total()


@dataclass(frozen=True)
class Moved:
    """What changed hands.

    Attributes:
        total: how many devices.
        waiting: numbers of those that wait for the new user to enroll them.
    """

    total: int
    waiting: list[int]


def belongings(user: DeviceUser, person: Any) -> Belongings:
    """Return what of a device user would change hands if `person` handed it over; three queries."""
    theirs = visible(Device.objects.filter(user=user), person)
    by_status = theirs.order_by().values_list("status").annotate(number=Count("pk"))
    live = Invitation.objects.live().filter(device__in=theirs.order_by().values("pk"))
    return Belongings(Counter(dict(by_status)), live.count(), theirs.exclude(one_time_password=None).count())


@transaction.atomic
def hand_over_all(former: DeviceUser, new: DeviceUser, person: User, *, enrolls_anew: bool) -> Moved:
    """Make all devices of a user, as far as `person` may see them, another user's.

    Args:
        former: whose they are.
        new: whose they become; of any domain.
        person: who does it.
        enrolls_anew: lets enrolled devices wait to enroll once more; False: they stay enrolled.

    Raises:
        HandOverError: an invitation is being sent right now, or both users are the same one; nothing was changed.
    """
    if former.pk == new.pk:
        raise HandOverError(_("The devices are theirs already. Choose another device user."))
    theirs = visible(Device.objects.filter(user=former), person).order_by("pk")
    found = dict(theirs.select_for_update(of=("self",)).values_list("pk", "status"))
    numbers = list(found)
    outcome = many.revoke(Invitation.objects.live().filter(device__in=numbers), person)
    if outcome.skipped:
        text = _("Nothing was changed: an invitation to %(user)s is being sent right now. Try again in a moment.")
        raise HandOverError(text % {"user": former})
    now = timezone.now()
    devices = Device.objects.filter(pk__in=numbers)
    AnsweredRequest.objects.filter(device__in=numbers).delete()
    anew = [number for number, status in found.items() if enrolls_anew and status == Status.ENROLLED]
    _start_over(anew, now)
    kept_back = forgotten(former.domain_id, new.domain_id)
    devices.update(user=new, domain=new.domain_id, one_time_password=None, updated_at=now, **kept_back)
    refresh(devices)  # the rules of device groups may ask for the domain
    note_hand_over(numbers, person, (former, new), (former.domain_id, new.domain_id))
    waiting = [number for number, status in found.items() if status == Status.PRE_APPROVED]
    return Moved(len(numbers), sorted([*waiting, *anew]))


def _start_over(numbers: list[int], now: Any) -> None:
    """Let enrolled devices wait for their enrollment anew; as hand_over.start_over does with one."""
    for model in (DeviceToken, DeviceInventory, DevicePolicy):
        model._default_manager.filter(device__in=numbers).delete()
    devices = Device.objects.filter(pk__in=numbers)
    devices.update(status=Status.PRE_APPROVED, approval_expires_at=end_of_approval(now), updated_at=now)

"""In which order are devices and their invitations locked? Devices first, by number, then invitations; by everybody.

The gate holds the device that comes in and then marks its invitation as used: whoever held the invitation first, and
wanted the device next, would wait for the gate as the gate waits for it.
"""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from devices.models import Device

from .models import Invitation


def lock_devices(devices: Collection[int] | QuerySet[Invitation], *, passes_by: bool = False) -> list[int]:
    """Lock devices until the caller's transaction ends, before any of their invitations is touched.

    On SQLite one transaction writes at once, and nothing need be locked.

    Args:
        devices: primary keys, or invitations whose devices they are.
        passes_by: True leaves out those that somebody else has locked, and waits for nobody.

    Returns:
        The primary keys of those that are locked now.
    """
    theirs = Q(pk__in=devices.order_by().values("device") if isinstance(devices, QuerySet) else list(devices))
    found = Device.objects.filter(theirs).order_by("pk")
    locked = found.select_for_update(of=("self",), no_key=True, skip_locked=passes_by)
    return list(locked.values_list("pk", flat=True))


def lock_invited(devices: Collection[int]) -> None:
    """Lock those of some devices that were invited before: nobody else has an invitation that could be locked."""
    before = Invitation.objects.filter(device=OuterRef("pk"))
    lock_devices(list(Device.objects.filter(Exists(before), pk__in=devices).order_by().values_list("pk", flat=True)))

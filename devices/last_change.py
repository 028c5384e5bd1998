"""When was a device changed last? Whatever ties many to groups or policies notes it here.

The undo of an import leaves alone what was changed since, and would drop what was assigned otherwise.
"""

from collections.abc import Collection

from django.utils import timezone

from devices.models import Device


def lock(numbers: Collection[int]) -> list[int]:
    """Lock devices until the transaction ends: by number, and before groups and all that hangs on devices.

    Returns:
        The numbers of those that are there, ascending.
    """
    locked = Device.objects.filter(pk__in=list(numbers)).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(locked.values_list("pk", flat=True))


def note(numbers: Collection[int]) -> None:
    """Let locked devices have been changed now."""
    Device.objects.filter(pk__in=list(numbers)).update(updated_at=timezone.now())

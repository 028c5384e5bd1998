"""What becomes of the devices that Apple lists no longer? Called by the sync, with each page and after the whole list.

Withdrawn is only what was made for an account, and nobody has touched since; the rest stays, with a line in its
history. Sets, in a few statements.
"""

from collections.abc import Collection
from typing import Any, Final

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from devices.changes import Action, announce, kept_elsewhere
from devices.models import Device, DeviceInventory, ImportBatch, ImportSnapshot
from enrollment.device_events import note
from enrollment.models import AdeAccount, AdeDevice, DeviceEvent
from invitations.models import Invitation

from .approve import WITHDRAWN, Place

Approval = AdeDevice.Approval


def remove(account: AdeAccount, chosen: Collection[int]) -> tuple[int, int]:
    """Note that Apple lists devices no longer, and withdraw what was made for them; inside the caller's transaction.

    What has enrolled once, was blocked, came in otherwise, or has got a user, an invitation or a row of an import since
    stays, with a line in its history.

    Args:
        account: that the devices are of.
        chosen: numbers of ADE devices, some thousand at most.

    Returns:
        How many were listed, and how many devices were withdrawn.
    """
    rows = list(
        AdeDevice.objects.listed().filter(account=account, pk__in=chosen).order_by("pk").select_for_update(of=("self",))
    )
    if not rows:
        return 0, 0
    by_place = {(row.serial_number, row.platform): row for row in rows}
    there = _devices_of(by_place)
    untouched = {pk: device for pk, device in there.items() if _is_untouched(device, by_place, account)}
    imported = _imported(untouched)
    gone = {pk: device for pk, device in untouched.items() if pk not in imported}
    with kept_elsewhere():
        Device.objects.filter(pk__in=gone).delete()
    kept = [pk for pk in there if pk not in gone]
    kept_rows = [by_place[there[pk].serial_number, there[pk].platform].pk for pk in kept]
    _mark_removed([row.pk for row in rows], kept_rows)
    if gone:
        _give_to_others(account, gone.values())
    if kept:
        _note_kept(account, [there[pk] for pk in kept])
    labels = {pk: str(device) for pk, device in gone.items()}
    of_account: dict[str, Any] = {"domain_id": account.domain_id, "source": account}
    announce(Device, Action.DELETED, WITHDRAWN, ids=sorted(gone), labels=labels, **of_account)
    return len(rows), len(gone)


_LEFT: Final = (DeviceEvent.Kind.DISENROLLED, DeviceEvent.Kind.LEFT, DeviceEvent.Kind.APPROVED_AGAIN)


def _devices_of(by_place: dict[Place, AdeDevice]) -> dict[int, Any]:
    """Return the portal's devices of ADE devices, locked, each with `has_history`: it has enrolled, or was invited."""
    left = DeviceEvent.objects.filter(device=OuterRef("pk"), kind__in=_LEFT)
    inventory = DeviceInventory.objects.filter(device=OuterRef("pk"))
    invited = Invitation.objects.filter(device=OuterRef("pk"))
    found = (
        Device.objects.filter(serial_number__in=[serial for serial, _platform in by_place])
        .annotate(has_history=Exists(left) | Exists(inventory) | Exists(invited))
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    return {device.pk: device for device in found if (device.serial_number, device.platform) in by_place}


def _is_untouched(device: Any, by_place: dict[Place, AdeDevice], account: AdeAccount) -> bool:
    """Tell whether a device is as the account made it; what an import did to it is asked of all of them at once."""
    is_made = by_place[device.serial_number, device.platform].has_made_device and device.source == Device.Source.ADE
    # Moved into another domain, it is theirs: whoever looks after this account may have no right there.
    is_ours = is_made and device.domain_id == account.domain_id
    is_nobodys = device.user_id is None or device.user_id == account.default_user_id
    is_waiting = device.status == Device.Status.PRE_APPROVED and not device.has_history
    return bool(is_ours and is_nobodys and is_waiting)


def _imported(devices: Collection[int]) -> set[int]:
    """Return which devices an import has changed, unless it was undone."""
    if not devices:
        return set()
    changed = ImportSnapshot.objects.filter(kind=ImportSnapshot.Kind.DEVICE, object_id__in=devices)
    return set(changed.exclude(batch__state=ImportBatch.State.UNDONE).values_list("object_id", flat=True))


def _note_kept(account: AdeAccount, kept: Collection[Any]) -> None:
    """Write into the histories that Apple lists devices no longer; another domain isn't told for which account."""
    ours = sorted(device.pk for device in kept if device.domain_id == account.domain_id)
    others = sorted(device.pk for device in kept if device.domain_id != account.domain_id)
    for numbers, detail in ((ours, {"ade_account": account.name}), (others, {})):
        if numbers:
            note(numbers, DeviceEvent.Kind.UNLISTED, None, detail)


def _mark_removed(all_of_them: list[int], kept: list[int]) -> None:
    """Write down that they are listed no longer, and what became of them here."""
    is_kept = Q(pk__in=kept)
    was_considered = Q(approval__in=(Approval.MADE, Approval.KNOWN, Approval.OTHER_ACCOUNT))
    AdeDevice.objects.filter(pk__in=all_of_them).update(
        is_listed=False,
        removed_at=timezone.now(),
        approval=Case(
            When(is_kept, then=Value(Approval.KEPT.value)),
            When(was_considered, then=Value(Approval.WITHDRAWN.value)),
            When(approval=Approval.ASKED, then=Value(Approval.WAITING.value)),
            default=F("approval"),
        ),
        has_made_device=Case(When(is_kept, then=F("has_made_device")), default=Value(False)),
    )


def _give_to_others(account: AdeAccount, gone: Collection[Any]) -> None:
    """Let other accounts that list withdrawn devices pre-approve them, with their next sync: Apple has moved them."""
    places = {(device.serial_number, device.platform) for device in gone}
    theirs = AdeDevice.objects.filter(
        serial_number__in=[serial for serial, _platform in places], approval=Approval.OTHER_ACCOUNT
    ).exclude(account=account)
    found = theirs.order_by("pk").values_list("pk", "serial_number", "platform")
    moved = [pk for pk, serial, platform in found if (serial, platform) in places]
    if moved:
        AdeDevice.objects.filter(pk__in=moved).update(approval=Approval.WAITING)

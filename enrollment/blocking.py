"""How is a device kept out for good, and how is it let go again? Called by the pages of devices and of the block list.

A blocked device has no token, link or password, whatever it was before. It keeps its record, with what it told last.
Everything here works on many devices at once: a manufacturer may have made half of them.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.changes import WORDS, Action, announce
from devices.models import Device, DeviceInventory, DevicePolicy
from invitations import many
from invitations.models import Invitation

from .device_events import note
from .disenroll import LeaveReason, in_words
from .models import AnsweredRequest, BlockedHardware, DeviceEvent, DeviceToken

logger = logging.getLogger(__name__)

Kind = BlockedHardware.Kind
Status = Device.Status
CHUNK = 1_000
LISTED = "blocklist.added"
WORDS[LISTED] = gettext_lazy("Put on the block list")
# The block list is for all domains: who may write on it, and take entries off it. Devices are blocked by block_device.
LIST = "enrollment.add_blockedhardware"
LIFT = "enrollment.delete_blockedhardware"
# Of these entries each is about one device; a manufacturer is about all of its own.
OF_ONE_DEVICE = (Kind.SERIAL_NUMBER, Kind.HARDWARE_UUID)
# An ordinary device was on no list: without a new approval it is not on one once it is let go.
WAS_ENROLLED = Q(inventory__isnull=False) | Q(source=Device.Source.ENROLLMENT)


@dataclass
class Unblocked:
    """What came of letting devices go: how many, by what they are now, or by what keeps them.

    Attributes:
        disenrolled: were enrolled once, and may be approved anew.
        waiting: never enrolled; they are pre-approved, as before.
        kept_out: the block list keeps them out.
        being_sent: an invitation to their user is being sent right now.
    """

    disenrolled: int = 0
    waiting: int = 0
    kept_out: int = 0
    being_sent: int = 0


def matching(kind: str, value: str) -> QuerySet[Device]:
    """Return the enrolled devices that an entry of the block list is about."""
    found = {
        Kind.SERIAL_NUMBER.value: Q(serial_number=value),
        Kind.HARDWARE_UUID.value: Q(inventory__hardware_uuid=value),
        Kind.MANUFACTURER.value: Q(inventory__manufacturer=value),
    }
    return Device.objects.filter(found[kind], status=Status.ENROLLED)


def entries_of(devices: QuerySet[Device]) -> QuerySet[BlockedHardware]:
    """Return the entries of the block list that are about any of these devices."""
    told = DeviceInventory.objects.filter(device__in=devices.order_by().values("pk")).order_by()
    return BlockedHardware.objects.filter(
        Q(kind=Kind.SERIAL_NUMBER, value__in=devices.order_by().exclude(serial_number=None).values("serial_number"))
        | Q(kind=Kind.HARDWARE_UUID, value__in=told.values("hardware_uuid"))
        | Q(kind=Kind.MANUFACTURER, value__in=told.values("manufacturer"))
    )


def kept_out(devices: QuerySet[Device], person: User | None) -> QuerySet[Device]:
    """Return those of some devices that a person can't let go, because the block list keeps them out.

    An entry about a manufacturer does so for everybody; one about a single device goes with it, where the person may
    take entries off the list (None: may).
    """
    listed = {kind: BlockedHardware.objects.filter(kind=kind).values("value") for kind in Kind}
    about = Q(inventory__manufacturer__in=listed[Kind.MANUFACTURER])
    if person is not None and not person.has_perm(LIFT):
        about |= Q(serial_number__in=listed[Kind.SERIAL_NUMBER])
        about |= Q(inventory__hardware_uuid__in=listed[Kind.HARDWARE_UUID])
    return devices.filter(about)


def block_matching(entry: BlockedHardware, person: User | None) -> int:
    """Block the enrolled devices that an entry is about; return how many.

    One that comes in by its serial number at this moment is waited for: it is enrolled then, and blocked, too.
    """
    if entry.kind == Kind.SERIAL_NUMBER:
        locked = Device.objects.filter(serial_number=entry.value).order_by("pk").select_for_update(of=("self",))
        list(locked.values_list("pk"))
    text = _("Blocked: %(kind)s “%(value)s” is on the block list.")
    shown = {"kind": entry.get_kind_display(), "value": entry.value}
    return block(matching(entry.kind, entry.value), person, why=text % shown)


def block_listed() -> int:
    """Block the enrolled devices that the block list is about; return how many.

    For the clock. One may have come in while an entry was saved, or tell another manufacturer since.
    """
    if not BlockedHardware.objects.exists():
        return 0
    listed = {kind: BlockedHardware.objects.filter(kind=kind).values("value") for kind in Kind}
    about = (
        Q(serial_number__in=listed[Kind.SERIAL_NUMBER])
        | Q(inventory__hardware_uuid__in=listed[Kind.HARDWARE_UUID])
        | Q(inventory__manufacturer__in=listed[Kind.MANUFACTURER])
    )
    count = block(Device.objects.filter(about, status=Status.ENROLLED), None)
    if count:
        logger.warning("%s enrolled devices are on the block list, and blocked now", count)
    return count


def block(devices: QuerySet[Device], person: User | None, *, with_hardware: bool = False, why: str = "") -> int:
    """Block devices, whatever their state; what they could come in or check in with is void at once.

    Args:
        devices: which.
        person: who does it.
        with_hardware: puts their hardware UUIDs on the block list, too, where no other device has the same: they
            could come back as ordinary devices otherwise. Left undone for a person who may not add to the list.
        why: what the audit trail says of each; "": that it was blocked.

    Returns:
        How many there are that were not blocked before.
    """
    count = 0
    for numbers in _chunks(devices.exclude(status=Status.BLOCKED)):
        with transaction.atomic():
            locked = _locked(numbers).exclude(status=Status.BLOCKED)
            found = list(locked.only("name", "serial_number"))
            chosen = [device.pk for device in found]
            for model in (DeviceToken, AnsweredRequest, DevicePolicy):
                model._default_manager.filter(device__in=chosen).delete()
            # One that a worker has in hand goes out; its link opens nothing while the device is blocked.
            many.revoke(Invitation.objects.live().filter(device__in=chosen), person)
            _theirs(chosen).update(status=Status.BLOCKED, one_time_password=None, updated_at=timezone.now())
            if with_hardware and (person is None or person.has_perm(LIST)):
                _block_hardware(chosen, person)
            note(chosen, DeviceEvent.Kind.BLOCKED, person, {"why": why} if why else None)
            _note(person, found, CHANGE, why or _("Blocked."))
        count += len(found)
    return count


def unblock(devices: QuerySet[Device], person: User | None) -> Unblocked:
    """Let blocked devices go: those that were enrolled once are disenrolled, the others pre-approved, as before.

    Nothing that they had before opens again. Entries of the block list that are about one of them alone go, too, where
    the person may take them off; one that the list keeps out (kept_out) stays blocked.
    """
    outcome = Unblocked()
    for numbers in _chunks(devices.filter(status=Status.BLOCKED)):
        with transaction.atomic():
            _unblock(numbers, person, outcome)
    return outcome


def _unblock(numbers: list[int], person: User | None, outcome: Unblocked) -> None:
    blocked = list(_locked(numbers).filter(status=Status.BLOCKED).values_list("pk", flat=True))
    kept = set(kept_out(_theirs(blocked), person).values_list("pk", flat=True))
    # One that was in a worker's hand when the device was blocked.
    many.revoke(Invitation.objects.live().filter(device__in=blocked), person)
    live = Invitation.objects.live().filter(device__in=blocked)
    being_sent = set(live.values_list("device", flat=True)) - kept
    free = _theirs([pk for pk in blocked if pk not in kept | being_sent])
    found = list(free.order_by("pk").only("name", "serial_number"))
    entries = list(entries_of(free).filter(kind__in=OF_ONE_DEVICE))
    _note(person, entries, DELETION, "")
    BlockedHardware.objects.filter(pk__in=[entry.pk for entry in entries]).delete()
    now = timezone.now()
    gone = list(free.filter(WAS_ENROLLED).values_list("pk", flat=True))
    _theirs(gone).update(status=Status.DISENROLLED, updated_at=now)
    # One that had left before it was blocked keeps the time and the reason of that.
    never_left = _theirs(gone).filter(disenrolled_at=None)
    never_left.update(disenrolled_at=now, disenroll_reason=in_words(LeaveReason.OTHER, _("It was blocked")))
    waiting = _theirs([device.pk for device in found]).filter(status=Status.BLOCKED)
    outcome.waiting += waiting.update(status=Status.PRE_APPROVED, updated_at=now)
    outcome.disenrolled += len(gone)
    outcome.kept_out += len(kept)
    outcome.being_sent += len(being_sent)
    note([device.pk for device in found], DeviceEvent.Kind.UNBLOCKED, person)
    _note(person, found, CHANGE, _("Unblocked."))


def _block_hardware(devices: list[int], person: User | None) -> None:
    told = DeviceInventory.objects.filter(device__in=devices).exclude(hardware_uuid="")
    values = set(told.values_list("hardware_uuid", flat=True))
    # Boards without one of their own report what many report.
    others = DeviceInventory.objects.filter(hardware_uuid__in=values).exclude(device__in=devices)
    known = BlockedHardware.objects.filter(kind=Kind.HARDWARE_UUID, value__in=values)
    values -= set(others.values_list("hardware_uuid", flat=True)) | set(known.values_list("value", flat=True))
    new = [
        BlockedHardware(kind=Kind.HARDWARE_UUID, value=value, note=_("Of a device that was blocked"))
        for value in values
    ]
    BlockedHardware.objects.bulk_create(new, ignore_conflicts=True)
    added = BlockedHardware.objects.filter(kind=Kind.HARDWARE_UUID, value__in=values)
    _note(person, list(added), ADDITION, "")
    announce(BlockedHardware, Action.CREATED, LISTED, ids=[entry.pk for entry in added], person=person)


def _chunks(devices: QuerySet[Device]) -> Iterator[list[int]]:
    # Numbers first: the condition may be about what is changed meanwhile.
    numbers = list(
        Device.objects.filter(pk__in=devices.order_by().values("pk")).order_by("pk").values_list("pk", flat=True)
    )
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]


def _locked(numbers: list[int]) -> QuerySet[Device]:
    """Return devices, to be locked against the gate before anything of theirs is changed."""
    return _theirs(numbers).order_by("pk").select_for_update(of=("self",))


def _theirs(numbers: list[int]) -> QuerySet[Device]:
    return Device.objects.filter(pk__in=numbers)


def _note(person: User | None, changed: Iterable[Model], flag: int, text: str) -> None:
    """Write into the audit trail what a person did with each."""
    if person is not None:
        LogEntry.objects.log_actions(person.pk, list(changed), flag, text)

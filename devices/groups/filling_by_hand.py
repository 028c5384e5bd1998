"""How do devices get into a group by hand, and out of it? By serial numbers, ticks or a search; called by its page.

Only devices that the person may see are found, put in and taken out: the others stay where they are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from devices import last_change
from devices.changes import WORDS, Action, announce
from devices.models import Device, DeviceGroup
from devices.scope import visible
from devices.vocabulary import Platform

from .membership import Members

PUT_IN, TAKEN_OUT = "group.put_in", "group.taken_out"
WORDS[PUT_IN] = gettext_noop("Devices put into a device group")
WORDS[TAKEN_OUT] = gettext_noop("Devices taken out of a device group")
# So many serial numbers can be pasted at once; more come as a file.
MAX_PASTED = 1_000


class RuledGroupError(Exception):
    """The devices of the group follow from its rule; the text says what to do."""


@dataclass
class Pasted:
    """What serial numbers that somebody pasted stand for.

    Attributes:
        devices: numbers of the devices.
        unknown: serial numbers that no device has, with a sentence each.
    """

    devices: set[int] = field(default_factory=set)
    unknown: list[tuple[str, str]] = field(default_factory=list)


def split(written: str) -> tuple[str, str]:
    """Return platform ("": any) and serial number of what stands for one device, such as `ios/C02XK1ZZJGH5`."""
    platform, slash, serial_number = written.partition("/")
    return (platform, serial_number) if slash and platform in Platform.values else ("", written)


def look_up(texts: Iterable[str], person: Any) -> Pasted:
    """Find the devices that serial numbers stand for, among those that a person may see."""
    wanted = list(dict.fromkeys(filter(None, (text.strip() for text in texts))))[:MAX_PASTED]
    parts = {text: split(text) for text in wanted}
    found: dict[str, dict[str, int]] = {}
    serials = {serial_number for _platform, serial_number in parts.values() if "\x00" not in serial_number}
    rows = visible(Device.objects.filter(serial_number__in=serials), person)
    for pk, serial_number, platform in rows.order_by().values_list("pk", "serial_number", "platform"):
        found.setdefault(str(serial_number), {})[platform] = pk
    pasted = Pasted()
    for text, (platform, serial_number) in parts.items():
        there = found.get(serial_number, {})
        fitting = {name: pk for name, pk in there.items() if not platform or name == platform}
        if len(fitting) == 1:
            pasted.devices.update(fitting.values())
        elif fitting:
            said = _("Several devices have this serial number. Write one of: %(names)s.")
            names = ", ".join(f"{name}/{serial_number}" for name in sorted(fitting))
            pasted.unknown.append((text, said % {"names": names}))
        else:
            pasted.unknown.append((text, _("No device has this serial number. Upper and lower case matter.")))
    return pasted


@transaction.atomic
def put_in(group: DeviceGroup, device_ids: Collection[int], person: Any) -> int:
    """Put devices into a group.

    Returns:
        How many were not in it.

    Raises:
        RuledGroupError: its devices follow from a rule.
    """
    allowed = last_change.lock(_theirs(device_ids, person))
    _refuse_rule(group)
    there = Members.objects.filter(devicegroup=group, device__in=allowed).values_list("device", flat=True)
    new = sorted(set(allowed) - set(there))
    Members.objects.bulk_create(
        [Members(device_id=pk, devicegroup_id=group.pk) for pk in new], ignore_conflicts=True, batch_size=1_000
    )
    last_change.note(new)
    announce(Device, Action.CHANGED, PUT_IN, ids=new, added={"groups": [group.name]}, person=person, source=group)
    return len(new)


@transaction.atomic
def take_out(group: DeviceGroup, device_ids: Collection[int], person: Any) -> int:
    """Take devices out of a group.

    Returns:
        How many were in it.

    Raises:
        RuledGroupError: its devices follow from a rule.
    """
    allowed = last_change.lock(_theirs(device_ids, person))
    _refuse_rule(group)
    there = Members.objects.filter(devicegroup=group, device__in=allowed)
    gone = sorted(there.values_list("device", flat=True))
    Members.objects.filter(devicegroup=group, device__in=gone).delete()
    last_change.note(gone)
    announce(Device, Action.CHANGED, TAKEN_OUT, ids=gone, removed={"groups": [group.name]}, person=person, source=group)
    return len(gone)


def _refuse_rule(group: DeviceGroup) -> None:
    # Locked: a rule that is being saved comes after what is put in here.
    locked = DeviceGroup.objects.select_for_update().filter(pk=group.pk)
    if locked.values_list("rule", flat=True).first() is not None:
        raise RuledGroupError(_("The devices of this group follow from its rule. Change the rule, or the devices."))


def _theirs(device_ids: Collection[int], person: Any) -> list[int]:
    found: QuerySet[Device] = visible(Device.objects.filter(pk__in=list(device_ids)), person)
    return list(found.order_by().values_list("pk", flat=True))

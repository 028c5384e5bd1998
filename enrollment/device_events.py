"""Write down what was done with devices, for their timelines. Called by all that lets devices leave or return."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from devices.changes import VARIOUS, WORDS, Action, announce
from devices.imports.sql import append
from devices.models import Device, DeviceUser, Domain

from .models import DeviceEvent

Kind = DeviceEvent.Kind
COLUMNS = ("device_id", "at", "kind", "detail", "person_id")
# What the audit log calls it, and what a device is afterwards.
CODES = {kind: f"device.{kind.value}" for kind in Kind}
WORDS.update({CODES[kind]: kind.label for kind in Kind})
BECOMES = {
    Kind.DISENROLLED: Device.Status.DISENROLLED,
    Kind.LEFT: Device.Status.DISENROLLED,
    Kind.APPROVED_AGAIN: Device.Status.PRE_APPROVED,
    Kind.BLOCKED: Device.Status.BLOCKED,
}


def note(
    devices: Iterable[int], kind: DeviceEvent.Kind, person: User | None, detail: Mapping[str, str] | None = None
) -> None:
    """Add one event to the timeline of each device, and tell the audit log; inside the caller's transaction.

    Args:
        devices: their numbers.
        kind: what happened.
        person: who did it; None: nobody, or a job.
        detail: what the timeline tells besides; never a secret.
    """
    numbers = list(devices)
    _write(numbers, kind, person, detail or {})
    fields = {"status": (VARIOUS, BECOMES[kind].value)} if kind in BECOMES else {}
    announce(Device, Action.CHANGED, CODES[kind], ids=numbers, fields=fields, person=person)


def note_hand_over(
    devices: Iterable[int],
    person: User | None,
    users: tuple[DeviceUser | None, DeviceUser | None],
    domains: tuple[int, int],
) -> None:
    """As `note`, of devices that came to another user. Neither of two domains is told of a user of the other one.

    Args:
        devices: their numbers.
        person: who did it.
        users: the former one and the new one; None: nobody.
        domains: the numbers of the one that they were of, and of the one that they are of.
    """
    numbers, kind, what = list(devices), Kind.HANDED_OVER, CODES[Kind.HANDED_OVER]
    former, new = (str(user or "") for user in users)
    left, joined = domains
    if left == joined:
        _write(numbers, kind, person, {"former": former, "new": new})
        announce(Device, Action.CHANGED, what, ids=numbers, fields={"user": (former, new)}, person=person)
        return
    _write(numbers, kind, person, {"former": former, "new": new, "left": left, "joined": joined})
    names = dict(Domain.objects.filter(pk__in=domains).values_list("pk", "name"))
    of_left = {"domain": (names[left], ""), "user": (former, "")}
    of_joined = {"domain": ("", names[joined]), "user": ("", new)}
    for domain, fields in ((left, of_left), (joined, of_joined)):
        announce(Device, Action.CHANGED, what, ids=numbers, fields=fields, domain_id=domain, person=person)


def _write(numbers: Iterable[int], kind: DeviceEvent.Kind, person: User | None, detail: Mapping[str, Any]) -> None:
    at = connection.ops.adapt_datetimefield_value(timezone.now())
    text, author = json.dumps(dict(detail), ensure_ascii=False), person.pk if person else None
    append(DeviceEvent._meta.db_table, COLUMNS, ((number, at, kind.value, text, author) for number in numbers))

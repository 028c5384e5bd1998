"""Write down what was done with devices, for their timelines. Called by all that lets devices leave or return."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from devices.changes import VARIOUS, WORDS, Action, announce
from devices.imports.sql import append
from devices.models import Device

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
    numbers, told = list(devices), dict(detail or {})
    at = connection.ops.adapt_datetimefield_value(timezone.now())
    text, author = json.dumps(told, ensure_ascii=False), person.pk if person else None
    append(DeviceEvent._meta.db_table, COLUMNS, ((number, at, kind.value, text, author) for number in numbers))
    fields: dict[str, tuple[Any, Any]] = {}
    if kind in BECOMES:
        fields["status"] = (VARIOUS, BECOMES[kind].value)
    if kind is Kind.HANDED_OVER:
        fields["user"] = (told.get("former", ""), told.get("new", ""))
    announce(Device, Action.CHANGED, CODES[kind], ids=numbers, fields=fields, person=person)

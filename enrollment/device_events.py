"""Write down what was done with devices, for their timelines. Called by all that lets devices leave or return."""

import json
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from devices.imports.sql import append

from .models import DeviceEvent

COLUMNS = ("device_id", "at", "kind", "detail", "person_id")


def note(
    devices: Iterable[int], kind: DeviceEvent.Kind, person: User | None, detail: Mapping[str, str] | None = None
) -> None:
    """Add one event to the timeline of each device; one statement, inside the caller's transaction.

    Args:
        devices: their numbers.
        kind: what happened.
        person: who did it; None: nobody, or a job.
        detail: what the timeline tells besides; never a secret.
    """
    at = connection.ops.adapt_datetimefield_value(timezone.now())
    text, author = json.dumps(detail or {}, ensure_ascii=False), person.pk if person else None
    append(DeviceEvent._meta.db_table, COLUMNS, ((number, at, kind.value, text, author) for number in devices))

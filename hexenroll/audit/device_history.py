"""Which changes of one device does its timeline tell? Registered with enrollment/device_timeline.py, which asks."""

from collections.abc import Iterable
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from devices.models import Device
from devices.scope import visible
from enrollment.device_events import CODES
from hexenroll.models import AuditEntry
from invitations.timeline import Entry

from .of_object import entries_of
from .words import Difference, actor_of, differences, what_of

VIEW: Final = "hexenroll.view_auditentry"
# The timeline has events of its own for these.
TOLD: Final = frozenset(CODES.values())
# Say nothing to a person.
SILENT: Final = frozenset({"updated_at", "created_at"})


def changes_of(device: Device, person: Any, most: int) -> Iterable[Entry]:
    """Yield the newest entries of the audit log about a device, for whoever may read the log; one query."""
    if not person.has_perm(VIEW):
        return
    for entry in visible(entries_of(device), person)[:most]:
        if (entry.additional_data or {}).get("what") in TOLD:
            continue
        url = reverse("admin:hexenroll_auditentry_change", args=[entry.pk])
        if entry.action == AuditEntry.Action.CREATE:
            if device.source == Device.Source.MANUAL and entry.actor_name:
                title, icon = _("Pre-approved by hand"), "playlist_add_check"
                yield Entry(device.created_at, title, icon, person=entry.actor_name, url=url)
            continue
        entry.changes = {name: value for name, value in (entry.changes or {}).items() if name not in SILENT}
        text = "\n".join(map(_line, differences(entry)))
        if text:
            yield Entry(entry.timestamp, what_of(entry), "edit", text=text, person=actor_of(entry), url=url)


def _line(found: Difference) -> str:
    shown = {"field": found.field, "before": found.before, "after": found.after}
    if found.before and found.after:
        return _("%(field)s: %(after)s (before: %(before)s)") % shown
    return (_("%(field)s: added %(after)s") if found.after else _("%(field)s: removed %(before)s")) % shown

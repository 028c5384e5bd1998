"""What is told of a device's events, and to whom? For its timeline, and for how it left on its page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from devices.models import Device
from devices.scope import scope_of

from .disenroll import LeaveReason
from .models import DeviceEvent


@dataclass(frozen=True)
class ToldEvent:
    """An event, as far as somebody may know it.

    Attributes:
        event: its kind and its time anybody may know who sees the device.
        text: what is told besides, in the reader's language; "": nothing.
        person: user name of who did it; "": nobody, or nobody whom the reader may know.
    """

    event: DeviceEvent
    text: str = ""
    person: str = ""


def told_events(device: Device, events: Iterable[DeviceEvent], reader: Any) -> Iterator[ToldEvent]:
    """Yield events; of what happened in a domain in which the reader doesn't work, kind and time alone.

    Args:
        device: whose events they are.
        events: the newest first, with its hand-overs; selected with their persons.
        reader: who looks.
    """
    scope, domain = scope_of(reader), device.domain_id
    for event in events:
        detail, is_known = event.detail, scope.has(domain)
        if "left" in detail:  # a domain: what is older happened there
            domain = detail["left"]
            came_from, went_to = scope.has(domain), scope.has(detail["joined"])
            is_known = came_from or went_to
            someone = _("a user of another domain")
            detail = {
                "former": (detail["former"] or _("nobody")) if came_from else someone,
                "new": detail["new"] if went_to else someone,
            }
        if "import" in detail and not reader.has_perm("devices.view_importbatch"):
            detail = {}
        if not is_known:
            yield ToldEvent(event)
            continue
        yield ToldEvent(event, _text(detail), event.person.get_username() if event.person else "")


def _text(detail: dict[str, Any]) -> str:
    if (reason := detail.get("reason", "")) in LeaveReason.values:
        shown = {"reason": LeaveReason(reason).label, "text": detail.get("text", "")}
        return _("%(reason)s: %(text)s") % shown if shown["text"] else str(shown["reason"])
    if detail.get("former"):
        return _("From %(former)s to %(new)s") % {"former": detail["former"], "new": detail.get("new") or _("nobody")}
    if detail.get("new"):
        return _("To %(new)s") % {"new": detail["new"]}
    if detail.get("import"):
        return _("By the import of “%(file)s”") % {"file": detail["import"]}
    if detail.get("ade_account"):
        return _("For the ADE account “%(name)s”") % {"name": detail["ade_account"]}
    return str(detail.get("why", ""))

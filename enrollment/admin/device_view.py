"""What does the page of one device show? Its record, what it says of itself, its policies and its history, to be read.

Called by device.py; the form that changes a device is a page of its own.
"""

import json
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from devices.models import Device, DeviceInventory
from devices.policies.conflicts import conflicts_of
from devices.policies.effective import effective_of
from enrollment.ade.listing_of_device import listings_of
from enrollment.ade.profile_words import assignment_of
from enrollment.device_timeline import FEW, MANY, batch_of, device_timeline, inventory_of
from enrollment.event_words import told_events
from enrollment.methods import Method
from enrollment.models import Conflict, DeviceEvent
from enrollment.policy_standing import Standing, standings_of
from invitations.admin.device import invitations_of

from .ade_device_filters import PROFILE_WORDS

Status = Device.Status
# So much of what a device tells of its hardware, or an import of a device, is on its page.
FACTS_SHOWN = 60
LONGEST_FACT = 300  # characters
GROUPS_SHOWN = 20
POLICY_TONES = {
    Standing.ASSIGNED: "neutral",
    Standing.OUTDATED: "warning",
    Standing.DELIVERED: "info",
    Standing.APPLIED: "success",
    Standing.FAILED: "error",
    Standing.WITHDRAWN: "warning",
}
STATUS_TONES = {
    Status.PRE_APPROVED: "info",
    Status.ENROLLED: "success",
    Status.DISENROLLED: "warning",
    Status.BLOCKED: "error",
}
PLATFORM_ICONS = {
    "android": "android",
    "ios": "smartphone",
    "macos": "laptop_mac",
    "linux": "computer",
    "tvos": "tv",
    "windows": "laptop_windows",
}
# What the page reads of other tables in the device's own query.
RELATED = ("inventory", "user", "domain", "import_batch__created_by")


def shown_of(request: HttpRequest, device: Device) -> dict[str, Any]:
    """Return what the page of a device needs, besides what may be done with it.

    Args:
        request: of somebody who may see the device; `?history=all` asks for more of its history.
        device: selected with RELATED.
    """
    person, inventory = request.user, inventory_of(device)
    is_all = request.GET.get("history") == "all"
    standings = standings_of(device)
    history = device_timeline(device, person, standings, most=MANY if is_all else FEW)
    groups = list(device.groups.order_by("name").values("pk", "name", "rule")[: GROUPS_SHOWN + 1])
    return {
        "original": device,
        "tone": STATUS_TONES[Status(device.status)],
        "icon": PLATFORM_ICONS.get(device.platform, "devices"),
        "is_pre_approved": device.status == Status.PRE_APPROVED,
        "has_expired": bool(device.approval_expires_at and device.approval_expires_at <= timezone.now()),
        "inventory": inventory,
        "import_batch": batch_of(device, person),  # not "batch": the frame shows the facts of that beside the page
        "method": dict(Method.choices).get(inventory.method, inventory.method) if inventory else "",
        "hardware": facts_of(inventory.hardware, without=("manufacturer", "model")) if inventory else [],
        "place": place_of(inventory) if inventory else None,
        "policies": [(found, POLICY_TONES[found.standing]) for found in standings],
        "policy_conflicts": _contradictions(device, person, len(standings)),
        "at_apple": [
            (found, PROFILE_WORDS.get(found.profile_status, found.profile_status), assignment_of(found))
            for found in listings_of(device, person)
        ],
        "attributes": facts_of(device.custom_attributes),
        "groups": groups[:GROUPS_SHOWN],
        "has_more_groups": len(groups) > GROUPS_SHOWN,
        "history": history,
        "is_whole_history": is_all,
        "leaving": _leaving(device, person),
        "open_conflicts": _open_conflicts(device, person),
        **invitations_of(device.pk, person),
    }


def facts_of(told: Any, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return the names and values of an object as texts, those of `without` left out."""
    if not isinstance(told, dict):
        return []
    facts = [(name, value) for name, value in sorted(told.items()) if name not in without]
    return [
        (
            name[:LONGEST_FACT],
            (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:LONGEST_FACT],
        )
        for name, value in facts[:FACTS_SHOWN]
    ]


def place_of(inventory: DeviceInventory) -> dict[str, str] | None:
    """Return the coordinates, as people read them and with the address of a map; None: it told none."""
    if inventory.latitude is None or inventory.longitude is None:
        return None
    latitude, longitude = f"{inventory.latitude:.5f}", f"{inventory.longitude:.5f}"
    return {
        "latitude": latitude,
        "longitude": longitude,
        "map": f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}",
        "accuracy": f"{inventory.accuracy:.0f}" if inventory.accuracy is not None else "",
    }


def _contradictions(device: Device, person: Any, policies: int) -> list[Any]:
    if policies < 2 or not person.has_perm("devices.view_policy"):
        return []
    return conflicts_of(effective_of([device.pk])[device.pk])


def _leaving(device: Device, person: Any) -> dict[str, Any]:
    """Return how a disenrolled device left: the words, and who did it."""
    if device.status != Status.DISENROLLED:
        return {}
    kinds = (DeviceEvent.Kind.DISENROLLED, DeviceEvent.Kind.LEFT)
    events = DeviceEvent.objects.filter(device=device, kind__in=(*kinds, DeviceEvent.Kind.HANDED_OVER))
    told = told_events(device, events.select_related("person"), person)
    found = next((one for one in told if one.event.kind in kinds), None)
    if found is None:  # one that was unblocked has left without an event of its own
        return {"text": device.disenroll_reason, "by": ""}
    return {"text": found.text or found.event.get_kind_display(), "by": found.person}


def _open_conflicts(device: Device, person: Any) -> list[Conflict]:
    if not person.has_perm("enrollment.view_conflict"):
        return []
    return list(Conflict.objects.filter(device=device, state=Conflict.State.OPEN)[:3])

"""Which page of devices comes next? POST /server/devices (the full list) and POST /devices/sync (the delta).

https://developer.apple.com/documentation/devicemanagement/get-a-list-of-devices
https://developer.apple.com/documentation/devicemanagement/sync-the-list-of-devices
"""

import json
from typing import Any

from tests.ade_simulator.answers import Answer, RefusedError, json_answer
from tests.ade_simulator.clock import stamp
from tests.ade_simulator.cursors import Cursors, Place
from tests.ade_simulator.fleet import Fleet
from tests.ade_simulator.request_log import SeenRequest

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000


def fetch_devices(fleet: Fleet, cursors: Cursors, body: dict[str, Any], seen: SeenRequest) -> Answer:
    """Answer a page of the full list. Its last cursor starts the delta; here, it is exhausted."""
    limit = limit_of(body)
    place = cursors.read(body["cursor"]) if "cursor" in body else Place("full", 0, len(fleet.events))
    if place.feed != "full":
        raise RefusedError(400, "EXHAUSTED_CURSOR")
    page: list[bytes] = []
    at = place.at
    while at < len(fleet.order) and len(page) < limit:
        device = fleet.listed.get(fleet.order[at])
        at += 1
        if device is not None and device.place == at - 1:  # else it went, or came back further down
            page.append(device.content)
            if is_repeated(fleet, at) and len(page) < limit:
                page.append(device.content)
    more = at < len(fleet.order)
    here = Place("full", at, place.since) if more else Place("delta", place.since, 0)
    return page_answer(cursors, page, here, more, seen)


def sync_devices(fleet: Fleet, cursors: Cursors, body: dict[str, Any], seen: SeenRequest) -> Answer:
    """Answer a page of what happened since the cursor, oldest first."""
    limit = limit_of(body)
    if body.get("cursor") in (None, ""):
        raise RefusedError(400, "CURSOR_REQUIRED")
    place = cursors.read(body["cursor"])
    if place.feed != "delta":  # the full list wasn't fetched to its end
        raise RefusedError(400, "INVALID_CURSOR")
    page: list[bytes] = []
    at = place.at
    while at < len(fleet.events) and len(page) < limit:
        event = fleet.events[at]
        at += 1
        operation = json.dumps({"op_type": event.op_type, "op_date": event.op_date}).encode()
        content = event.content[:-1] + b", " + operation[1:]
        page.append(content)
        if is_repeated(fleet, at) and len(page) < limit:
            page.append(content)
    return page_answer(cursors, page, Place("delta", at, 0), at < len(fleet.events), seen)


def is_repeated(fleet: Fleet, number: int) -> bool:
    return fleet.repeat_every > 0 and number % fleet.repeat_every == 0


def limit_of(body: dict[str, Any]) -> int:
    """Return how many devices the client wants at most. Apple's word for a wrong limit isn't documented."""
    limit = body.get("limit", DEFAULT_LIMIT)
    if type(limit) is not int or not 1 <= limit <= LARGEST_LIMIT:
        raise RefusedError(400, "MALFORMED_REQUEST_BODY")
    return limit


def page_answer(cursors: Cursors, page: list[bytes], here: Place, more: bool, seen: SeenRequest) -> Answer:
    seen.new_cursor, seen.devices = cursors.issue(here), len(page)
    rest = {
        "cursor": seen.new_cursor,
        "fetched_until": stamp(cursors.clock.now()),
        "more_to_follow": more,
    }
    return json_answer(b'{"devices": [' + b", ".join(page) + b"], " + json.dumps(rest).encode()[1:])

"""Which devices has an account, and what happened to them? The list and the log that the two feeds are read from."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.ade_simulator.catalogue import devices
from tests.ade_simulator.clock import Clock


class Listed(NamedTuple):
    """A device in the list: its place, and what Apple says about it as JSON."""

    place: int
    content: bytes


class Event(NamedTuple):
    """A change: op_type, op_date, and the device as it was then, as JSON."""

    op_type: str
    op_date: str
    content: bytes


class Fleet:
    """The devices of an account. JSON is made once, so that a page of a thousand costs a millisecond."""

    def __init__(self, clock: Clock, first_number: int) -> None:
        self.clock = clock
        self.next_number = first_number
        self.listed: dict[str, Listed] = {}
        self.order: list[str] = []  # places in the full list; a device that went leaves a gap
        self.events: list[Event] = []
        self.repeat_every = 0  # every n-th device of a page is in it twice; 0: none

    def buy(self, count: int, fields: dict[str, Any], *, told: bool = True) -> list[str]:
        """Add devices of the catalogue; return their serial numbers. `told`: the delta feed has them too."""
        stamp = self.clock.next_stamp()
        bought = list(devices(self.next_number, count, stamp, fields))
        self.next_number += count
        self._put("added", stamp, bought, told)
        return [serial for serial, _ in bought]

    def add_as_they_are(self, listed: Iterable[dict[str, Any]], *, told: bool = True) -> None:
        """Add devices exactly as given, however odd they are; one of a serial number that is there replaces it."""
        stamp = self.clock.next_stamp()
        given = [(str(device.get("serial_number")), json.dumps(device).encode()) for device in listed]
        self._put("added", stamp, given, told)

    def change(self, serials: Iterable[str], fields: dict[str, Any], *, told: bool = True) -> None:
        """Change fields of devices; None takes a field away."""
        stamp = self.clock.next_stamp()
        changed = []
        for serial in serials:
            device = json.loads(self.listed[serial].content) | fields
            kept = {name: value for name, value in device.items() if value is not None}
            changed.append((serial, json.dumps(kept).encode()))
        self._put("modified", stamp, changed, told)

    def remove(self, serials: Iterable[str], *, told: bool = True) -> None:
        """Take devices out of the list: the organisation assigned them to another server, or sold them."""
        stamp = self.clock.next_stamp()
        for serial in serials:
            gone = self.listed.pop(serial)
            if told:
                self.events.append(Event("deleted", stamp, gone.content))

    def tell(self, events: Iterable[dict[str, Any]]) -> None:
        """Put devices with op_type and op_date of their own into the delta feed alone, in the order given."""
        for event in events:
            device = {name: value for name, value in event.items() if name not in ("op_type", "op_date")}
            content = json.dumps(device).encode()
            self.events.append(Event(event["op_type"], event.get("op_date") or self.clock.next_stamp(), content))

    def _put(self, op_type: str, stamp: str, given: list[tuple[str, bytes]], told: bool) -> None:
        for serial, content in given:
            known = self.listed.get(serial)
            if known is None:
                self.order.append(serial)
            self.listed[serial] = Listed(len(self.order) - 1 if known is None else known.place, content)
        if told:
            self.events.extend(Event(op_type, stamp, content) for _, content in given)

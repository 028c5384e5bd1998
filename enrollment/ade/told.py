"""What does Apple say of a device, as far as it can be stored? From the JSON of a page, for pages.py.

Free of models. Whatever is sent becomes something that both databases take, or is left out; nothing of it fails.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from devices.imports.columns.serial_numbers import SerialWidget, is_junk_serial
from devices.vocabulary import Platform

from .answers import moment, storable

logger = logging.getLogger(__name__)

# Whatever isn't here is kept and marked as not supported (PROTOCOLS.md, section 1).
PLATFORMS: Final = {
    "iOS": Platform.IOS.value,
    "iPadOS": Platform.IOS.value,
    "OSX": Platform.MACOS.value,
    "tvOS": Platform.TVOS.value,
}
LONGEST_SERIAL: Final = 64
# Names as Apple's, with the most characters that are kept.
LASTING: Final = {"model": 255, "description": 255, "color": 64, "os": 32, "device_family": 64}
CHANGING: Final = {"asset_tag": 255, "profile_status": 16, "profile_uuid": 64, "device_assigned_by": 255}
MOMENTS: Final = ("profile_assign_time", "profile_push_time", "device_assigned_date")
FACTS: Final = (*LASTING, *CHANGING, *MOMENTS)


@dataclass(frozen=True, slots=True)
class Told:
    """One device of a page."""

    serial_number: str
    facts: Mapping[str, Any]
    op_date: datetime | None
    is_deleted: bool
    is_usable: bool  # the serial number can be a device's own

    def facts_after(self, former: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known now; what never changes and isn't said stays as it was."""
        return {**self.facts, **{name: self.facts[name] or former.get(name, "") for name in LASTING}}

    def platform_after(self, former_os: str, former: str) -> str:
        """Return the platform; "": none that we know. Apple may leave the operating system out of a change."""
        return PLATFORMS.get(self.facts["os"], "") if self.facts["os"] else PLATFORMS.get(former_os, former)


def read(devices: Iterable[Mapping[str, Any]], *, is_list: bool) -> dict[str, Told]:
    """Return the devices of a page by serial number; of a repeated one, what has the highest op_date, else the last.

    Args:
        devices: as Apple sends them.
        is_list: of the whole list: each is there, and nothing is older than what we know.
    """
    found: dict[str, Told] = {}
    skipped = 0
    for device in devices:
        told = _told(device, is_list)
        if told is None:
            skipped += 1
            continue
        known = found.get(told.serial_number)
        if known is None or known.op_date is None or told.op_date is None or told.op_date >= known.op_date:
            found[told.serial_number] = told
    if skipped:
        logger.warning("%s devices of a page of Apple's list have no serial number that can be stored", skipped)
    return found


def _told(device: Mapping[str, Any], is_list: bool) -> Told | None:
    serial = device.get("serial_number")
    if not isinstance(serial, str) or not 1 <= len(serial) <= LONGEST_SERIAL or serial != storable(serial):
        return None
    facts: dict[str, Any] = {name: _text(device.get(name), most) for name, most in LASTING.items()}
    facts |= {name: _text(device.get(name), most) for name, most in CHANGING.items()}
    facts |= {name: _moment(device.get(name)) for name in MOMENTS}
    return Told(
        serial,
        facts,
        None if is_list else _moment(device.get("op_date")),
        not is_list and device.get("op_type") == "deleted",
        not is_junk_serial(serial) and SerialWidget.CHARACTERS.search(serial) is None,
    )


def _text(value: Any, longest: int) -> str:
    return storable(value)[:longest] if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    return moment(value) if isinstance(value, str) and value else None

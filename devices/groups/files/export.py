"""How are groups written into a file that comes back unchanged? Groups filled by hand, with the devices of a person.

A line for each group; of a large one several, so that no cell is longer than a spreadsheet can hold.
"""

from collections.abc import Iterator
from typing import Any

from devices.groups.facts import members_of
from devices.imports.columns.cells import neutralise
from devices.models import DeviceGroup
from devices.vocabulary import NAME_SEPARATOR

from .contract import DESCRIPTION, GROUP, MEMBERS

# Source: Excel's specifications and limits: 32,767 characters in a cell.
CELL = 32_000


def rows(person: Any) -> Iterator[list[str]]:
    """Yield the header and each group; without groups with a rule and devices without a serial number."""
    yield [GROUP, MEMBERS, DESCRIPTION]
    for group in DeviceGroup.objects.static().order_by("name").iterator(chunk_size=500):
        description = neutralise(group.description)
        for members in _cells(group, person):
            yield [neutralise(group.name), members, description]
            description = ""


def _cells(group: DeviceGroup, person: Any) -> Iterator[str]:
    """Return the members of a group, divided into cells; of an empty one, an empty cell."""
    devices = members_of(group, person).exclude(serial_number=None).exclude(serial_number__contains=NAME_SEPARATOR)
    taken: list[str] = []
    length = 0
    is_empty = True
    rows = devices.order_by("pk").values_list("platform", "serial_number").iterator(chunk_size=5_000)
    for platform, serial_number in rows:
        text = f"{platform}/{serial_number}"
        if taken and length + len(text) + 1 > CELL:
            yield NAME_SEPARATOR.join(taken)
            taken, length = [], 0
        taken.append(text)
        length += len(text) + 1
        is_empty = False
    if taken or is_empty:
        yield NAME_SEPARATOR.join(taken)

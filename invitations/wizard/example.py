"""Whose message is shown as an example on the page Send? Called by its view."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from devices.imports.outcomes import ticked_devices
from devices.models import Device, ImportBatch, ImportRow
from invitations.messages.preview import Preview, preview_for
from invitations.reach import Obstacle, reached

from .choices import SendForm

# Rows that are looked at together for one that is reached: few at first, as most are.
WINDOWS = (50, 2_000, 20_000)


@dataclass(frozen=True)
class Example:
    """The message of one row.

    Attributes:
        line: of the file; 0: there is no such row.
        device: of that row, with its user at hand; None: there is none.
        message: None: it gets none.
        problem: why there is no message, or not the one that was asked for; "" otherwise.
        has_previous, has_next: whether other rows may have a message.
    """

    line: int = 0
    device: Device | None = None
    message: Preview | None = None
    problem: str = ""
    has_previous: bool = False
    has_next: bool = False


def example(batch: ImportBatch, form: SendForm, asked: Any, sender: User) -> Example:
    """Return the message that is asked for, else that of the first row that gets one.

    Args:
        batch: a committed import.
        form: what is chosen.
        asked: of the request: the `serial` of a device, a `line`, or what is `previous` or `next` to a line.
        sender: who would send it.
    """
    channel, again = form.chosen("channel"), form.chosen("include_invited")
    serial = asked.get("serial", "").strip().replace("\0", "")
    if serial:
        line = _line_of(batch, serial)
        if not line:
            text = _("No ticked row of this import has the serial number “%(serial)s”.")
            return Example(problem=text % {"serial": serial[:64]})
    elif previous := _line(asked.get("previous")):
        line = _find(batch, channel, again, previous, forward=False)
    elif "next" in asked:
        line = _find(batch, channel, again, _line(asked.get("next")), forward=True)
    else:
        same = _line(asked.get("line"))  # or, where another channel was chosen that doesn't reach it, one that it does
        line = _find(batch, channel, again, max(same - 1, 0), forward=True)
        line = line or _find(batch, channel, again, 0, forward=True)
    if not line:
        return Example(problem=_("There is no further message: nobody else of this import is reached this way."))
    return _of_line(batch, form, line, sender)


def _of_line(batch: ImportBatch, form: SendForm, line: int, sender: User) -> Example:
    channel, again = form.chosen("channel"), form.chosen("include_invited")
    devices = ticked_devices(batch, (line, line)).select_related("user__domain", "domain")
    device = reached(devices, channel, include_invited=again).first()
    rows = _ticked(batch)
    around = {
        "has_previous": rows.filter(line__lt=line).exists(),
        "has_next": rows.filter(line__gt=line).exists(),
    }
    if device is None:
        return Example(line, problem=_("The row of this device did not go in, so it gets no message."), **around)
    if not device.via:
        return Example(line, device, problem=str(Obstacle(device.obstacle).label), **around)
    days = form.chosen("validity_days")
    message = preview_for(device, device.via, form.chosen("language"), sender=sender, days=days)
    return Example(line, device, message, message.problem, **around)


def _find(batch: ImportBatch, channel: str, again: bool, line: int, *, forward: bool) -> int:
    """Return the next line after `line`, or before it, whose device is reached; 0: there is none."""
    for rows in _windows(batch, line, forward=forward):
        lines = sorted(number for number, _serial, _platform in rows)
        devices = reached(ticked_devices(batch, (lines[0], lines[-1])), channel, include_invited=again)
        found = set(devices.exclude(via="").order_by().values_list("serial_number", "platform"))
        for number, serial, platform in rows:
            if (serial, platform) in found:
                return number
    return 0


def _windows(batch: ImportBatch, line: int, *, forward: bool) -> Iterator[list[tuple[int, str, str]]]:
    """Yield the ticked rows after a line, or before it, as (line, serial number, platform), in growing portions."""
    sizes = iter(WINDOWS)
    size = 0
    while True:
        size = next(sizes, size)
        rows = _ticked(batch).filter(line__gt=line) if forward else _ticked(batch).filter(line__lt=line)
        ordered = rows.order_by("line" if forward else "-line").values_list("line", "serial_number", "platform")
        found = list(ordered[:size])
        if not found:
            return
        yield found
        line = found[-1][0]


def _ticked(batch: ImportBatch) -> Any:
    return ImportRow.objects.filter(batch=batch, is_good=True, invite=True)


def _line_of(batch: ImportBatch, serial: str) -> int:
    line = _ticked(batch).filter(serial_number=serial).order_by("line").values_list("line", flat=True).first()
    return int(line or 0)


def _line(text: str | None) -> int:
    """Read a line's number from an address; 0: it is none."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 0

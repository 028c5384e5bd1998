"""Which rows are in the file of a list's devices, when there may be a million? Called by the list's export page.

Only the numbers of the devices are read at once, by a cursor; the rows follow in chunks, so that memory stays flat.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from devices.imports.columns.cells import CellWidget
from devices.models import Device
from devices.resources import DeviceResource

from .columns import Column

CHUNK: Final = 1_000
Row = Sequence[str]


def importable(devices: QuerySet[Device]) -> Iterator[Row]:
    """Yield the header and each device as the import reads them."""
    resource = DeviceResource()
    yield list(DeviceResource.headers())
    fields = resource.get_export_fields()
    prepare: Callable[[QuerySet[Device]], QuerySet[Device]] = resource.filter_export
    for device in _in_chunks(devices, prepare):
        yield [str(resource.export_field(field, device) or "") for field in fields]


def as_listed(devices: QuerySet[Device], columns: Sequence[Column]) -> Iterator[Row]:
    """Yield the header and each device with the columns of the list, for people to read."""

    def prepare(rows: QuerySet[Device]) -> QuerySet[Device]:
        rows = rows.select_related("domain")
        for column in columns:
            rows = column.prepare(rows) if column.prepare else rows
        return rows

    neutral = CellWidget(max_length=1_000).render
    yield [str(column.short_description) for column in columns]
    for device in _in_chunks(devices, prepare):
        yield [neutral(_in_words(column.value(device))) for column in columns]


def _in_chunks(devices: QuerySet[Device], prepare: Callable[[QuerySet[Device]], QuerySet[Device]]) -> Iterator[Device]:
    """Yield the devices in their order, each chunk by a constant number of queries."""
    keys = devices.values_list("pk", flat=True).iterator(chunk_size=CHUNK)
    while chunk := list(islice(keys, CHUNK)):
        rows = prepare(Device.objects.filter(pk__in=chunk)).defer("one_time_password").order_by()
        by_key = {device.pk: device for device in rows}
        yield from (by_key[key] for key in chunk if key in by_key)  # one that went meanwhile is left out


def _in_words(value: Any) -> str:
    if isinstance(value, tuple):  # the stored value and its words
        value = value[1]
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(" ", "seconds")
    return "" if value is None else str(value)

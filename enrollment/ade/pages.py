"""How does a page of Apple's list come into the database? What it says, the cursor and the counts, in one transaction.

Called by the sync. What is there is read and locked by one statement, compared, and written by one; the number of
statements is the same for a page of one device and of a thousand.
"""

import json
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import F

from devices.approval import excluded_platforms
from enrollment.models import AdeAccount, AdeDevice, AdeSync

from . import approve, runs, withdraw
from .answers import DevicePage
from .changed import Changes
from .told import FACTS, Told, read

logger = logging.getLogger(__name__)
T = TypeVar("T")

Approval = AdeDevice.Approval
CHUNK: Final = approve.CHUNK
TRIES: Final = 3

# What a row has besides what Apple says; and all that is written, in this order.
_OURS: Final = (
    "platform",
    "op_date",
    "is_listed",
    "approval",
    "seen_by",
    "wanted_profile_id",
    "assign_state",
    "has_made_device",
)
_WRITTEN: Final = ("serial_number", *FACTS, *_OURS, "removed_at", "assign_after")
_READ: Final = ("id", *_WRITTEN)
_SOURCE: Final = {
    "postgresql": "json_populate_recordset(NULL::enrollment_adedevice, %(rows)s::json) AS told",
    "sqlite": "(SELECT {items} FROM json_each(%(rows)s)) AS told",
}
_WRITE: Final = """
INSERT INTO enrollment_adedevice (account_id, {names})
SELECT %(account)s, {values} FROM {source} WHERE true
ON CONFLICT (account_id, serial_number) DO UPDATE SET {changes}
"""


@dataclass
class Counts:
    """What a page came to."""

    fetched: int = 0
    added: int = 0
    modified: int = 0
    deleted: int = 0
    pre_approved: int = 0
    withdrawn: int = 0

    def as_changes(self) -> dict[str, Any]:
        return {name: F(name) + number for name, number in vars(self).items() if number}


def save(run: AdeSync, page: DevicePage, *, next_phase: AdeSync.Phase) -> None:
    """Save a page, and where to go on after it.

    Args:
        run: in this worker's hand; knows afterwards what was saved.
        page: of the whole list, or of changes, by the run's phase.
        next_phase: of the run, after this page.

    Raises:
        LostRunError: nothing was saved.
    """
    is_list = run.phase == AdeSync.Phase.LIST
    told = read(page.devices, is_list=is_list)

    def write() -> Counts:
        runs.keep(run)
        account = AdeAccount.objects.get(pk=run.account_id)
        counts = _write_page(run, account, told, run.mark if is_list else None)
        counts.fetched = len(page.devices)
        AdeAccount.objects.filter(pk=account.pk).update(cursor=page.cursor)
        changes = {**counts.as_changes(), "pages": F("pages") + 1, "tries": 0, "error": "", "phase": next_phase}
        AdeSync.objects.filter(pk=run.pk).update(**changes)
        return counts

    counts = in_transaction(write)
    run.account.cursor, run.phase, run.tries = page.cursor, next_phase, 0
    run.pre_approved += counts.pre_approved


def remove(run: AdeSync, chosen: Collection[int]) -> None:
    """Take ADE devices off the list, as if Apple had said of each that it was deleted."""

    def write() -> None:
        runs.keep(run)
        account = AdeAccount.objects.get(pk=run.account_id)  # its domain may be another one by now
        deleted, withdrawn = withdraw.remove(account, chosen)
        _count(run, Counts(deleted=deleted, withdrawn=withdrawn))

    in_transaction(write)


def approve_some(run: AdeSync, chosen: Collection[int]) -> None:
    """Pre-approve ADE devices that wait for it."""

    def write() -> int:
        runs.keep(run)
        account = AdeAccount.objects.get(pk=run.account_id)
        devices = AdeDevice.objects.filter(pk__in=chosen)
        made = approve.approve(account, devices, person=run.created_by, before=run.pre_approved)
        _count(run, Counts(pre_approved=made))
        return made

    run.pre_approved += in_transaction(write)


def _count(run: AdeSync, counts: Counts) -> None:
    if changes := counts.as_changes():
        AdeSync.objects.filter(pk=run.pk).update(**changes)


def in_transaction(write: Callable[[], T]) -> T:
    """Run `write` in a transaction; once more where another one was in its way."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return write()
        except OperationalError as error:  # a deadlock with what somebody does to the same devices
            if attempt == TRIES:
                raise
            logger.info("a page of Apple's list is saved anew: %s", type(error).__name__)
    raise AssertionError("The last try returns or raises.")


def _write_page(run: AdeSync, account: AdeAccount, told: dict[str, Told], mark: int | None) -> Counts:
    """Write what a page says; inside the transaction."""
    counts, page = Counts(), Changes(mark)
    known = AdeDevice.objects.filter(account=account, serial_number__in=list(told))
    locked = known.order_by("pk").select_for_update(of=("self",)).values(*_READ)
    rows = {row["serial_number"]: dict(row) for row in locked}
    for serial, device in told.items():
        page.take(device, rows.get(serial))
    others = _approve(run, account, page, counts)
    _write(account, page.written)
    if others:
        approve.recognise(account, AdeDevice.objects.filter(account=account, serial_number__in=others))
    if mark is not None and page.unchanged:
        AdeDevice.objects.filter(pk__in=page.unchanged).update(seen_by=mark)
    if page.removed:
        counts.deleted, counts.withdrawn = withdraw.remove(account, page.removed)
    counts.added, counts.modified = page.added, page.modified
    return counts


def _approve(run: AdeSync, account: AdeAccount, page: Changes, counts: Counts) -> list[str]:
    """Make devices for the rows that wait for it; return the serial numbers of those whose device is there already."""
    if not account.pre_approve:
        return []
    excluded, gone = excluded_platforms(), set(page.removed)
    waiting = {
        (row["serial_number"], row["platform"]): row
        for row in page.written
        if row["approval"] == Approval.WAITING
        and row["is_listed"]
        and row["platform"] not in excluded
        and row.get("id") not in gone
    }
    created = approve.create(account, list(waiting), person=run.created_by, before=run.pre_approved)
    for place in created:
        waiting[place] |= {"approval": Approval.MADE.value, "has_made_device": True}
    counts.pre_approved = len(created)
    return [serial for serial, platform in waiting if (serial, platform) not in created]


def _write(account: AdeAccount, rows: Iterable[dict[str, Any]]) -> None:
    """Write whole rows by one statement, new ones and those that are there."""
    listed = [{name: _as_json(row[name]) for name in _WRITTEN} for row in rows]
    if not listed:
        return
    items = ", ".join(f"value->>'{name}' AS {name}" for name in _WRITTEN)
    statement = _WRITE.format(
        names=", ".join(_WRITTEN),
        values=", ".join(f"told.{name}" for name in _WRITTEN),
        source=_SOURCE[connection.vendor].format(items=items),
        changes=", ".join(f"{name} = excluded.{name}" for name in _WRITTEN if name != "serial_number"),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"account": account.pk, "rows": json.dumps(listed, ensure_ascii=False)})


def _as_json(value: Any) -> Any:
    return str(connection.ops.adapt_datetimefield_value(value)) if isinstance(value, datetime) else value

"""How is a committed batch taken back?

Run by the worker: one transaction. Refused as a whole once a device of the batch has enrolled, or something else has
happened that can't be taken back; what somebody changed since the commit is left as it is, and named.
"""

import logging
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.changes import WORDS, Action, announce, kept_elsewhere
from devices.groups.membership import refresh
from devices.models import Device, DeviceGroup, DeviceUser, ImportBatch, ImportSnapshot

from .assignments import ASSIGNED
from .disk_full import is_disk_full
from .snapshots import overwritten
from .sql import execute, make_room, one_at_a_time, query, spell

logger = logging.getLogger(__name__)

CHUNK_DEVICES = 5_000
UNDONE = "import.undone"
WORDS[UNDONE] = gettext_lazy("Taken back with its import")
# So many serial numbers of what was left are stored and shown.
LEFT_SHOWN = 100
RESTORED = {
    "devices_deviceuser": "name = s.before->>'name', email = s.before->>'email', "
    "sam_account_name = s.before->>'sam_account_name', mobile = s.before->>'mobile'",
    "devices_device": "name = s.before->>'name', ownership = s.before->>'ownership', status = s.before->>'status', "
    "user_id = CAST(s.before->>'user_id' AS bigint), custom_attributes = s.before->'custom_attributes', "
    "one_time_password = s.before->>'one_time_password', "
    "approval_expires_at = CAST(s.before->>'approval_expires_at' AS {timestamp}), "
    "disenrolled_at = CAST(s.before->>'disenrolled_at' AS {timestamp}), "
    "disenroll_reason = COALESCE(s.before->>'disenroll_reason', '')",
}


def run(batch_id: int) -> None:
    """Undo a batch in state `undoing`; leaves it `undone`, or `committed` with the reason in `failure`."""
    try:
        with transaction.atomic():
            free = ImportBatch.objects.select_for_update(skip_locked=True, of=("self",))
            batch = free.filter(pk=batch_id, state=ImportBatch.State.UNDOING).first()
            if batch is not None:
                _undo(batch)
    except Exception as error:
        logger.exception("import batch %s: the undo failed", batch_id)
        if is_disk_full(error):
            text = _("Nothing was undone: the server's disk is full. Free space on it, then undo again.")
            _refuse(batch_id, "disk_full", text)
            return
        _refuse(
            batch_id, "internal", _("Nothing was undone: the undo could not be finished. The worker's log says why.")
        )
        raise


class Veto(Protocol):
    """Something else that stands in the way of an undo. Who knows of it adds it to VETOES when the program starts."""

    def __call__(self, batch: ImportBatch, devices: QuerySet[Device], *, lock: bool) -> str:
        """Return a sentence for the administrator, "" when nothing stands in the way.

        Args:
            batch: a committed batch.
            devices: those that it made or overwrote.
            lock: keep what was looked at as it is until the transaction ends.
        """


VETOES: list[Veto] = []


def obstacles(batch: ImportBatch, *, lock: bool = False) -> list[str]:
    """Return why a committed batch can't be undone, each as a sentence for the administrator; empty: it can."""
    found = []
    if enrolled := enrolled_since(batch).count():
        text = ngettext(
            "%(count)s device of this import has enrolled, or was blocked, since.",
            "%(count)s devices of this import have enrolled, or were blocked, since.",
            enrolled,
        )
        found.append(text % {"count": enrolled})
    found += [veto(batch, _written(batch), lock=lock) for veto in VETOES]
    return [text for text in found if text]


def enrolled_since(batch: ImportBatch) -> QuerySet[Device]:
    """Return the devices of a batch that are, or were, enrolled or blocked since: they stand in the way of undo."""
    return _written(batch).exclude(status=Device.Status.PRE_APPROVED)


def _written(batch: ImportBatch) -> QuerySet[Device]:
    """Return the devices that a batch made or overwrote."""
    overwritten = ImportSnapshot.objects.filter(batch=batch, kind=ImportSnapshot.Kind.DEVICE).values("object_id")
    return Device.objects.filter(import_batch=batch).order_by() | Device.objects.filter(pk__in=overwritten).order_by()


def _lock_written(batch: ImportBatch) -> None:
    """Lock the devices of a batch: one that enrolled after it was looked at would be deleted all the same."""
    locked = _written(batch).order_by("pk").select_for_update().values_list("pk")  # in everybody's order
    for _pk in locked.iterator(chunk_size=10_000):
        pass


def _written_users(batch: ImportBatch) -> QuerySet[DeviceUser]:
    """Return the device users that a batch made or overwrote."""
    overwritten = ImportSnapshot.objects.filter(batch=batch, kind=ImportSnapshot.Kind.USER).values("object_id")
    return DeviceUser.objects.filter(Q(import_batch=batch) | Q(pk__in=overwritten)).order_by("pk")


def _homeless(batch: ImportBatch) -> list[str]:
    """Return serial numbers of devices that can't be given back, because the user they belonged to is gone."""
    rows = query(
        "SELECT d.serial_number FROM devices_importsnapshot s JOIN devices_device d ON d.id = s.object_id "
        f"WHERE s.batch_id = %(batch)s AND s.kind = '{ImportSnapshot.Kind.DEVICE}' "
        f"AND d.updated_at = CAST(%(committed)s AS {spell('timestamp')}) AND s.before->>'user_id' IS NOT NULL "
        "AND CAST(s.before->>'user_id' AS bigint) NOT IN (SELECT id FROM devices_deviceuser) "
        "ORDER BY s.object_id LIMIT %(limit)s",
        {
            "batch": batch.pk,
            "committed": connection.ops.adapt_datetimefield_value(_committed_at(batch)),
            "limit": LEFT_SHOWN + 1,
        },
    )
    return [str(serial) for (serial,) in rows]


def _committed_at(batch: ImportBatch) -> datetime:
    """Return when the batch was committed: what it wrote and nobody changed since carries this time."""
    if batch.committed_at is None:
        raise ValueError(f"import batch {batch.pk} was never committed")
    return batch.committed_at


def _refuse(batch_id: int, code: str, message: str) -> None:
    batch = ImportBatch.objects.filter(pk=batch_id, state=ImportBatch.State.UNDOING)
    batch.fall_back(ImportBatch.State.COMMITTED, code, message)


def _undo(batch: ImportBatch) -> None:
    # A commit that replaces the same devices meanwhile would lose them: they are deleted as what they were.
    one_at_a_time()
    make_room()
    _lock_written(batch)
    if found := obstacles(batch, lock=True):
        _refuse(batch.pk, "stays", _("Nothing was undone: %(reasons)s") % {"reasons": " ".join(found)})
        return
    changed = _written(batch).exclude(updated_at=_committed_at(batch)).only("serial_number", "name")
    left = [device.serial_number or str(device) for device in changed[: LEFT_SHOWN + 1]]
    left += _homeless(batch)
    users = _written_users(batch).exclude(updated_at=_committed_at(batch))
    users_left = list(users.values_list("email", flat=True)[: LEFT_SHOWN + 1])
    counts: dict[str, object] = {
        "left": left[:LEFT_SHOWN],
        "left_more": len(left) > LEFT_SHOWN,
        "users_left": users_left[:LEFT_SHOWN],
        "users_left_more": len(users_left) > LEFT_SHOWN,
        "devices_gone": _gone(batch, ImportSnapshot.Kind.DEVICE, Device),
        "users_gone": _gone(batch, ImportSnapshot.Kind.USER, DeviceUser),
    }
    counts["devices_restored"] = _restore(batch, ImportSnapshot.Kind.DEVICE, "devices_device")
    refresh(overwritten(batch))  # the rules, or what they ask of a device, may be others than before the import
    counts["users_restored"] = _restore(batch, ImportSnapshot.Kind.USER, "devices_deviceuser")
    with kept_elsewhere():
        counts["devices_removed"] = _remove_devices(batch)
        counts["users_removed"] = _remove_users(batch)
        _remove_groups(batch)
    of_batch: dict[str, Any] = {"domain_id": batch.domain_id, "person": batch.undone_by, "source": batch}
    announce(Device, Action.DELETED, UNDONE, count=counts["devices_removed"], **of_batch)
    announce(DeviceUser, Action.DELETED, UNDONE, count=counts["users_removed"], **of_batch)
    announce(Device, Action.CHANGED, UNDONE, count=counts["devices_restored"], **of_batch)
    batch.move(
        source=ImportBatch.State.UNDOING,
        target=ImportBatch.State.UNDONE,
        undone_at=timezone.now(),
        failure={},
        counts={**batch.counts, "undo": counts},
    )


def _gone(batch: ImportBatch, kind: ImportSnapshot.Kind, model: type[Device | DeviceUser]) -> int:
    """Count what the batch overwrote and somebody deleted since: it can't be given back."""
    overwritten = ImportSnapshot.objects.filter(batch=batch, kind=kind)
    return overwritten.exclude(Exists(model._default_manager.filter(pk=OuterRef("object_id")))).count()


def _restore(batch: ImportBatch, kind: ImportSnapshot.Kind, table: str) -> int:
    """Give back what stood there, where nobody changed it since; return how many."""
    parameters = {"batch": batch.pk, "committed": connection.ops.adapt_datetimefield_value(_committed_at(batch))}
    mine = (
        f"s.batch_id = %(batch)s AND s.kind = '{kind}' AND o.updated_at = CAST(%(committed)s AS {spell('timestamp')})"
    )
    if kind == ImportSnapshot.Kind.DEVICE:
        # The former user may be gone: then the device stays with the one that the import gave it.
        mine += (
            " AND (s.before->>'user_id' IS NULL OR CAST(s.before->>'user_id' AS bigint) IN "
            "(SELECT id FROM devices_deviceuser))"
        )
    snapshots = f"devices_importsnapshot s JOIN {table} o ON o.id = s.object_id"
    if kind == ImportSnapshot.Kind.DEVICE:
        for field, (named, through, column) in ASSIGNED.items():
            execute(
                f"DELETE FROM {through} WHERE device_id IN (SELECT s.object_id FROM {snapshots} WHERE {mine})",
                parameters,
            )
            items = spell("items", value=f"s.before->'{field}'")
            execute(
                f"INSERT INTO {through} (device_id, {column}) SELECT s.object_id, CAST(item.value AS bigint) "
                f"FROM {snapshots} {items} WHERE {mine} AND CAST(item.value AS bigint) IN (SELECT id FROM {named})",
                parameters,
            )
    return execute(
        f"UPDATE {table} SET {RESTORED[table].format(timestamp=spell('timestamp'))}, "
        f"updated_at = CAST(s.before->>'updated_at' AS {spell('timestamp')}) "
        "FROM devices_importsnapshot s "
        f"WHERE s.batch_id = %(batch)s AND s.kind = '{kind}' AND s.object_id = {table}.id "
        f"AND {table}.id IN (SELECT s.object_id FROM {snapshots} WHERE {mine})",
        parameters,
    )


def _remove_devices(batch: ImportBatch) -> int:
    """Delete the devices that the batch made and nobody changed since, with whatever hangs on them."""
    made = Device.objects.filter(import_batch=batch, updated_at=_committed_at(batch)).order_by()
    removed = 0
    while numbers := list(made.values_list("pk", flat=True)[:CHUNK_DEVICES]):
        removed += Device.objects.filter(pk__in=numbers).delete()[1].get("devices.Device", 0)
    return removed


def _remove_users(batch: ImportBatch) -> int:
    """Delete the device users that the batch made, that nobody changed since, and that have no device."""
    made = DeviceUser.objects.filter(import_batch=batch, updated_at=_committed_at(batch))
    unused = made.exclude(Exists(Device.objects.filter(user=OuterRef("pk"))))
    return unused.order_by().delete()[1].get("devices.DeviceUser", 0)


def _remove_groups(batch: ImportBatch) -> None:
    """Delete the groups that the batch made and that are still, or again, empty."""
    made = ImportSnapshot.objects.filter(batch=batch, kind=ImportSnapshot.Kind.GROUP).values("object_id")
    DeviceGroup.objects.static().filter(pk__in=made, devices=None, policies=None).delete()

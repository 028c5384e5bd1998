"""How do the reviewed lines of a file become memberships, all of them or none? Run by work.py, in its transaction."""

from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from devices.changes import VARIOUS, WORDS, Action, announce
from devices.imports.bad_rows import keep_bad_rows
from devices.imports.sql import execute, make_room, one_at_a_time, query, spell
from devices.models import Device, DeviceGroup, GroupImport

from . import changes, check, contract, matching
from .matching import LINES

BY_FILE, MADE_BY_FILE = "group.file", "group.file_made"
WORDS[BY_FILE] = gettext_noop("Devices of device groups changed by a file")
WORDS[MADE_BY_FILE] = gettext_noop("Device groups changed by a file")
# So many names are told with the change; the import itself knows all.
NAMED = 50


class ReviewAgainError(Exception):
    """The portal changed since the review; the text says what to do."""

    code, line = "changed", None

    @property
    def message(self) -> str:
        return str(self)


def commit(batch: GroupImport) -> None:
    """Write what a file says; sets the result on `batch`, which the caller moves on.

    Args:
        batch: locked by the caller.

    Raises:
        ReviewAgainError: there are other errors than at the review.
    """
    one_at_a_time()  # an import of devices may be making the same group
    make_room()
    _match_again(batch)
    parameters: dict[str, object] = {"batch": batch.pk, "now": connection.ops.adapt_datetimefield_value(timezone.now())}
    _note_changes(batch, parameters)
    names = [name for name, *_counts in batch.counts["by_group"]]
    # A rule that is being saved for one of them waits.
    list(DeviceGroup.objects.static().filter(name__in=names).order_by("pk").select_for_update().values_list("pk"))
    created = _create(batch, parameters)
    _describe(batch, parameters)
    result = {"removed": _remove(batch, parameters), "added": _add(parameters), "created": created}
    told = {"groups": names[:NAMED]}
    facts: dict[str, Any] = {"person": batch.created_by, "source": batch}
    announce(Device, Action.CHANGED, BY_FILE, count=result["added"], added=told, **facts)
    announce(Device, Action.CHANGED, BY_FILE, count=result["removed"], removed=told, **facts)
    if batch.counts["bad"]:
        keep_bad_rows(batch, contract.limits())
    batch.counts = batch.counts | result
    batch.committed_at = timezone.now()


def _match_again(batch: GroupImport) -> None:
    """Match the lines with the portal as it is now.

    Raises:
        ReviewAgainError: something was right at the review, and isn't any more, or the other way round.
    """
    seen = set(_errors(batch))
    found = matching.ProblemCode
    codes = [
        found.UNKNOWN_DEVICE, found.UNKNOWN_DEVICE_CASE, found.AMBIGUOUS_SERIAL, found.NEW_GROUP, found.UNKNOWN_GROUP,
        found.GROUP_FILLED_BY_RULE, found.DESCRIPTION_STAYS, found.DESCRIPTIONS_DIFFER,
    ]  # fmt: skip
    batch.problems.filter(code__in=codes).delete()
    matching.match(batch, check.columns_of(batch))
    if set(_errors(batch)) != seen:
        raise ReviewAgainError(_("Nothing was imported: groups or devices changed since the check. Check it again."))
    batch.counts = changes.counted(batch)


def _errors(batch: GroupImport) -> list[tuple[int, str, str]]:
    return list(batch.problems.errors().values_list("line", "code", "value"))


def _note_changes(batch: GroupImport, parameters: dict[str, object]) -> None:
    """Let the devices that come into groups, or leave them, have been changed now (last_change.py).

    Before groups are locked, and by number: as everybody locks them.
    """
    execute(
        f"WITH wanted AS ({changes.WANTED}), added AS ({changes.ADDED}), removed AS ({changes.removed(batch)}), "
        "changed AS (SELECT id FROM devices_device WHERE id IN (SELECT device_id FROM added "
        f"UNION SELECT device_id FROM removed) ORDER BY id {spell('lock')}) "
        f"UPDATE devices_device SET updated_at = CAST(%(now)s AS {spell('timestamp')}) "
        "WHERE id IN (SELECT id FROM changed)",
        parameters,
    )


def _create(batch: GroupImport, parameters: dict[str, object]) -> int:
    """Make the groups that are not there yet; return how many."""
    if not batch.creates_groups:
        return 0
    now = f"CAST(%(now)s AS {spell('timestamp')})"
    made = query(
        f"INSERT INTO devices_devicegroup (name, description, created_at) SELECT DISTINCT l.name, '', {now} "
        f"FROM {LINES} l WHERE l.batch_id = %(batch)s AND l.is_good AND l.group_id IS NULL "
        "ON CONFLICT (name) DO NOTHING RETURNING id, name",
        parameters,
    )
    labels = {int(pk): str(name) for pk, name in made}
    ids = sorted(labels)
    announce(DeviceGroup, Action.CREATED, MADE_BY_FILE, ids=ids, labels=labels, person=batch.created_by, source=batch)
    matching.find_groups(batch)
    return len(labels)


def _describe(batch: GroupImport, parameters: dict[str, object]) -> None:
    """Give groups the descriptions of their last lines that have one."""
    if not batch.may_change_groups:
        return
    changed = query(
        "UPDATE devices_devicegroup SET description = s.description FROM (SELECT l.group_id, l.description, "
        "row_number() OVER (PARTITION BY l.group_id ORDER BY l.line DESC) AS nth "
        f"FROM {LINES} l WHERE l.batch_id = %(batch)s AND l.is_good AND l.description <> '') AS s "
        "WHERE s.nth = 1 AND devices_devicegroup.id = s.group_id "
        "AND devices_devicegroup.description <> s.description RETURNING devices_devicegroup.id",
        parameters,
    )
    ids = sorted(int(pk) for (pk,) in changed)
    fields = {"description": (VARIOUS, VARIOUS)}
    announce(DeviceGroup, Action.CHANGED, MADE_BY_FILE, ids=ids, fields=fields, person=batch.created_by, source=batch)


def _remove(batch: GroupImport, parameters: dict[str, object]) -> int:
    if not batch.removes_others:
        return 0
    return execute(
        "DELETE FROM devices_device_groups WHERE id IN (SELECT t.id FROM devices_device_groups t JOIN ("
        f"WITH wanted AS ({changes.WANTED}) {changes.removed(batch)}) AS r "
        "ON r.group_id = t.devicegroup_id AND r.device_id = t.device_id)",
        parameters,
    )


def _add(parameters: dict[str, object]) -> int:
    return execute(
        f"INSERT INTO devices_device_groups (device_id, devicegroup_id) SELECT device_id, group_id "
        f"FROM ({changes.WANTED}) AS w WHERE group_id IS NOT NULL ON CONFLICT DO NOTHING",
        parameters,
    )

"""Which devices are in the rule-based groups? Keeps their rows in the table between devices and groups right.

Membership is stored, so that the gate, effective policies and lists look it up as they do for groups filled by hand.
Forms and whatever else saves a device come here by themselves (devices/apps.py); set statements call `refresh`.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Value

from devices.models import Device, DeviceGroup

from .rule import FIELDS, Rule

logger = logging.getLogger(__name__)

Members = Device.groups.through


def place(device: Device) -> None:
    """Put one device into the rule-based groups that it belongs to, and take it out of the others.

    One statement where there are none, or nothing changes.

    Args:
        device: as it is, or will be when the transaction ends; it has a number.
    """
    is_in = Exists(Members.objects.filter(devicegroup=OuterRef("pk"), device=device.pk))
    groups = DeviceGroup.objects.ruled().order_by("pk").annotate(is_in=is_in).values_list("pk", "rule", "is_in")
    held = [(pk, Rule.from_json(rule).holds(device), was_in) for pk, rule, was_in in groups]
    if gone := [pk for pk, is_member, was_in in held if was_in and not is_member]:
        Members.objects.filter(device=device.pk, devicegroup__in=gone).delete()
    if come := [pk for pk, is_member, was_in in held if is_member and not was_in]:
        rows = [Members(device_id=device.pk, devicegroup_id=pk) for pk in come]
        Members.objects.bulk_create(rows, ignore_conflicts=True)


def refresh(devices: QuerySet[Device], *, are_new: bool = False) -> tuple[int, int]:
    """Put many devices into the rule-based groups that they belong to, and take them out of the others.

    At most two statements for each rule-based group, one where there are none, however many devices.

    Args:
        devices: those whose platform, ownership, domain, name or custom attributes may have changed.
        are_new: they are in no group by rule yet: there is nothing to take out.

    Returns:
        How many memberships were added, and how many removed.
    """
    added = removed = 0
    for pk, rule in DeviceGroup.objects.ruled().order_by("pk").values_list("pk", "rule"):
        come, gone = fit(pk, Rule.from_json(rule), devices, are_new=are_new)
        added, removed = added + come, removed + gone
    return added, removed


def fit(group_id: int, rule: Rule, devices: QuerySet[Device], *, are_new: bool = False) -> tuple[int, int]:
    """Do the same for one group."""
    devices = devices.order_by()
    inside = devices.filter(rule.condition())
    removed = 0
    if not are_new:
        there = Members.objects.filter(devicegroup=group_id, device__in=devices.values("pk"))
        removed = there.exclude(device__in=inside.values("pk"))._raw_delete(connection.alias)
    return add_members(group_id, inside), removed


def add_members(group_id: int, devices: QuerySet[Device]) -> int:
    """Put devices into a group by one statement; return how many were not in it."""
    chosen = devices.order_by().annotate(of_group=Value(group_id)).values_list("pk", "of_group")
    # SQLite takes the ON of "ON CONFLICT" for a join's where nothing stands before it.
    select, parameters = chosen.filter(pk__gt=0).query.sql_with_params()
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(Members._meta.db_table)
        cursor.execute(
            f"INSERT INTO {table} (device_id, devicegroup_id) {select} ON CONFLICT DO NOTHING",
            parameters,
        )
        return int(cursor.rowcount)


def place_saved(instance: Device, update_fields: Iterable[str] | None = None, raw: bool = False, **facts: Any) -> None:
    """Place a device that was saved; receiver of `post_save`."""
    if not raw and (update_fields is None or not FIELDS.isdisjoint(update_fields)):
        place(instance)


def keep_to_rules(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **facts: Any) -> None:
    """Undo what a change of memberships by hand did to rule-based groups; receiver of `m2m_changed`.

    A form that saves a device's groups names those filled by hand only: the others would be lost with it.
    """
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    if not reverse:
        place(instance)
    elif instance.rule is not None:
        devices = Device.objects.all() if pk_set is None else Device.objects.filter(pk__in=pk_set)
        fit(instance.pk, Rule.from_json(instance.rule), devices)

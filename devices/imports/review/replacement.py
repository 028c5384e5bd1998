"""What does Replace change for one row: the device user and the device as they are, and as they would be?

Asked by the review page. Mirrors commit.py: only what the file fills is overwritten. Never holds a password.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from devices.models import Device, DeviceUser, ImportBatch, ImportRow
from devices.vocabulary import Duplicates, Ownership

from ..columns import BY_FIELD
from ..mapping import Mapping


@dataclass(frozen=True)
class Change:
    """One detail, before and after."""

    label: str | Promise
    before: str
    after: str

    @property
    def is_change(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Replacement:
    """What Replace does with a row.

    Attributes:
        user: details of the device user; without one in the portal, `before` is empty.
        device: details of the device; the same.
        has_user: the device user is in the portal.
        has_device: the device is.
        told_by: a later line with the same e-mail address, which decides about the user; None: there is none.
    """

    user: list[Change]
    device: list[Change]
    has_user: bool
    has_device: bool
    told_by: int | None


def replacement(batch: ImportBatch, row: ImportRow) -> Replacement:
    """Return what the import of `row` overwrites when its choice is Replace; of a device of Apple ADE: as it is."""
    mapped = Mapping.from_json(batch.mapping).filled
    choice = row.decision or batch.duplicates
    same_user = DeviceUser.objects.filter(domain_id=batch.domain_id, email_key=Lower(Value(row.email)))
    user = same_user.first()
    devices = Device.objects.filter(serial_number=row.serial_number, platform=row.platform, domain_id=batch.domain_id)
    device = devices.select_related("user").prefetch_related("groups", "policies").first()
    is_given = row.kind == ImportRow.Kind.ADE_DEVICE
    last = _last_of_user(batch, row)
    return Replacement(
        user=_user_changes(user, last, mapped if choice == Duplicates.REPLACE or not is_given else frozenset()),
        device=_device_changes(batch, device, row, mapped),
        has_user=user is not None,
        has_device=device is not None,
        told_by=last.line if last.line != row.line else None,
    )


def _last_of_user(batch: ImportBatch, row: ImportRow) -> ImportRow:
    """Return the last row with the same e-mail address whose user's details would be written."""
    replaces = Q(kind=ImportRow.Kind.NEW) | Q(decision=Duplicates.REPLACE)
    if batch.duplicates == Duplicates.REPLACE:
        replaces |= Q(decision="")
    goes_in = replaces & ~Q(kind__in=(ImportRow.Kind.ENROLLED, ImportRow.Kind.BLOCKED))
    later = ImportRow.objects.filter(goes_in, batch=batch, is_good=True, line__gt=row.line)
    same = later.alias(key=Lower("email")).filter(key=Lower(Value(row.email)))
    return same.order_by("-line").first() or row


def _user_changes(user: DeviceUser | None, row: ImportRow, mapped: frozenset[str]) -> list[Change]:
    changes = []
    for field in ("name", "email", "sam_account_name", "mobile"):
        before = str(getattr(user, field)) if user else ""
        is_written = user is None or field in mapped
        changes.append(Change(BY_FIELD[field].label, before, getattr(row, field) if is_written else before))
    return changes


def _device_changes(batch: ImportBatch, device: Device | None, row: ImportRow, mapped: frozenset[str]) -> list[Change]:
    name = device.name if device else ""
    old_user = str(device.user) if device and device.user else ""
    is_given = row.kind == ImportRow.Kind.ADE_DEVICE
    new_name = row.device_name or (name if is_given else "")
    is_same_user = bool(device and device.user and device.user.email.lower() == row.email.lower())
    changes = [
        Change(_("Status"), str(device.get_status_display()) if device else "", str(Device.Status.PRE_APPROVED.label)),
        Change(BY_FIELD["device_name"].label, name, new_name if not device or "device_name" in mapped else name),
        Change(
            BY_FIELD["ownership"].label,
            str(device.get_ownership_display()) if device else "",
            str(Ownership(row.ownership).label),
        ),
        Change(_("Device user"), old_user, old_user if is_same_user else f"{row.name} <{row.email}>"),
        _names(batch, device, row, mapped, "groups"),
        _names(batch, device, row, mapped, "policies"),
    ]
    if "password" in mapped or (device and device.one_time_password):
        changes.append(_password(device, row))
    return changes + _attributes(device, row)


def _names(batch: ImportBatch, device: Device | None, row: ImportRow, mapped: frozenset[str], field: str) -> Change:
    """Return what is assigned: the file's names replace what was there, those of the whole batch come on top.

    A device of Apple ADE that gets its user loses nothing.
    """
    before = sorted(item.name for item in getattr(device, field).all()) if device else []
    kept = before if field not in mapped or row.kind == ImportRow.Kind.ADE_DEVICE else []
    named = (getattr(row, field) or []) if field in mapped else []
    after = sorted({*kept, *named, *getattr(batch, field).values_list("name", flat=True)})
    return Change(BY_FIELD[field].label, ", ".join(before), ", ".join(after))


def _password(device: Device | None, row: ImportRow) -> Change:
    before = _("set") if device and device.one_time_password else ""
    return Change(_("One-time password"), before, _("the one of the file") if row.one_time_password else before)


def _attributes(device: Device | None, row: ImportRow) -> list[Change]:
    """Return the custom attributes that the file names; the others stay."""
    old: dict[str, Any] = device.custom_attributes if device else {}
    new: dict[str, Any] = row.custom_attributes or {}
    text: Callable[[object], str] = lambda value: "" if value is None else str(value)  # noqa: E731
    return [Change(name, text(old.get(name)), text(value)) for name, value in new.items()]

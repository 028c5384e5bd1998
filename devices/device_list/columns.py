"""Which columns can the device list show, and in which order are they sorted? Higher layers add theirs (`offer`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from devices.models import Device


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the list; the admin's page calls it with each device.

    Attributes:
        name: in addresses and saved views.
        short_description: its header.
        value: what it shows of a device; None: nothing.
        admin_order_field: what it is sorted by; None: not at all.
        relation: row beside the device that this belongs to; devices without one come last, whichever way it is sorted.
        prepare: adds to the query of one page's devices what `value` reads, so that no row asks for itself.
        made_from: attribute of a device that alone decides what is shown: each of its values is made once for a page.
        label: colour of each stored value, where it is shown as a label; `value` returns the stored one and its words.
    """

    name: str
    short_description: Any
    value: Callable[[Device], Any]
    admin_order_field: str | None = None
    relation: str = ""
    prepare: Callable[[QuerySet[Device]], QuerySet[Device]] | None = None
    made_from: str = ""
    label: Mapping[Any, str] | bool = field(default=False)
    empty_value_display: str = "–"
    do_not_call_in_templates: bool = True

    @property
    def __name__(self) -> str:  # the class of its cells
        return self.name

    def __call__(self, device: Device) -> Any:
        return self.value(device)


COLUMNS: Final[dict[str, Column]] = {}
USUAL: Final = ("device", "serial_number", "platform", "ownership", "status", "user", "domain", "created_at")
TONES: Final = {
    Device.Status.PRE_APPROVED: "info",
    Device.Status.ENROLLED: "success",
    Device.Status.DISENROLLED: "warning",
    Device.Status.BLOCKED: "danger",
}


def offer(column: Column) -> None:
    """Add a column that can be chosen."""
    COLUMNS[column.name] = column


def chosen(names: Iterable[str]) -> list[Column]:
    """Return the columns of these names, in their order, each once; the device itself always is the first."""
    known = [name for name in dict.fromkeys(names) if name in COLUMNS and name != USUAL[0]]
    return [COLUMNS[name] for name in (USUAL[0], *(known or USUAL[1:]))]


def _of_choices(name: str, title: Any, *, order: bool = True) -> Column:
    return Column(name, title, methodcaller(f"get_{name}_display"), name if order else None, made_from=name)


def _of_inventory(name: str, title: Any, *, order: bool = True) -> Column:
    def value(device: Device) -> Any:
        inventory = getattr(device, "inventory", None)
        # A device that waits to enroll once more is not the one that reported this.
        shown = inventory is not None and device.status != Device.Status.PRE_APPROVED
        return (getattr(inventory, name) or None) if shown else None

    prepare: Callable[[QuerySet[Device]], QuerySet[Device]] = lambda devices: devices.select_related("inventory")  # noqa: E731
    return Column(name, title, value, f"inventory__{name}" if order else None, "inventory", prepare)


def _with_groups(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.prefetch_related("groups")


def _with_user(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.select_related("user")


def _status(device: Device) -> tuple[str, str]:
    return device.status, device.get_status_display()


for _column in (
    Column("device", _("device"), str, "name"),
    Column("serial_number", _("serial number"), lambda device: device.serial_number, "serial_number"),
    _of_choices("platform", _("platform")),
    _of_choices("ownership", _("ownership")),
    Column("status", _("enrollment status"), _status, "status", made_from="status", label=TONES),
    _of_choices("source", _("source"), order=False),  # an import would pay for an index of it
    Column("user", _("device user"), lambda device: device.user and device.user.name, "user__name", "user", _with_user),
    Column("email", _("e-mail"), lambda device: device.user and device.user.email, prepare=_with_user),
    Column("domain", _("domain"), lambda device: device.domain, "domain__name", "domain", made_from="domain_id"),
    Column("groups", _("device groups"), lambda device: ", ".join(map(str, device.groups.all())), prepare=_with_groups),
    _of_inventory("manufacturer", _("manufacturer"), order=False),
    _of_inventory("model", _("model")),
    _of_inventory("os_version", _("OS version")),
    _of_inventory("last_seen_at", _("last seen")),
    _of_inventory("enrolled_at", _("enrolled")),
    _of_inventory("ip_address", _("IP address"), order=False),
    Column("created_at", _("created"), lambda device: localdate(device.created_at), "created_at"),
    Column(
        "approval_expires_at",
        _("approval expires"),
        lambda device: device.approval_expires_at if device.status == Device.Status.PRE_APPROVED else None,
    ),
):
    offer(_column)

"""What does the lowest layer do to many devices at once? Groups, policies, and the end of approvals."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from devices import last_change
from devices.changes import Action, announce, kept_elsewhere
from devices.form_fields import ObjectsField
from devices.models import Device, DeviceGroup, Policy
from devices.scope import visible

from .kinds import Kind, KindForm, Outcome, offer

UNCHANGED, NOT_WAITING, GONE = "unchanged", "not_waiting", "gone"
REASONS = {
    UNCHANGED: _("Nothing to change: it was so already"),
    NOT_WAITING: _("Not pre-approved (any more): it can only be disenrolled"),
    GONE: _("What was chosen is not there any more"),
}


class _RowsForm(KindForm):
    model: type[Model]

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["rows"] = ObjectsField(
            label=capfirst(self.model._meta.verbose_name_plural),
            queryset=visible(self.rows(), request.user),
            widget=UnfoldAdminSelect2MultipleWidget,
            help_text=_("One or several."),
        )

    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def parameters(self) -> dict[str, Any]:
        rows = sorted(self.cleaned_data["rows"], key=str)
        return {"rows": [row.pk for row in rows], "names": [str(row) for row in rows]}


class GroupsForm(_RowsForm):
    model = DeviceGroup

    def rows(self) -> QuerySet[Any]:
        return DeviceGroup.objects.filter(rule__isnull=True)  # a rule would take them out again, or put them back


class PoliciesForm(_RowsForm):
    model = Policy


def _names(parameters: Mapping[str, Any]) -> str:
    return ", ".join(parameters.get("names", ()))


def _link(field: str, *, adds: bool) -> Callable[[list[int], Mapping[str, Any], User], Outcome]:
    """Return what ties devices to groups or policies, or unties them."""

    def apply(devices: list[int], parameters: Mapping[str, Any], person: User) -> Outcome:
        through = getattr(Device, field).through
        column = next(f.name for f in through._meta.fields if f.name not in ("id", "device"))
        target = through._meta.get_field(column).remote_field.model
        rows = dict(target._default_manager.filter(pk__in=parameters["rows"]).values_list("pk", "name"))
        if not rows:
            return Outcome(skipped={GONE: len(devices)})
        there = last_change.lock(devices)
        links = through._default_manager.filter(**{"device__in": there, f"{column}__in": rows})
        tied = set(links.values_list("device", column))
        if adds:
            missing = [(device, row) for device in there for row in rows if (device, row) not in tied]
            through._default_manager.bulk_create(
                [through(**{"device_id": device, f"{column}_id": row}) for device, row in missing],
                ignore_conflicts=True,
            )
            changed = sorted({device for device, _row in missing})
        else:
            links.delete()
            changed = sorted({device for device, _row in tied})
        last_change.note(changed)
        names = {field: sorted(rows.values())}
        what = f"bulk.{'add' if adds else 'remove'}_{field}"
        announce(Device, Action.CHANGED, what, ids=changed, person=person, **{"added" if adds else "removed": names})
        left = len(devices) - len(changed)
        return Outcome(len(changed), {UNCHANGED: left} if left else {})

    return apply


def _delete(devices: list[int], parameters: Mapping[str, Any], person: User) -> Outcome:
    chosen = Device.objects.pre_approved().filter(pk__in=devices).order_by("pk").select_for_update(of=("self",))
    labels = {device.pk: str(device) for device in chosen.only("name", "serial_number")}
    with kept_elsewhere():
        Device.objects.filter(pk__in=labels).delete()
    announce(Device, Action.DELETED, "bulk.delete_pre_approved", ids=sorted(labels), labels=labels, person=person)
    left = len(devices) - len(labels)
    return Outcome(len(labels), {NOT_WAITING: left} if left else {})


def _pre_approved(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.filter(status=Device.Status.PRE_APPROVED)


CHANGE = "devices.change_device"


def register() -> None:
    """Let the device list offer these."""
    for kind in _KINDS:
        offer(kind)


_KINDS = (
    Kind(
        "add_groups",
        _("Add to groups"),
        CHANGE,
        _("The devices become members of the groups, and get the groups' policies. Other groups of theirs stay."),
        _link("groups", adds=True),
        REASONS,
        form=GroupsForm,
        describe=_names,
    ),
    Kind(
        "remove_groups",
        _("Remove from groups"),
        CHANGE,
        _("The devices leave the groups, and lose the policies that they have by them alone."),
        _link("groups", adds=False),
        REASONS,
        form=GroupsForm,
        describe=_names,
    ),
    Kind(
        "add_policies",
        _("Assign policies"),
        CHANGE,
        _("Enrolled devices get the policies when they check in next, pre-approved ones when they enroll."),
        _link("policies", adds=True),
        REASONS,
        form=PoliciesForm,
        describe=_names,
    ),
    Kind(
        "remove_policies",
        _("Remove policies"),
        CHANGE,
        _("The policies are not assigned to the devices any more. What a group of theirs has, they keep."),
        _link("policies", adds=False),
        REASONS,
        form=PoliciesForm,
        describe=_names,
    ),
    Kind(
        "delete_pre_approved",
        _("Delete pre-approved devices"),
        "devices.delete_device",
        _(
            "Their approvals, invitations and one-time passwords are deleted with them. Only pre-approved devices can "
            "be deleted; this can't be undone."
        ),
        _delete,
        REASONS,
        concerned=_pre_approved,
        is_destructive=True,
    ),
)

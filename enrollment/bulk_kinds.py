"""What does enrollment do to many devices at once? Lets them go, keeps them out, and takes that back: devices/bulk."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from devices.bulk.kinds import Kind, KindForm, Outcome, offer
from devices.models import Device

from .approve_again import approve_again
from .blocking import LIST, block, unblock
from .disenroll import LONGEST_TEXT, LeaveReason, disenroll_many

Status = Device.Status
NOT_ENROLLED, BLOCKED_ALREADY, NOT_BLOCKED = "not_enrolled", "blocked_already", "not_blocked"
NOT_DISENROLLED = "not_disenrolled"
KEPT_OUT, BEING_SENT = "kept_out", "being_sent"
REASONS = {
    NOT_ENROLLED: _("Not enrolled (any more)"),
    NOT_DISENROLLED: _("Not disenrolled (any more)"),
    BLOCKED_ALREADY: _("Blocked already"),
    NOT_BLOCKED: _("Not blocked (any more)"),
    KEPT_OUT: _("The block list keeps it out"),
    BEING_SENT: _("An invitation is being sent right now"),
}


class DisenrollForm(KindForm):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=LeaveReason.choices,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Kept with each device, and shown in reports."),
    )
    text = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What else is to be known. Up to 200 characters."),
    )

    def parameters(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["reason"], "text": self.cleaned_data["text"]}


class BlockForm(KindForm):
    with_hardware = forms.BooleanField(
        label=_("Block their hardware, too"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("They could come back as ordinary devices otherwise."),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        if not request.user.has_perm(LIST):
            del self.fields["with_hardware"]

    def parameters(self) -> dict[str, Any]:
        return {"with_hardware": self.cleaned_data.get("with_hardware", False)}


def _disenroll(devices: list[int], parameters: Mapping[str, Any], person: User) -> Outcome:
    count = disenroll_many(devices, person, parameters["reason"], parameters.get("text", ""))
    return _outcome(devices, count, NOT_ENROLLED)


def _approve_again(devices: list[int], parameters: Mapping[str, Any], person: User) -> Outcome:
    left = set(Device.objects.filter(pk__in=devices, status=Status.DISENROLLED).values_list("pk", flat=True))
    count = approve_again(left, person)
    skipped = {NOT_DISENROLLED: len(devices) - len(left), BEING_SENT: len(left) - count}
    return Outcome(count, {reason: number for reason, number in skipped.items() if number})


def _block(devices: list[int], parameters: Mapping[str, Any], person: User) -> Outcome:
    chosen = Device.objects.filter(pk__in=devices)
    count = block(chosen, person, with_hardware=bool(parameters.get("with_hardware")))
    return _outcome(devices, count, BLOCKED_ALREADY)


def _unblock(devices: list[int], parameters: Mapping[str, Any], person: User) -> Outcome:
    found = unblock(Device.objects.filter(pk__in=devices), person)
    changed = found.disenrolled + found.waiting
    skipped = {KEPT_OUT: found.kept_out, BEING_SENT: found.being_sent}
    skipped[NOT_BLOCKED] = len(devices) - changed - sum(skipped.values())
    return Outcome(changed, {reason: number for reason, number in skipped.items() if number})


def _outcome(devices: list[int], changed: int, reason: str) -> Outcome:
    left = len(devices) - changed
    return Outcome(changed, {reason: left} if left else {})


def _reason(parameters: Mapping[str, Any]) -> str:
    return str(LeaveReason(parameters["reason"]).label)


def _enrolled(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.filter(status=Status.ENROLLED)


def _disenrolled(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.filter(status=Status.DISENROLLED)


def _not_blocked(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.exclude(status=Status.BLOCKED)


def _blocked(devices: QuerySet[Device]) -> QuerySet[Device]:
    return devices.filter(status=Status.BLOCKED)


DISENROLL = Kind(
    "disenroll",
    _("Disenroll"),
    "devices.change_device",
    _("The devices' tokens and credentials are void; they move to Reports, and can be approved again."),
    _disenroll,
    REASONS,
    concerned=_enrolled,
    form=DisenrollForm,
    describe=_reason,
    is_destructive=True,
)
APPROVE_AGAIN = Kind(
    "approve_again",
    _("Pre-approve again"),
    "devices.change_device",
    _(
        "Devices that have left wait for their enrollment once more, for the same users, with their groups and "
        "policies. What they told and were given before is removed. Invite their users afterwards."
    ),
    _approve_again,
    REASONS,
    concerned=_disenrolled,
)
BLOCK = Kind(
    "block",
    _("Block"),
    "devices.block_device",
    _("The devices are kept out: their tokens, links and passwords are void at once, whatever their state."),
    _block,
    REASONS,
    concerned=_not_blocked,
    form=BlockForm,
    is_destructive=True,
)
UNBLOCK = Kind(
    "unblock",
    _("Unblock"),
    "devices.block_device",
    _(
        "Devices that were enrolled once are disenrolled then, the others pre-approved as before. One that the "
        "block list keeps out stays blocked."
    ),
    _unblock,
    REASONS,
    concerned=_blocked,
)


def register() -> None:
    """Let the device list offer these."""
    for kind in (DISENROLL, APPROVE_AGAIN, BLOCK, UNBLOCK):
        offer(kind)

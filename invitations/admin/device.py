"""What do invitations add to the pages of devices? The action that invites, one device's newest invitations, and what
is deleted along with a device. Registered in place of the page of the lower layer, which knows nothing of this."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from devices.admin.device import DeviceAdmin
from devices.bulk.carry_out import newest
from devices.models import Device
from devices.row_number import is_row_number
from devices.scope import visible
from invitations.models import Invitation, InvitationEvent

from .invitation import InvitationAdmin
from .invitation_actions import SEND
from .invite_devices import invite_page

admin.site.unregister(Device)
# So many of a device's invitations are on its page; the list has them all.
SHOWN = 3


@admin.register(Device)
class InvitableDeviceAdmin(DeviceAdmin):
    actions: tuple[str, ...] = ("send_invitation",)
    actions_detail: tuple[str, ...] = ("invite",)

    def has_invite_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell who may invite; which devices can be invited, the page says."""
        return self.has_view_permission(request) and request.user.has_perm(SEND)

    @admin.action(description=_("Send invitation"), permissions=["invite"])
    def send_invitation(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponseBase | None:
        last = last_meant(request)
        hidden = [("action", "send_invitation"), ("last", str(last)), *chosen_again(request)]
        devices = queryset.filter(pk__lte=last)
        return invite_page(self, request, devices, back=request.get_full_path(), hidden=hidden)

    @action(description=_("Send invitation"), permissions=["invite"], url_path="invite", icon="send")
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        if not _is_number(object_id):
            raise Http404
        devices = self.get_queryset(request).filter(pk=object_id)
        if not devices.exists():
            raise Http404
        return invite_page(self, request, devices, back=reverse("admin:devices_device_change", args=[object_id]))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        found = super().get_actions_detail(request, object_id)
        is_waiting = _is_number(object_id) and Device.objects.pre_approved().filter(pk=object_id).exists()
        return [shown for shown in found if is_waiting or not shown.action_name.endswith("_invite")]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let invitations go with their devices: the permission to delete those suffices."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        counts.pop(InvitationEvent._meta.verbose_name_plural, None)  # part of their invitations
        return deleted, counts, set(missing) - {Invitation._meta.verbose_name}, protected


def invitations_of(device_id: int, person: Any) -> dict[str, Any]:
    """Return what invitations/_of_device.html needs; nothing for somebody who may not see invitations."""
    if not person.has_perm("invitations.view_invitation"):
        return {}
    theirs = Invitation.objects.filter(device=device_id).select_related("sending").defer("sending__devices")
    found = list(visible(theirs, person)[: SHOWN + 1])
    return {
        "invitations": [(invitation, InvitationAdmin.STATE_COLOURS[invitation.state]) for invitation in found[:SHOWN]],
        "has_more_invitations": len(found) > SHOWN,
        "may_see_invitations": True,
    }


def chosen_again(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what a form between the list and an action holds, so that the same devices are chosen by its answer."""
    keys = [(ACTION_CHECKBOX_NAME, key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    return [("select_across", request.POST.get("select_across", "0")), *keys]


def last_meant(request: HttpRequest) -> int:
    """Return the number of the newest device when the devices were chosen: what comes in afterwards was seen by nobody.

    What the form says about it is a number; anything else means no device.
    """
    said = request.POST.get("last")
    if said is None:
        return newest()
    return int(said) if _is_number(said) else 0


def _is_number(text: object) -> bool:
    """Tell whether what an address names can be the number of a device."""
    return isinstance(text, str) and is_row_number(text)

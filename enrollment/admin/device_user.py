"""What has a device user, what were they told, and who tried to come in with their credentials?

Registered in place of the page of the lowest layer, which knows nothing of invitations and attempts.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import ngettext

from devices.admin.device_user import DeviceUserAdmin
from devices.models import Device, DeviceUser
from devices.row_number import is_row_number
from devices.scope import visible
from enrollment.models import EnrollmentAttempt
from invitations.admin.invitation import InvitationAdmin
from invitations.models import Invitation

from .device_view import PLATFORM_ICONS, STATUS_TONES
from .hand_over_all_page import hand_over_all_page

admin.site.unregister(DeviceUser)
CHANGE_DEVICES = "devices.change_device"
# So many of each are on the page; the lists have them all.
DEVICES_SHOWN = 50
OTHERS_SHOWN = 10


@admin.register(DeviceUser)
class ReachableDeviceUserAdmin(DeviceUserAdmin):
    change_form_outer_before_template = "enrollment/_device_user_form_head.html"

    # --- the page ---
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show a device user; what is sent to this address is taken by the form."""
        if request.method not in ("GET", "HEAD") or IS_POPUP_VAR in request.GET:
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        user = self._user(request, object_id)
        if user is None:
            gone: HttpResponseBase = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": user,
            "title": str(user),
            "may_change": self.has_change_permission(request, user),
            "may_delete": self.has_delete_permission(request, user),
            "may_hand_over": request.user.has_perm(CHANGE_DEVICES),
            **_devices(user, request.user),
            **_invitations(user, request.user),
            **_attempts(user, request.user),
        }
        return TemplateResponse(request, "enrollment/device_user.html", context)

    # --- the form, and what else can be done ---
    def get_urls(self) -> list[URLPattern]:
        edit, hand_over = map(self.admin_site.admin_view, (self.edit_view, self.hand_over_view))
        return [
            path("<int:object_id>/edit/", edit, name="devices_deviceuser_edit"),
            path("<int:object_id>/hand-over/", hand_over, name="devices_deviceuser_hand_over"),
            *super().get_urls(),
        ]

    def edit_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Show, or take, the form that changes a device user."""
        user = self._found(request, object_id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        shown = {"show_delete": False, "show_delete_link": False, "show_save_and_add_another": False}
        return super().change_view(request, str(object_id), "", shown)

    def hand_over_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Ask to whom all devices of this user go, and do it."""
        if not (self.has_view_permission(request) and request.user.has_perm(CHANGE_DEVICES)):
            raise PermissionDenied
        return hand_over_all_page(self, request, self._found(request, object_id))

    def response_post_save_add(self, request: HttpRequest, obj: DeviceUser) -> HttpResponseBase:
        return redirect("admin:devices_deviceuser_change", obj.pk)

    def response_post_save_change(self, request: HttpRequest, obj: DeviceUser) -> HttpResponseBase:
        return redirect("admin:devices_deviceuser_change", obj.pk)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Say what to do first, where devices are in the way."""
        user = self._user(request, object_id)
        count = user.device_count if user and self.has_delete_permission(request, user) else 0  # type: ignore[attr-defined]
        if not count:
            answer: HttpResponseBase = super().delete_view(request, object_id, extra_context)
            return answer
        text = ngettext(
            "This device user has %(count)s device, and can't be deleted before it is handed over: see “Hand over all "
            "devices” below, which deletes the user afterwards if you like.",
            "This device user has %(count)s devices, and can't be deleted before they are handed over: see “Hand over "
            "all devices” below, which deletes the user afterwards if you like.",
            count,
        )
        messages.error(request, text % {"count": count})
        return redirect("admin:devices_deviceuser_change", object_id)

    def _user(self, request: HttpRequest, object_id: str) -> DeviceUser | None:
        """Return a device user of the person's domains; None: there is none with this number."""
        if not is_row_number(object_id):
            return None
        users = self.get_queryset(request).select_related("domain", "import_batch")
        found: DeviceUser | None = users.filter(pk=object_id).first()
        return found

    def _found(self, request: HttpRequest, object_id: int) -> DeviceUser:
        user = self._user(request, str(object_id))
        if user is None:
            raise Http404
        return user


def _devices(user: DeviceUser, person: Any) -> dict[str, Any]:
    if not person.has_perm("devices.view_device"):
        return {}
    theirs = visible(Device.objects.filter(user=user), person).select_related("inventory")
    found = list(theirs.defer("custom_attributes", "one_time_password", "inventory__hardware")[: DEVICES_SHOWN + 1])
    shown = [
        (device, STATUS_TONES[Device.Status(device.status)], PLATFORM_ICONS.get(device.platform, "devices"))
        for device in found[:DEVICES_SHOWN]
    ]
    return {"devices": shown, "has_more_devices": len(found) > DEVICES_SHOWN, "may_see_devices": True}


def _invitations(user: DeviceUser, person: Any) -> dict[str, Any]:
    if not person.has_perm("invitations.view_invitation"):
        return {}
    theirs = visible(Invitation.objects.filter(device__user=user), person).select_related("device", "sending")
    found = list(theirs.defer("sending__devices", "device__one_time_password")[:OTHERS_SHOWN])
    shown = [(invitation, InvitationAdmin.STATE_COLOURS[invitation.state]) for invitation in found]
    return {"invitations": shown, "may_see_invitations": True}


def _attempts(user: DeviceUser, person: Any) -> dict[str, Any]:
    if not person.has_perm("enrollment.view_enrollmentattempt"):
        return {}
    theirs = visible(EnrollmentAttempt.objects.filter(user=user), person)
    return {"attempts": list(theirs[:OTHERS_SHOWN]), "may_see_attempts": True}

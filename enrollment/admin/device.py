"""What does enrollment add to the pages of devices? A page to read one, and how it leaves, returns and is kept out.

Registered in place of the page of the lower layer, which knows nothing of this.
"""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from devices.models import Device
from devices.row_number import is_row_number
from devices.scope import visible
from enrollment.hand_over import HandOverError, forget_credentials
from enrollment.models import Conflict, DeviceEvent
from invitations.admin.device import InvitableDeviceAdmin

from .approve_again_page import ApproveAgainPage
from .block_devices import BLOCK, block_page
from .device_view import RELATED, shown_of
from .disenroll_page import disenroll_page

admin.site.unregister(Device)
Status = Device.Status
# What can be done with a device only in some states; everything else always can.
ONLY_IN: dict[str, frozenset[str]] = {
    "hand_over": frozenset(Status) - {Status.BLOCKED},
    "disenroll": frozenset({Status.ENROLLED}),
    "approve_again": frozenset({Status.DISENROLLED}),
    "block": frozenset(Status) - {Status.BLOCKED},
    "unblock": frozenset({Status.BLOCKED}),
}


@admin.register(Device)
class EnrollableDeviceAdmin(InvitableDeviceAdmin):
    actions_detail: tuple[str, ...] = ("invite", "approve_again", "hand_over", "disenroll", "block", "unblock")
    empty_text = _(
        "Enrolled devices will be here. Those on the list that have not enrolled yet are shown by Filters > Enrollment "
        "status > Pre-approved; they get there by Enroll > Pre-approve."
    )
    change_form_outer_before_template = "enrollment/_device_form_head.html"
    change_form_outer_after_template = None

    def has_disenroll_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell who may let a device leave, return, or change hands; only in some states it can."""
        return request.user.has_perm("devices.change_device")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        if request.resolver_match is not None and request.resolver_match.url_name == "devices_device_edit":
            return []  # they are on the page that the form comes from
        found = super().get_actions_detail(request, object_id)
        device = self._device(request, str(object_id))
        status = device.status if device else ""
        hidden = {f"devices_device_{name}" for name, states in ONLY_IN.items() if status not in states}
        return [shown for shown in found if shown.action_name not in hidden]

    # --- the page ---
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show a device; what is sent to this address is taken by its form."""
        if request.method in ("GET", "HEAD") and IS_POPUP_VAR not in request.GET:
            return self._page(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        device = self._device(request, object_id)
        if device is None:  # answered as the console does everywhere, whether it is gone or somebody else's
            gone: HttpResponseBase = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        allowed = self.get_actions_detail(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(device),
            "device_actions": self._get_actions_navigation(self.actions_detail, allowed, object_id),
            "may_change": self.has_change_permission(request, device),
            "may_delete": self.has_delete_permission(request, device),
            **shown_of(request, device),
        }
        return TemplateResponse(request, "enrollment/device.html", context)

    # --- the form ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.edit_view)
        return [path("<int:object_id>/edit/", view, name="devices_device_edit"), *super().get_urls()]

    def edit_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Show, or take, the form that changes a device."""
        device = self._found(request, str(object_id))
        if not self.has_change_permission(request, device):
            raise PermissionDenied
        shown = {"show_delete": False, "show_delete_link": False, "show_save_and_add_another": False}
        return super().change_view(request, str(object_id), "", shown)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        if request.method == "POST" and _is_key(object_id):
            # The gate may be letting it in right now: what the form saves would undo that.
            Device.objects.select_for_update(of=("self",)).filter(pk=object_id).values_list("pk").first()
        return super().get_object(request, object_id, from_field)

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        if change and "user" in form.changed_data:
            forget_credentials(obj, cast(User, request.user))
            obj.one_time_password = None
            if obj.status == Status.PRE_APPROVED:
                text = _("Links and passwords that its former user was given are void. Invite the new one.")
                messages.warning(request, text)
        super().save_model(request, obj, form, change)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except HandOverError as error:
            messages.error(request, str(error))
            return redirect(request.path)

    # --- keep out, and let go again ---
    def has_block_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(BLOCK)

    def has_unblock_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(BLOCK)

    @action(description=_("Block"), permissions=["block"], url_path="block", icon="block")
    def block(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._about_one(request, object_id, unblocks=False)

    @action(description=_("Unblock"), permissions=["unblock"], url_path="unblock", icon="lock_open")
    def unblock(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._about_one(request, object_id, unblocks=True)

    def _about_one(self, request: HttpRequest, object_id: str, *, unblocks: bool) -> HttpResponseBase:
        device = self._found(request, object_id)
        chosen = Device.objects.filter(pk=device.pk)
        return block_page(self, request, chosen, unblocks=unblocks, back=_page_of(device))

    # --- leave, return, change hands ---
    @action(description=_("Disenroll"), permissions=["disenroll"], url_path="disenroll", icon="logout")
    def disenroll(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        device = self._found(request, object_id)
        return disenroll_page(self, request, device, _page_of(device))

    @action(
        description=_("Pre-approve again"),
        permissions=["disenroll"],
        url_path="approve-again",
        icon="playlist_add_check",
    )
    def approve_again(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Ask for whom, and let the device wait for its enrollment once more."""
        device = self._found(request, object_id)
        if device.status != Status.DISENROLLED:
            messages.info(request, _("The device has not left: there is nothing to approve again."))
            return redirect(_page_of(device))
        return ApproveAgainPage(_page_of(device)).page(request, device)

    @action(description=_("Hand over"), permissions=["disenroll"], url_path="hand-over", icon="move_group")
    def hand_over(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Lead to the page that asks to whom (hand_over_page.py)."""
        return redirect("enroll:hand_over", self._found(request, object_id).pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let conflicts and history go with their devices: the permission to delete those suffices."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        counts.pop(DeviceEvent._meta.verbose_name_plural, None)
        theirs = {Conflict._meta.verbose_name, DeviceEvent._meta.verbose_name}
        return deleted, counts, set(missing) - theirs, protected

    def _device(self, request: HttpRequest, object_id: str) -> Device | None:
        """Return a device of the person's domains; None: there is none with this number."""
        if not _is_key(object_id):
            return None
        # Asked for by each action and by the page: once a request.
        kept: dict[str, Device | None] = request.__dict__.setdefault("_devices", {})
        if object_id not in kept:
            devices = visible(Device.objects.select_related(*RELATED), request.user).defer("one_time_password")
            kept[object_id] = devices.filter(pk=object_id).first()
        return kept[object_id]

    def _found(self, request: HttpRequest, object_id: str) -> Device:
        device = self._device(request, object_id)
        if device is None:
            raise Http404
        return device


def _page_of(device: Device) -> str:
    return reverse("admin:devices_device_change", args=[device.pk])


def _is_key(object_id: str) -> bool:
    return is_row_number(object_id)

"""What does enrollment add to the pages of devices? Whether it has enrolled, what it says of itself, what became of its
policies, and how it leaves. Registered in place of the page of the lower layer, which knows nothing of this."""

import json
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from devices.models import Device, DeviceInventory
from devices.scope import visible
from enrollment.disenroll import disenroll as let_go
from enrollment.hand_over import HandOverError, forget_credentials
from enrollment.methods import Method
from enrollment.models import Conflict
from enrollment.policy_standing import Standing, standings_of
from invitations.admin.device import InvitableDeviceAdmin, chosen_again

from .block_devices import BLOCK, UNBLOCK, block_page

admin.site.unregister(Device)
# So much of what a device tells of its hardware is on its page.
FACTS_SHOWN = 60
LONGEST_FACT = 300  # characters
TONES = {
    Standing.ASSIGNED: "neutral",
    Standing.OUTDATED: "warning",
    Standing.DELIVERED: "info",
    Standing.APPLIED: "success",
    Standing.FAILED: "error",
    Standing.WITHDRAWN: "warning",
}


@admin.register(Device)
class EnrollableDeviceAdmin(InvitableDeviceAdmin):
    actions: tuple[str, ...] = ("send_invitation", "block_devices", "unblock_devices")
    actions_detail: tuple[str, ...] = ("invite", "hand_over", "disenroll", "block", "unblock")
    empty_text = _(
        "Enrolled devices will be here. Those on the list that have not enrolled yet are shown by Filters > Enrollment "
        "status > Pre-approved; they get there by Enroll > Pre-approve."
    )
    change_form_outer_before_template = "enrollment/_device_banner.html"
    change_form_outer_after_template = "enrollment/_of_device.html"

    def has_disenroll_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell who may let a device leave; only one that is enrolled can."""
        return request.user.has_perm("devices.change_device")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        found = super().get_actions_detail(request, object_id)
        device = self._device(request, str(object_id))
        hidden = {"_unblock"} if device is None or device.status != Device.Status.BLOCKED else {"_block", "_hand_over"}
        if device is None or device.status != Device.Status.ENROLLED:
            hidden.add("_disenroll")
        return [shown for shown in found if not shown.action_name.endswith(tuple(hidden))]

    # --- the form ---
    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        if request.method == "POST" and _is_key(object_id):
            # The gate may be letting it in right now: what the form saves would undo that.
            Device.objects.select_for_update(of=("self",)).filter(pk=object_id).values_list("pk").first()
        return super().get_object(request, object_id, from_field)

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        if change and "user" in form.changed_data:
            forget_credentials(obj, cast(User, request.user))
            obj.one_time_password = None
            if obj.status == Device.Status.PRE_APPROVED:
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
        return self.has_view_permission(request) and request.user.has_perm(UNBLOCK)

    @admin.action(description=_("Block"), permissions=["block"])
    def block_devices(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponseBase:
        return self._about_chosen(request, queryset, "block_devices", unblocks=False)

    @admin.action(description=_("Unblock"), permissions=["unblock"])
    def unblock_devices(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponseBase:
        return self._about_chosen(request, queryset, "unblock_devices", unblocks=True)

    @action(description=_("Block"), permissions=["block"], url_path="block", icon="block")
    def block(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._about_one(request, object_id, unblocks=False)

    @action(description=_("Unblock"), permissions=["unblock"], url_path="unblock", icon="lock_open")
    def unblock(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._about_one(request, object_id, unblocks=True)

    def _about_one(self, request: HttpRequest, object_id: str, *, unblocks: bool) -> HttpResponseBase:
        device = self._device(request, object_id)
        if device is None:
            raise Http404
        page = reverse("admin:devices_device_change", args=[device.pk])
        return block_page(self, request, Device.objects.filter(pk=device.pk), unblocks=unblocks, back=page)

    def _about_chosen(
        self, request: HttpRequest, devices: QuerySet[Device], name: str, *, unblocks: bool
    ) -> HttpResponseBase:
        hidden = [("action", name), *chosen_again(request)]
        return block_page(self, request, devices, unblocks=unblocks, back=request.get_full_path(), hidden=hidden)

    @action(description=_("Disenroll"), permissions=["disenroll"], url_path="disenroll", icon="logout")
    def disenroll(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        device = self._device(request, object_id)
        if device is None:
            raise Http404
        page = reverse("admin:devices_device_change", args=[object_id])
        if request.method == "POST":
            if let_go(device.pk):
                self.log_change(request, device, str(_("Disenrolled.")))
                messages.success(request, _("The device is disenrolled. What it holds of its token is void."))
            else:
                messages.warning(request, _("The device was not enrolled any more. Nothing was changed."))
            return redirect(page)
        context = {**self.admin_site.each_context(request), "title": _("Disenroll this device?"), "device": device}
        return TemplateResponse(request, "enrollment/disenroll.html", context | {"back": page})

    @action(description=_("Hand over"), permissions=["disenroll"], url_path="hand-over", icon="move_group")
    def hand_over(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Lead to the page that asks to whom (hand_over_page.py)."""
        device = self._device(request, object_id)
        if device is None:
            raise Http404
        return redirect("enroll:hand_over", device.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        device = self._device(request, object_id)
        shown = _shown(device) if device else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let conflicts go with their devices: the permission to delete those suffices."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set(missing) - {Conflict._meta.verbose_name}, protected

    def _device(self, request: HttpRequest, object_id: str) -> Device | None:
        """Return a device of the person's domains; None: there is none with this number."""
        if not _is_key(object_id):
            return None
        return visible(Device.objects.select_related("inventory"), request.user).filter(pk=object_id).first()


def _is_key(object_id: str) -> bool:
    return object_id.isascii() and object_id.isdecimal() and len(object_id) < 19


def _shown(device: Device) -> dict[str, Any]:
    """Return what the page shows of a device besides its form."""
    inventory: DeviceInventory | None = getattr(device, "inventory", None)
    is_pre_approved = device.status == Device.Status.PRE_APPROVED
    return {
        "is_pre_approved": is_pre_approved,
        # A device that waits to enroll once more is not the one that reported this.
        "inventory": None if is_pre_approved else inventory,
        "method": dict(Method.choices).get(inventory.method, inventory.method) if inventory else "",
        "hardware": _facts(inventory.hardware) if inventory else [],
        "place": _place(inventory) if inventory else None,
        "policies": [(found, TONES[found.standing]) for found in standings_of(device)],
    }


def _facts(hardware: Any) -> list[tuple[str, str]]:
    """Return what a device tells of its hardware by name; what has columns of its own is left out."""
    if not isinstance(hardware, dict):
        return []
    facts = [(name, value) for name, value in sorted(hardware.items()) if name not in ("manufacturer", "model")]
    return [
        (
            name[:LONGEST_FACT],
            (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:LONGEST_FACT],
        )
        for name, value in facts[:FACTS_SHOWN]
    ]


def _place(inventory: DeviceInventory) -> dict[str, str] | None:
    """Return the coordinates, as people read them and with the address of a map."""
    if inventory.latitude is None or inventory.longitude is None:
        return None
    latitude, longitude = f"{inventory.latitude:.5f}", f"{inventory.longitude:.5f}"
    return {
        "latitude": latitude,
        "longitude": longitude,
        "map": f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}",
        "accuracy": f"{inventory.accuracy:.0f}" if inventory.accuracy is not None else "",
    }

"""Shall a device that has left be let in once more? The page behind "Pre-approve again" of a device."""

from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from enrollment.approval_rules import end_of_approval
from enrollment.hand_over import HandOverError, hand_over, start_over

from .device_form import DeviceFormPage

CHANGE = "devices.change_device"


class ApproveAgainPage(DeviceFormPage):
    """Lets one device that has left wait for its enrollment anew."""

    heading = _("Pre-approve this device again")
    notes = (
        _(
            "What it told and what it was given before is removed: inventory, location, token, links and passwords. "
            "Its groups, policies and custom attributes stay, and so does its history."
        ),
    )
    fieldsets: ClassVar[Any] = ((None, {"fields": ("user", "approval_expires_at", "access")}),)
    autocomplete_fields = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_view_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Device | None:
        device: Device | None = super().get_object(request, object_id, from_field)
        if device is not None and request.method == "GET":
            device.approval_expires_at = end_of_approval(timezone.now())
        return device

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            field.required = True
        return field

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        person, user = cast(User, request.user), form.cleaned_data["user"]
        current = Device.objects.select_for_update(of=("self",)).get(pk=obj.pk)
        if current.status != Device.Status.DISENROLLED:
            raise HandOverError(_("The device has changed meanwhile. Look at it again."))
        device = start_over(current, person)
        if device.user_id != user.pk:
            device = hand_over(device, user, person)
        device.approval_expires_at = form.cleaned_data["approval_expires_at"]
        device.save(update_fields=["approval_expires_at", "updated_at"])
        form.instance = device
        messages.success(request, _("%(device)s is pre-approved again.") % {"device": device})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        self.give_access(request, form, form.instance)

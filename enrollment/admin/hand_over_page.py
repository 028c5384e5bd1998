"""Whose is this device from now on? The page behind "Hand over" of a device; its record is kept."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from devices.models import Device
from devices.scope import visible
from enrollment.access import Access
from enrollment.hand_over import hand_over

from .device_form import AccessForm, DeviceFormPage

CHANGE = "devices.change_device"
ANEW = "anew"
STAY = "stay"


class HandOverForm(AccessForm):
    """A device and its new user."""

    how = forms.ChoiceField(
        label=_("What becomes of its enrollment"),
        widget=UnfoldAdminRadioSelectWidget,
        choices=(
            (ANEW, _("It enrolls anew: what it told is removed, and its token is void")),
            (STAY, _("It stays enrolled: only the user changes")),
        ),
        initial=ANEW,
        help_text=_("Let it enroll anew where the new user gets it emptied."),
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        stays = self.cleaned_data.get("how") == STAY
        if stays and self.cleaned_data.get("access", Access.NONE) != Access.NONE:
            self.add_error("access", _("A device that stays enrolled needs no invitation and no password."))
        return cleaned


class HandOverPage(DeviceFormPage):
    """Hands one device over."""

    form = HandOverForm
    heading = _("Hand over to another user")
    fieldsets: ClassVar[Any] = ((None, {"fields": ("user", "access")}),)
    autocomplete_fields = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_view_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and obj.status == Device.Status.ENROLLED:
            return ((None, {"fields": ("user", "how", "access")}),)
        return super().get_fieldsets(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            field.required = True
        return field

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        person = cast(User, request.user)
        anew = form.cleaned_data.get("how", ANEW) == ANEW
        form.instance = hand_over(obj, form.cleaned_data["user"], person, enrolls_anew=anew)
        text = _("%(device)s is handed over to %(user)s.")
        messages.success(request, text % {"device": form.instance, "user": form.instance.user})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        self.give_access(request, form, form.instance)


def hand_over_view(request: HttpRequest, device_id: int) -> HttpResponseBase:
    """Ask to whom a device is handed over, and do it."""
    return admin.site.admin_view(_hand_over)(request, device_id)


def _hand_over(request: HttpRequest, device_id: int) -> HttpResponseBase:
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    device = get_object_or_404(visible(Device.objects.select_related("user"), request.user), pk=device_id)
    back = reverse("admin:devices_device_change", args=[device.pk])
    if device.status == Device.Status.BLOCKED:
        messages.error(request, _("The device is blocked. Unblock it first."))
        return redirect(back)
    return HandOverPage(back).page(request, device)

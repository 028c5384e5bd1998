"""How is the device of a refused attempt approved? The form behind "Approve this device", filled from the attempt."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device, Domain
from enrollment.access import Access
from enrollment.approval import outlook
from enrollment.approval_rules import end_of_approval
from enrollment.hand_over import HandOverError, forget_credentials, start_over
from enrollment.models import EnrollmentAttempt, EnrollmentSettings
from enrollment.reasons import Reason

from .device_form import AccessForm, DeviceFormPage


class ApproveForm(AccessForm):
    """A device as it should be pre-approved."""

    def clean_approval_expires_at(self) -> Any:
        until = self.cleaned_data["approval_expires_at"]
        if until is not None and until <= timezone.now():
            self.add_error("approval_expires_at", _("This is over already. Choose a later time, or none."))
        return until


class ApprovePage(DeviceFormPage):
    """Approves the device of an attempt: as a new one, or in the place of one that waits or has left."""

    form = ApproveForm
    heading = _("Approve this device")
    fieldsets = (
        (None, {"fields": (("shown_serial", "shown_platform"), "user", ("ownership", "name"))}),
        (_("What it gets"), {"fields": ("groups", "policies")}),
        (_("How it comes in"), {"fields": ("access", "approval_expires_at")}),
    )
    readonly_fields = ("shown_serial", "shown_platform")

    def __init__(self, attempt: EnrollmentAttempt, back: str, *, is_correction: bool = False) -> None:
        super().__init__(back)
        self.attempt = attempt
        self.is_correction = is_correction

    # --- who may do it ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("devices.add_device")

    def has_change_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        """Tell who may approve in the place of a device that is there: it is changed, so both are needed."""
        return request.user.has_perms(("devices.add_device", "devices.change_device"))

    def has_view_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return self.has_change_permission(request, obj)

    # --- what stands in the form ---
    def shown_serial(self, device: Device) -> str:
        return self.attempt.serial_number

    shown_serial.short_description = _("Serial number")  # type: ignore[attr-defined]

    def shown_platform(self, device: Device) -> str:
        return str(Device.Platform(self.attempt.platform).label)

    shown_platform.short_description = _("Platform")  # type: ignore[attr-defined]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Device | None:
        device = super().get_object(request, object_id, from_field)
        if device is not None and request.method == "GET":
            device.approval_expires_at = end_of_approval(timezone.now())
            device.user = device.user or self.attempt.user
        return device

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        chosen = EnrollmentSettings.objects.current()
        return {
            "user": self.attempt.user_id,
            "ownership": chosen.ordinary_ownership,
            "name": self.attempt.model,
            "approval_expires_at": end_of_approval(timezone.now()),
        }

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            field.required = True
        return field

    def first_way(self, ways: list[tuple[str, Any]]) -> str:
        # What it came with stays good: it names the approval that is corrected, or renewed.
        names_it = self.attempt.reason == Reason.APPROVAL_EXPIRED or self.is_correction
        return Access.NONE if names_it else super().first_way(ways)

    # --- what becomes of it ---
    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        person = cast(User, request.user)
        if change:
            self._must_be_as_shown(obj)
        if change and obj.status != Device.Status.PRE_APPROVED:
            start_over(obj, person)
            obj.status, obj.one_time_password = Device.Status.PRE_APPROVED, None
            obj.disenrolled_at, obj.disenroll_reason = None, ""
        elif change and "user" in form.changed_data:  # another one: what the former user was given is void
            forget_credentials(obj, person)
            obj.one_time_password = None
        obj.serial_number, obj.platform = self.attempt.serial_number, self.attempt.platform
        obj.domain = obj.user.domain if obj.user else Domain.objects.local()
        obj.save()

    def _must_be_as_shown(self, device: Device) -> None:
        """Lock the device against the gate.

        Raises:
            HandOverError: it has come in, or left, since it was looked at.
        """
        locked = Device.objects.select_for_update(of=("self",)).filter(pk=device.pk)
        if list(locked.values_list("status", flat=True)) != [device.status]:
            raise HandOverError(_("The device has changed meanwhile. Look at it again."))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        device: Device = form.instance
        messages.success(request, _("%(device)s is pre-approved.") % {"device": device})
        self.give_access(request, form, device)
        reason = outlook(self.attempt, device.ownership, device.user)
        if reason is not Reason.APPROVED:
            text = _("Its next try would be refused nevertheless: %(reason)s") % {"reason": reason.label}
            messages.warning(request, text)

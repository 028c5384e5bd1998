"""Why is this device let go? The page behind "Disenroll" of a device."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from devices.admin.console_page import ConsolePage
from devices.models import Device
from enrollment.disenroll import LONGEST_TEXT, LeaveReason, disenroll


class DisenrollForm(forms.Form):
    """Why a device is let go."""

    reason = forms.ChoiceField(
        label=_("Why does it leave?"),
        choices=LeaveReason.choices,
        help_text=_("It stands in the device's history and in the report of disenrolled devices."),
        error_messages={"required": _("Choose why it leaves."), "invalid_choice": _("Choose one of these reasons.")},
    )
    text = forms.CharField(
        label=_("In your own words"),
        max_length=LONGEST_TEXT,
        required=False,
        help_text=_("Shown in the device's history and in reports. Needed for “Another reason”."),
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        is_missing = not self.cleaned_data.get("text") and "text" not in self.errors
        if self.cleaned_data.get("reason") == LeaveReason.OTHER and is_missing:
            self.add_error("text", _("Write the reason, or choose one of those above."))
        return cleaned


def disenroll_page(page: ConsolePage, request: HttpRequest, device: Device, back: str) -> HttpResponseBase:
    """Ask why a device leaves; once that was answered, let it go.

    Args:
        page: the console's page of devices.
        request: of somebody who may.
        device: in any state; one that is not enrolled is left as it is.
        back: address of its page.
    """
    form = DisenrollForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        person, chosen = cast(User, request.user), form.cleaned_data
        if disenroll(device.pk, person, chosen["reason"], chosen["text"]):
            page.log_change(request, device, str(_("Disenrolled.")))
            messages.success(request, _("The device is disenrolled. What it holds of its token is void."))
        else:
            messages.warning(request, _("The device was not enrolled any more. Nothing was changed."))
        return redirect(back)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": device,
        "title": _("Disenroll this device?"),
        "device": device,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "enrollment/disenroll.html", context)

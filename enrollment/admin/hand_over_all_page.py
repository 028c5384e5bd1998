"""To whom do all devices of a leaver go? The page behind "Hand over all devices" of a device user."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.admin.console_page import ConsolePage
from devices.form_fields import SearchSelect
from devices.models import Device, DeviceUser
from devices.scope import visible
from enrollment.access import Access, obstacle
from enrollment.hand_over import HandOverError
from enrollment.hand_over_all import belongings, hand_over_all
from invitations.actions import ActionError, Options, invite_devices
from invitations.admin.invitation_actions import SEND

DELETE = "devices.delete_deviceuser"
ANEW, STAY = "anew", "stay"
# So many of the devices are named.
SHOWN = 10
# No one-time passwords: each belongs to one device. Who may not invite has the last one only.
WAYS = [
    (Access.EMAIL.value, gettext_lazy("by e-mail: one invitation for each device that waits to enroll")),
    (Access.SMS.value, gettext_lazy("by SMS: one invitation for each device that waits to enroll")),
    (Access.NONE.value, gettext_lazy("nothing yet: invite them later")),
]


class HandOverAllForm(forms.Form):
    """The new user of a leaver's devices, and what becomes of everything."""

    user = forms.ModelChoiceField(
        label=gettext_lazy("New device user"),
        queryset=DeviceUser.objects.none(),
        help_text=gettext_lazy("Of any domain in which you work. The devices then belong to that domain."),
        error_messages={"required": gettext_lazy("Choose who gets the devices.")},
    )
    how = forms.ChoiceField(
        label=gettext_lazy("Enrolled devices"),
        choices=(
            (ANEW, gettext_lazy("enroll anew: what they told is removed, and their tokens are void")),
            (STAY, gettext_lazy("stay enrolled: only the user changes")),
        ),
        initial=ANEW,
        help_text=gettext_lazy("Let them enroll anew where the new user gets them emptied."),
    )
    access = forms.ChoiceField(
        label=gettext_lazy("The new user is told"),
        choices=WAYS,
        initial=Access.NONE,
        help_text=gettext_lazy("Devices that stay enrolled need no invitation."),
    )
    delete = forms.BooleanField(
        label=gettext_lazy("Delete the former device user afterwards"),
        required=False,
        help_text=gettext_lazy("The person alone, once nothing belongs to them any more. It can't be undone."),
    )

    def __init__(self, former: DeviceUser, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = visible(DeviceUser.objects.exclude(pk=former.pk), person)
        field = cast(forms.ModelChoiceField, self.fields["user"])
        field.queryset = others
        field.widget = SearchSelect(Device._meta.get_field("user"), admin.site)
        field.widget.choices = field.choices
        if not person.has_perm(SEND):
            cast(forms.ChoiceField, self.fields["access"]).choices = [WAYS[-1]]
        if not person.has_perm(DELETE):
            del self.fields["delete"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        user = self.cleaned_data.get("user")
        if user is not None and (text := obstacle(self.cleaned_data.get("access", Access.NONE), user)):
            self.add_error("access", text)
        return cleaned


def hand_over_all_page(page: ConsolePage, request: HttpRequest, former: DeviceUser) -> HttpResponseBase:
    """Ask to whom all devices of a user go; once that was answered, do it.

    Args:
        page: the console's page of device users.
        request: of somebody who may change devices.
        former: the leaver.
    """
    back = reverse("admin:devices_deviceuser_change", args=[former.pk])
    form = HandOverAllForm(former, request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            with transaction.atomic():
                is_deleted = _do(request, former, form.cleaned_data)
        except (HandOverError, ActionError) as error:
            messages.error(request, str(error))
        else:
            target = form.cleaned_data["user"].pk if is_deleted else former.pk
            return redirect("admin:devices_deviceuser_change", target)
    theirs = visible(Device.objects.filter(user=former), request.user).order_by("status", "pk")
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": former,
        "title": _("Hand over all devices"),
        "former": former,
        "belongings": belongings(former, request.user),
        "named": theirs.defer("custom_attributes", "one_time_password")[:SHOWN],
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "enrollment/hand_over_all.html", context)


def _do(request: HttpRequest, former: DeviceUser, chosen: dict[str, Any]) -> bool:
    """Do it, and say what was done; return whether the former user is deleted."""
    person, user = cast(User, request.user), chosen["user"]
    moved = hand_over_all(former, user, person, enrolls_anew=chosen["how"] == ANEW)
    text = ngettext(
        "%(count)s device is handed over to %(user)s.", "%(count)s devices are handed over to %(user)s.", moved.total
    )
    messages.success(request, text % {"count": moved.total, "user": user})
    if chosen["access"] != Access.NONE and moved.waiting:
        invite_devices(moved.waiting, Options(channel=chosen["access"], include_invited=True), person)
        messages.success(request, _("The invitations are being prepared."))
    if not chosen.get("delete"):
        return False
    try:
        with transaction.atomic():
            former.delete()
    except ProtectedError:
        messages.warning(request, _("The former device user could not be deleted: something still belongs to them."))
        return False
    messages.success(request, _("The former device user is deleted."))
    return True

"""What do the forms share that let a device wait for its enrollment? Base of approving and handing over.

They are forms of a device like the console's own (search, validation, audit entry), with one question more: how its
user gets what the device needs to come in.
"""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from devices.admin.console_page import ConsolePage
from devices.models import Device
from enrollment.access import Access, give, obstacle
from enrollment.hand_over import HandOverError
from enrollment.models import EnrollmentSettings
from invitations.actions import ActionError
from invitations.admin.invitation_actions import SEND


class AccessForm(forms.ModelForm):
    """A device, and how its user gets what it needs to come in."""

    # Set by the page, in a class of its own for each request.
    ways: ClassVar[list[tuple[str, Any]]] = list(Access.choices)
    first_way: ClassVar[str] = Access.NONE

    access = forms.ChoiceField(
        label=_("Access"),
        widget=UnfoldAdminRadioSelectWidget,
        choices=Access.choices,
        help_text=_("What the user of the device is given, so that its next try succeeds."),
    )

    class Meta:
        model = Device
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields.get("access"))
        if field is not None:
            field.choices = self.ways
            field.initial = self.first_way

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        user = self.cleaned_data.get("user")
        if user is not None:
            self.instance.domain = user.domain  # the device goes where its user is
        if "user" not in self.errors and (text := obstacle(self.cleaned_data.get("access", Access.NONE), user)):
            self.add_error("access", text)
        return cleaned


def password_page(
    site: admin.AdminSite, request: HttpRequest, device: Device, password: str, back: str
) -> TemplateResponse:
    """Return the page that shows a one-time password: here, once, and in no session, log or message."""
    context = {
        **site.each_context(request),
        "title": _("One-time password"),
        "device": device,
        "password": password,
        "back": back,
    }
    return TemplateResponse(request, "enrollment/password.html", context)  # never cached, as no page of the console


class DeviceFormPage(ConsolePage):
    """A form of one device, opened from elsewhere; made for one request, and registered nowhere.

    Attributes:
        back: where the person comes from, and returns to.
        heading: of the page.
        notes: sentences above the form.
    """

    form = AccessForm
    heading: Any = ""
    notes: tuple[Any, ...] = ()
    autocomplete_fields: tuple[str, ...] = ("user", "groups", "policies")
    change_form_before_template = "enrollment/_form_note.html"

    def __init__(self, back: str) -> None:
        super().__init__(Device, admin.site)
        self.back = back
        self.password = ""

    def page(self, request: HttpRequest, device: Device | None) -> HttpResponseBase:
        """Show the form, or take it: what is wrong is said at the field, what meets another change above the page."""
        self.device = device
        shown = {
            "title": self.heading,
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            "show_delete": False,
            "show_delete_link": False,
        }
        try:
            with transaction.atomic():
                return self.changeform_view(request, str(device.pk) if device else None, "", shown)
        except (HandOverError, ActionError) as error:
            messages.error(request, str(error))
        except IntegrityError:
            messages.error(request, _("Somebody else approved this device at the same time. Look at it again."))
        return redirect(self.back)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Device | None:
        return self.device

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.ways = self.ways(request)
        form.first_way = self.first_way(form.ways)
        return form

    def ways(self, request: HttpRequest) -> list[tuple[str, Any]]:
        """Return the ways of access that the person may choose."""
        if request.user.has_perm(SEND):
            return list(Access.choices)
        return [(value, label) for value, label in Access.choices if value in (Access.NONE, Access.PASSWORD)]

    def first_way(self, ways: list[tuple[str, Any]]) -> str:
        """Return the way that is chosen at first."""
        if not EnrollmentSettings.objects.current().require_credentials:
            return Access.NONE
        return Access.EMAIL if Access.EMAIL in dict(ways) else Access.PASSWORD

    def give_access(self, request: HttpRequest, form: Any, device: Device) -> None:
        """Give the user of the device what was chosen."""
        self.password = give(device, form.cleaned_data["access"], cast(User, request.user))
        if form.cleaned_data["access"] in (Access.EMAIL, Access.SMS):
            messages.success(request, _("The invitation is being prepared."))

    def saved(self, request: HttpRequest, device: Device) -> HttpResponse:
        """Lead back, or show the one-time password."""
        if not self.password:
            return redirect(self.back)
        return password_page(self.admin_site, request, device, self.password, self.back)

    def response_add(self, request: HttpRequest, obj: Device, post_url_continue: str | None = None) -> HttpResponse:
        return self.saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Device) -> HttpResponse:
        return self.saved(request, obj)

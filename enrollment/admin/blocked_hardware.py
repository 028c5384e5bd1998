"""Pages of the block list. An entry blocks the enrolled devices that it is about: they are shown before it is saved."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.admin.console_page import ConsolePage
from devices.models import Device
from enrollment.blocking import block_matching, matching
from enrollment.models import BlockedHardware

# So many of the devices that an entry is about are named.
SHOWN = 10
CONFIRMED = "blocks_devices"


class BlockedHardwareForm(forms.ModelForm):
    class Meta:
        model = BlockedHardware
        fields = ("kind", "value", "note")

    def clean_value(self) -> str:
        value: str = self.cleaned_data["value"]
        if not value.isprintable():
            raise forms.ValidationError(_("It holds a character that can't be seen; no device reports one."))
        return value


def question(request: HttpRequest, kind: str, value: str, back: str) -> HttpResponse | None:
    """Return the page that shows which enrolled devices an entry would block; None: there are none, or it was shown.

    Args:
        request: a POST that would save the entry; the page sends all of it once more, confirmed.
        kind: of BlockedHardware.
        value: of the entry.
        back: where to go without saving.
    """
    if CONFIRMED in request.POST:
        return None
    devices = matching(kind, value)
    number = devices.count()
    if not number:
        return None
    given = [(name, text) for name in request.POST for text in request.POST.getlist(name)]
    context = {
        **admin.site.each_context(request),
        "title": _("Block list"),
        "kind": BlockedHardware.Kind(kind).label,
        "value": value,
        "number": number,
        "named": devices.select_related("user").defer("custom_attributes", "one_time_password")[:SHOWN],
        "given": [(name, text) for name, text in given if name != "csrfmiddlewaretoken"],
        "confirmed": CONFIRMED,
        "back": back,
    }
    return TemplateResponse(request, "enrollment/block_entry.html", context)


def block_now(request: HttpRequest, entry: BlockedHardware) -> None:
    """Block the enrolled devices that an entry is about, and say how many; say which others it refuses."""
    if number := block_matching(entry, cast(User, request.user)):
        text = ngettext(
            "%(number)s enrolled device is blocked. Its token is void.",
            "%(number)s enrolled devices are blocked. Their tokens are void.",
            number,
        )
        messages.warning(request, text % {"number": number})
    if entry.kind != BlockedHardware.Kind.SERIAL_NUMBER:
        return
    if waiting := Device.objects.pre_approved().filter(serial_number=entry.value).count():
        text = ngettext(
            "%(number)s device on the list has this serial number: it is refused from now on.",
            "%(number)s devices on the list have this serial number: they are refused from now on.",
            waiting,
        )
        messages.warning(request, text % {"number": waiting})


@admin.register(BlockedHardware)
class BlockedHardwareAdmin(ConsolePage):
    form = BlockedHardwareForm
    is_entered_in_series = True
    list_display = ("value", "kind", "note", "created_at")
    list_filter = ("kind",)
    search_fields = ("value", "note")
    search_help_text = gettext_lazy("Value or note")
    empty_text = gettext_lazy("No serial number, hardware UUID or manufacturer is kept out.")
    fields = (("kind", "value"), "note")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        if request.method == "POST" and (page := self._question(request, object_id)):
            return page
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _question(self, request: HttpRequest, object_id: str | None) -> HttpResponse | None:
        """Return what is asked before an entry is saved; None where nothing is, or the form says what is wrong."""
        entry = self.get_object(request, object_id) if object_id else None
        may = self.has_change_permission(request, entry) if object_id else self.has_add_permission(request)
        if not may or (object_id and entry is None):
            return None
        form = self.get_form(request, entry, change=entry is not None)(request.POST, instance=entry)
        if not form.is_valid() or not {"kind", "value"} & set(form.changed_data):
            return None
        return question(request, form.cleaned_data["kind"], form.cleaned_data["value"], back=request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if {"kind", "value"} & set(form.changed_data):
            block_now(request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._name_the_blocked(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        self._name_the_blocked(request)

    def _name_the_blocked(self, request: HttpRequest) -> None:
        """Say that devices don't come back by themselves when an entry goes."""
        if not Device.objects.filter(status=Device.Status.BLOCKED).exists():
            return
        text = _("Devices that were blocked stay so until you unblock them.")
        if request.user.has_perm("devices.view_device"):
            address = reverse("admin:devices_device_changelist", query={"status": Device.Status.BLOCKED.value})
            messages.info(request, format_html('{} <a href="{}">{}</a>', text, address, _("Blocked devices")))
        else:
            messages.info(request, text)

"""Pages of the block list."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.admin.console_page import ConsolePage
from devices.models import Device
from enrollment.models import BlockedHardware


class BlockedHardwareForm(forms.ModelForm):
    class Meta:
        model = BlockedHardware
        fields = ("kind", "value", "note")

    def clean_value(self) -> str:
        value: str = self.cleaned_data["value"]
        if not value.isprintable():
            raise forms.ValidationError(_("It holds a character that can't be seen; no device reports one."))
        return value


@admin.register(BlockedHardware)
class BlockedHardwareAdmin(ConsolePage):
    form = BlockedHardwareForm
    list_display = ("value", "kind", "note", "created_at")
    list_filter = ("kind",)
    search_fields = ("value", "note")
    search_help_text = _("Value or note")
    empty_text = gettext_lazy("No serial number, hardware UUID or manufacturer is kept out.")
    fields = (("kind", "value"), "note")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.kind != BlockedHardware.Kind.SERIAL_NUMBER:
            return
        same = Device.objects.filter(serial_number=obj.value)
        waiting = same.pre_approved().count()
        if waiting:
            text = ngettext(
                "%(number)s device on the list has this serial number: it is refused from now on.",
                "%(number)s devices on the list have this serial number: they are refused from now on.",
                waiting,
            )
            messages.warning(request, text % {"number": waiting})
        if same.filter(status=Device.Status.ENROLLED).exists():
            messages.warning(
                request, _("A device with this serial number is enrolled. It stays so until it asks again.")
            )

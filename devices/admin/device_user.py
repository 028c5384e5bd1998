"""Pages of device users."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from devices.imports.columns.cells import CellContext
from devices.imports.columns.contacts import PhoneWidget
from devices.imports.problems import CellProblem, message
from devices.models import DeviceUser

from .console_page import ConsolePage

MAX_LENGTH = 64  # of a number as somebody types it


class DeviceUserForm(forms.ModelForm):
    """A device user; a mobile number without a country code belongs to the region of the domain, as in an import."""

    mobile = forms.CharField(
        label=_("Mobile"),
        required=False,
        max_length=MAX_LENGTH,
        help_text=_("With country code, such as +49 170 1234567; or without it, where the domain has a phone region."),
    )

    class Meta:
        model = DeviceUser
        fields = ("domain", "name", "email", "sam_account_name", "mobile")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        number = self.cleaned_data.get("mobile")
        # Who may not change the domain has no field for it; who chose none is told that by the field.
        domain = self.cleaned_data.get("domain") or (self.instance.domain if self.instance.domain_id else None)
        if not number or domain is None:
            return cleaned
        region = domain.phone_region or settings.HEXENROLL_PHONE_REGION
        rule, context = PhoneWidget(MAX_LENGTH), CellContext(phone_region=region)
        try:
            self.cleaned_data["mobile"] = rule.clean_text(number, number, context)
        except CellProblem as problem:
            self.add_error("mobile", message(problem.code, value=number))
        return cleaned


@admin.register(DeviceUser)
class DeviceUserAdmin(ConsolePage):
    form = DeviceUserForm
    list_display = ("name", "email", "domain", "mobile", "sam_account_name")
    list_filter = ("domain",)
    list_select_related = ("domain",)
    search_fields = ("name", "email", "sam_account_name")
    fields = ("domain", "name", "email", "sam_account_name", "mobile", "import_batch", "created_at", "updated_at")
    readonly_fields = ("import_batch", "created_at", "updated_at")
    autocomplete_fields = ("domain",)
    show_full_result_count = False

    def get_form(self, request: Any, obj: DeviceUser | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        # The admin gives its widgets only to fields that come from the model as they are; this one takes longer texts
        # than the column. It looks like its neighbour. Without the field, the person may only look.
        if "mobile" in form.base_fields:
            form.base_fields["mobile"].widget = self.formfield_for_dbfield(
                DeviceUser._meta.get_field("sam_account_name"), request
            ).widget
        return form

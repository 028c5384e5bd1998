"""Pages of device users."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from devices import csv_file, taken_away
from devices.device_users import having_devices, matching, rows, with_device_count
from devices.imports.columns.cells import CellContext
from devices.imports.columns.contacts import PhoneWidget
from devices.imports.problems import CellProblem, message
from devices.models import Device, DeviceUser
from devices.scope import visible

from .console_page import ConsolePage

MAX_LENGTH = 64  # of a number as somebody types it
# So many of the devices that keep a user are named.
SHOWN = 20


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


class DevicesFilter(admin.SimpleListFilter):
    """With or without devices: those without may be leftovers, or people who wait for one."""

    title = _("devices")
    parameter_name = "devices"
    WITH, WITHOUT = "with", "without"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.WITH, _("With devices")), (self.WITHOUT, _("Without devices"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceUser]) -> QuerySet[DeviceUser]:
        if self.value() not in (self.WITH, self.WITHOUT):
            return queryset
        return having_devices(queryset, request.user, has=self.value() == self.WITH)


@admin.register(DeviceUser)
class DeviceUserAdmin(ConsolePage):
    form = DeviceUserForm
    is_entered_in_series = True
    list_display = ("name", "email", "domain", "number_of_devices", "mobile", "sam_account_name")
    list_filter = ("domain", DevicesFilter)
    list_select_related = ("domain",)
    search_fields = ("name",)  # shows the field; get_search_results does it
    search_help_text = _("Name, e-mail address or SAM account name")
    fieldsets = ((None, {"fields": (("name", "domain"), ("email", "mobile"), "sam_account_name")}),)
    autocomplete_fields = ("domain",)
    show_full_result_count = False
    actions_list: tuple[str, ...] = ("export_users",)
    empty_text = _("Whom devices belong to will be here. They come with an import, or are added by hand.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceUser]:
        found: QuerySet[DeviceUser] = with_device_count(super().get_queryset(request), request.user)
        return found

    @admin.display(description=_("Devices"))
    def number_of_devices(self, user: DeviceUser) -> Any:
        if not user.device_count:  # type: ignore[attr-defined]
            return "0"
        url = reverse("admin:devices_device_changelist")
        return format_html('<a href="{}?user={}&amp;status=all">{}</a>', url, user.pk, user.device_count)  # type: ignore[attr-defined]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeviceUser], search_term: str
    ) -> tuple[QuerySet[DeviceUser], bool]:
        text = search_term.replace("\x00", "").strip()
        return (matching(queryset, text) if text else queryset), False

    def get_readonly_fields(self, request: HttpRequest, obj: DeviceUser | None = None) -> tuple[str, ...]:
        """Leave a person in their domain: their devices are of the same one."""
        return () if obj is None else ("domain",)

    def get_form(self, request: Any, obj: DeviceUser | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        # The admin gives its widgets only to fields that come from the model as they are; this one takes longer texts
        # than the column. It looks like its neighbour. Without the field, the person may only look.
        if "mobile" in form.base_fields:
            form.base_fields["mobile"].widget = self.formfield_for_dbfield(
                DeviceUser._meta.get_field("sam_account_name"), request
            ).widget
        return form

    # --- the file ---
    def has_export_permission(self, request: HttpRequest) -> bool:
        """Tell who may have a file of device users: who may have one of devices, which names them all, too."""
        return self.has_view_permission(request) and request.user.has_perm("devices.export_device")

    @action(description=_("Export CSV"), permissions=["export"], url_path="export", icon="download")
    def export_users(self, request: HttpRequest) -> HttpResponseBase:
        """Hand out what the list shows, by the filters and the search of its address, as a file."""
        try:
            users = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise BadRequest("the address holds no filter of the list") from error
        taken_away.tell(request, DeviceUser, users.count())
        return csv_file.answer(rows(users), "device-users.csv")

    # --- deleting ---
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name what is in the way as far as the person may see it."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        if not protected:
            return deleted, counts, missing, protected
        theirs = Device.objects.filter(user__in=objs)
        ours = visible(theirs, request.user)
        named = [str(device) for device in ours.defer("custom_attributes", "one_time_password")[:SHOWN]]
        if theirs.count() > ours.count():
            named.append(str(_("Devices of a domain in which you don't work")))
        return deleted, counts, missing, named

"""Pages of devices, and their export.

Pre-approved devices are not in the list until Enrollment status > Pre-approved is chosen (MISSION.md, section 3).
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.contrib.import_export.forms import ExportForm
from unfold.widgets import UnfoldAdminSelectWidget

from devices import csv_file, taken_away, workbook
from devices.approval import end_of_approval
from devices.bulk import ask as bulk_pages
from devices.bulk.kinds import Kind, allowed
from devices.device_list import export, saved_views
from devices.device_list.change_list import DeviceChangeList, unknown
from devices.filters import DeviceFilter
from devices.models import Device
from devices.policies.conflicts import conflicts_of
from devices.policies.effective import effective_of
from devices.resources import DeviceResource
from devices.row_number import is_row_number

from .console_page import ConsolePage


def _asks(kind: Kind) -> Any:
    """Return the action of the list that leads to a kind's page."""
    return lambda page, request, devices: bulk_pages.from_list(request, kind)


def _file_name(ending: str) -> str:
    return f"devices-{timezone.localdate().isoformat()}.{ending}"


class DeviceExportForm(ExportForm):
    AS_LISTED = "listed"

    columns = forms.ChoiceField(
        label=_("Columns"),
        choices=[
            ("import", _("Those of the import: the file can be imported again")),
            (AS_LISTED, _("Those of the list")),
        ],
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Which columns the file has. Those of the list are the ones that you chose to see."),
    )


@admin.register(Device)
class DeviceAdmin(ExportMixin, ConsolePage):
    resource_classes = (DeviceResource,)
    export_form_class = DeviceExportForm
    import_export_change_list_template = "devices/list/change_list.html"

    show_facets = admin.ShowFacets.NEVER  # counting each choice reads all devices
    list_before_template = "devices/list/_above.html"
    list_filter_submit = True
    list_filter_sheet = True
    list_fullwidth = True
    search_fields = ("serial_number",)  # shows the field; DeviceFilter does it
    search_help_text = _("Serial number, name, user or e-mail")  # longer ones are cut off in the field
    show_full_result_count = False
    fieldsets = (
        (_("Device"), {"fields": (("serial_number", "platform"), ("name", "ownership"))}),
        (_("Belongs to"), {"fields": (("domain", "user"),)}),
        (_("Gets"), {"fields": ("groups", "policies")}),
        (_("Besides"), {"fields": ("approval_expires_at", "custom_attributes")}),
    )
    autocomplete_fields = ("domain", "user", "groups", "policies")
    change_form_after_template = "policies/_conflicts.html"

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(AutocompleteDropdownForm.Media)  # the drawer's searches

    # --- the list: what it shows, devices/device_list decides ---
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeviceChangeList]:
        return DeviceChangeList

    def get_list_display(self, request: HttpRequest) -> Any:
        return saved_views.shown_columns(request)

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        return list_display[:1]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return [column for column in self.get_list_display(request) if column.admin_order_field]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [*saved_views.urls(view), *bulk_pages.urls(view), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return what can be done to many devices: devices/bulk, besides what pages of higher layers add."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)  # one by one, in the request
        if IS_POPUP_VAR not in request.GET:
            if self.has_export_permission(request):
                found |= {"export_ticked": self.get_action("export_ticked")}
            found |= {kind.name: (_asks(kind), kind.name, kind.label) for kind in allowed(request.user)}
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if request.method == "GET" and (address := saved_views.opened(request)) is not None:
            return HttpResponseRedirect(f"{request.path}{address}")
        return super().changelist_view(request, {"title": _("Devices"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        shown: dict[str, Any] = {}
        is_key = is_row_number(object_id)
        if is_key and request.user.has_perm("devices.view_policy"):
            shown["policy_conflicts"] = conflicts_of(effective_of([int(object_id)])[int(object_id)])
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> tuple[str, ...]:
        """Leave to a device that has enrolled what it said of itself."""
        return ("serial_number", "platform") if obj is not None and obj.status != Device.Status.PRE_APPROVED else ()

    def response_post_save_add(self, request: HttpRequest, obj: Device) -> HttpResponseBase:
        """Lead to the device: the list doesn't show one that waits to enroll."""
        return redirect("admin:devices_device_change", obj.pk)

    def response_post_save_change(self, request: HttpRequest, obj: Device) -> HttpResponseBase:
        return redirect("admin:devices_device_change", obj.pk)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the time that new approvals have; who adds a device can change it."""
        end = end_of_approval(timezone.now())
        shown = {"approval_expires_at": end.replace(microsecond=0)} if end else {}
        return {**shown, **super().get_changeform_initial_data(request)}

    def get_export_formats(self) -> list[Any]:
        return [CSV, XLSX]

    @admin.action(description=_("Export"), permissions=["export"])
    def export_ticked(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponseBase:
        """Hand out what was ticked, or all that match, as the import reads it."""
        taken_away.tell(request, Device, queryset.count())
        return csv_file.answer(export.importable(queryset), _file_name("csv"))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("devices.export_device")

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        found = DeviceFilter(request.GET, self.get_queryset(request), request=request)
        if found.messages() or unknown(request):
            raise BadRequest("the address holds no filter of the list")
        return found.qs.order_by("-pk")

    def _do_file_export(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Device], export_form: Any = None
    ) -> HttpResponseBase:
        taken_away.tell(request, Device, queryset.count())
        columns = saved_views.shown_columns(request)
        as_listed = export_form is not None and export_form.cleaned_data.get("columns") == DeviceExportForm.AS_LISTED
        rows = export.as_listed(queryset, columns) if as_listed else export.importable(queryset)
        if isinstance(file_format, XLSX):
            return workbook.answer(rows, _file_name("xlsx"))
        return csv_file.answer(rows, _file_name("csv"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Device], search_term: str
    ) -> tuple[QuerySet[Device], bool]:
        return (queryset.matching(search_term) if search_term else queryset), False  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        """Only a pre-approved device can be deleted; an enrolled one can only be disenrolled."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Device.Status.PRE_APPROVED)

    def delete_model(self, request: HttpRequest, obj: Device) -> None:
        with transaction.atomic():
            # What hangs on it goes first, and would be locked first: others lock the device, then that.
            still = Device.objects.pre_approved().select_for_update(of=("self",)).filter(pk=obj.pk)
            if not still.exists():
                raise PermissionDenied  # it has enrolled since it was looked at
            super().delete_model(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name among what is in the way, devices that can't be deleted, so that none is left silently."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        kept = [str(device) for device in objs if device.status != Device.Status.PRE_APPROVED]
        return deleted, counts, missing, [*protected, *kept]

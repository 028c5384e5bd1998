"""Pages of device groups: the list, the form with its rule, and the way to devices, files and export."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from devices.groups import facts, filling
from devices.groups.form import CONDITIONS, DeviceGroupForm
from devices.groups.pages import files, members, preview
from devices.models import DeviceGroup

from .console_page import ConsolePage


class CountedGroups(ChangeList):
    """A page of groups, whose devices are counted by one statement: of the groups on it alone."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown = list(self.result_list)
        counts = facts.counts_of([group.pk for group in shown], request.user)
        for group in shown:
            group.shown_count = counts.get(group.pk, 0)
        self.result_list = shown


@admin.register(DeviceGroup)
class DeviceGroupAdmin(ConsolePage):
    form = DeviceGroupForm
    is_entered_in_series = True
    change_form_template = "groups/group.html"
    list_before_template = "groups/_tools.html"
    list_display = ("name", "kind", "device_count", "policy_names", "shortened")
    list_per_page = 25
    sortable_by = ("name",)
    search_fields = ("name", "description")
    search_help_text = _("Name or description")
    show_full_result_count = False
    autocomplete_fields = ("policies",)
    empty_text = _(
        "A group gives its devices their policies. Devices are put in by hand, by a file, or by a rule that takes in "
        "whatever fits it, as soon as it comes."
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountedGroups

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        is_list = str(getattr(request.resolver_match, "url_name", "")).endswith("changelist")
        return found.prefetch_related("policies") if is_list else found

    @admin.display(description=_("devices come"))
    def kind(self, group: DeviceGroup) -> Any:
        if not group.is_ruled:
            return _("by hand")
        is_done = group.state in (DeviceGroup.State.CURRENT, DeviceGroup.State.SETTLING)
        return _("by a rule") if is_done else format_html("{} · {}", _("by a rule"), group.get_state_display())

    @admin.display(description=_("devices"))
    def device_count(self, group: DeviceGroup) -> int:
        return int(getattr(group, "shown_count", 0))

    @admin.display(description=_("policies"))
    def policy_names(self, group: DeviceGroup) -> str:
        return ", ".join(policy.name for policy in group.policies.all()) or "–"

    @admin.display(description=_("description"))
    def shortened(self, group: DeviceGroup) -> str:
        return group.description if len(group.description) <= 80 else f"{group.description[:79]}…"

    def get_fieldsets(self, request: HttpRequest, obj: DeviceGroup | None = None) -> Any:
        about = (None, {"fields": ("name", "description", "policies")})
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may:
            return (about,)
        return (about, (_("Devices"), {"fields": ("kind",)}), (_("Rule"), {"fields": CONDITIONS, "classes": ("rule",)}))

    def save_model(self, request: HttpRequest, obj: DeviceGroup, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        filling.save_rule(obj, form.cleaned_data["found_rule"])

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path("<int:pk>/devices/", members.MembersView.as_view(), name="devices_devicegroup_members"),
            path("preview/", preview.PreviewView.as_view(), name="devices_devicegroup_preview"),
            path("export.csv", files.ExportView.as_view(), name="devices_devicegroup_export"),
            path("imports/", files.HistoryView.as_view(), name="devices_devicegroup_imports"),
            path("imports/new/", files.UploadView.as_view(), name="devices_devicegroup_upload"),
            path("imports/sample.csv", files.SampleView.as_view(), name="devices_devicegroup_sample"),
            path("imports/<int:pk>/", files.ImportView.as_view(), name="devices_devicegroup_import"),
            path(
                "imports/<int:pk>/progress.json",
                files.ProgressView.as_view(),
                name="devices_devicegroup_import_progress",
            ),
            path("imports/<int:pk>/bad-lines.csv", files.BadRowsView.as_view(), name="devices_devicegroup_bad_rows"),
        ]
        return urls + super().get_urls()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: DeviceGroup | None = None,
    ) -> HttpResponse:
        context |= {"preview_url": reverse("admin:devices_devicegroup_preview")}
        if obj is not None:
            context |= {
                "group": obj,
                "rule_words": facts.in_words(obj, request.user),
                "composition": facts.composition(obj, request.user),
                "list_url": reverse("admin:devices_device_changelist"),
                "devices_url": f"{reverse('admin:devices_device_changelist')}?status=all&group={obj.pk}",
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes along: a group may hold every device, and a page that names each would not end."""
        keys = [group.pk for group in objs]
        memberships = sum(facts.counts_of(keys, request.user).values())
        counted = {DeviceGroup._meta.verbose_name_plural: len(keys), _("memberships of devices"): memberships}
        missing = set() if self.has_delete_permission(request) else {DeviceGroup._meta.verbose_name}
        return [str(group) for group in objs], {name: count for name, count in counted.items() if count}, missing, []

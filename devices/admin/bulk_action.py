"""Pages of bulk actions: who did what to many devices, how far is it, and what was left out?"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.bulk.carry_out import cancel
from devices.bulk.kinds import KINDS
from devices.bulk.retention import failed_lately
from devices.models import BulkAction
from devices.scope import scope_of

from .console_page import ConsolePage

CANCEL = "devices.change_bulkaction"
TONES = {
    BulkAction.State.QUEUED: "info",
    BulkAction.State.RUNNING: "info",
    BulkAction.State.DONE: "success",
    BulkAction.State.FAILED: "danger",
    BulkAction.State.CANCELLED: "warning",
}


class OutcomeFilter(admin.SimpleListFilter):
    """Bulk actions that the dashboard counts."""

    title = _("outcome")
    parameter_name = "outcome"
    FAILED_LATELY = "failed_lately"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.FAILED_LATELY, _("Failed in the past 7 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BulkAction]) -> QuerySet[BulkAction]:
        return failed_lately(queryset) if self.value() == self.FAILED_LATELY else queryset


@admin.register(BulkAction)
class BulkActionAdmin(ConsolePage):
    list_display = ("what", "state_shown", "changed", "total", "created_by", "created_at")
    list_filter = ("state", OutcomeFilter)
    list_select_related = ("created_by",)
    fields = ()
    actions = None
    change_form_template = "devices/bulk/action.html"
    empty_text = _("What was done to many devices at once will be here. Tick devices in Manage > Devices to begin.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAction]:
        """Return one's own; those of others for people who may work in all domains."""
        found: QuerySet[BulkAction] = admin.ModelAdmin.get_queryset(self, request).defer("chosen")
        return found if scope_of(request.user).is_everything else found.filter(created_by=request.user.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("action"), ordering="kind")
    def what(self, found: BulkAction) -> str:
        kind = KINDS.get(found.kind)
        words = kind.describe(found.parameters) if kind else ""
        label = str(kind.label) if kind else found.kind
        return str(_("%(action)s: %(what)s") % {"action": label, "what": words}) if words else label

    @display(description=_("state"), ordering="state", label=TONES)
    def state_shown(self, found: BulkAction) -> tuple[str, str]:
        return found.state, found.get_state_display()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("<int:action_id>/cancel/", view, name="devices_bulkaction_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest, action_id: int) -> HttpResponseBase:
        """Stop one that is open. By POST alone: a link on a foreign page must not do it."""
        if not (self.has_view_permission(request) and request.user.has_perm(CANCEL)):
            raise PermissionDenied
        found = get_object_or_404(self.get_queryset(request), pk=action_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if cancel(found.pk):
            messages.success(request, _("It is cancelled. What was changed until now stays so."))
        else:
            messages.warning(request, _("It is over already. Nothing was changed."))
        return redirect("admin:devices_bulkaction_change", found.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        found = self.get_object(request, object_id)
        shown: dict[str, Any] = {}
        if found is not None:
            kind = KINDS.get(found.kind)
            reasons = kind.reasons if kind else {}
            shown = {
                "found": found,
                "what": self.what(found),
                "title": self.what(found),
                "is_open": found.state in BulkAction.OPEN,
                "may_cancel": found.state in BulkAction.OPEN and request.user.has_perm(CANCEL),
                "share": min(100, 100 * found.done // found.total) if found.total else 100,
                "tone": TONES[BulkAction.State(found.state)],
                "left_out": [(reasons.get(code, code), number) for code, number in found.skipped.items()],
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

"""Pages of bulk actions: who did what to many devices, how far is it, and what was left out?"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from devices.bulk.carry_out import cancel
from devices.bulk.kinds import KINDS
from devices.models import BulkAction
from devices.scope import scope_of

from .console_page import ConsolePage

TONES = {
    BulkAction.State.QUEUED: "info",
    BulkAction.State.RUNNING: "info",
    BulkAction.State.DONE: "success",
    BulkAction.State.FAILED: "danger",
    BulkAction.State.CANCELLED: "warning",
}


@admin.register(BulkAction)
class BulkActionAdmin(ConsolePage):
    list_display = ("what", "state_shown", "changed", "total", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("created_by",)
    fields = ()
    actions = None
    actions_detail = ("cancel",)
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

    def has_cancel_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("devices.change_bulkaction")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        found = super().get_actions_detail(request, object_id)
        is_open = str(object_id).isdecimal() and self.get_queryset(request).filter(
            pk=object_id, state__in=BulkAction.OPEN
        )
        return found if is_open else []

    @action(description=_("Cancel"), permissions=["cancel"], url_path="cancel", icon="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        found = self.get_object(request, object_id)
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
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
                "share": min(100, 100 * found.done // found.total) if found.total else 100,
                "tone": TONES[BulkAction.State(found.state)],
                "left_out": [(reasons.get(code, code), number) for code, number in found.skipped.items()],
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

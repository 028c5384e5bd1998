"""Pages of scheduled reports: what is sent to whom and when, pausing, sending now. Imported by hexenroll/admin.py.

Everybody has those of their own; with all domains one sees those of others, too, and may pause and delete them. A
report shows what its owner may see: nobody but the owner, or somebody who may do everything, changes to whom it goes.
"""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from devices.admin.console_page import ConsolePage
from hexenroll.models import ScheduledReport

from .filter_form import Period
from .registry import REPORTS
from .schedule_form import FILTERS, ScheduledReportForm
from .sending import pause, regular, resume, send_soon


class StandingFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("active", _("Active")), ("paused", _("Paused")), ("failing", _("Not being sent"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ScheduledReport]) -> QuerySet[ScheduledReport]:
        if self.value() == "failing":
            return queryset.exclude(last_error="")
        chosen = {"active": True, "paused": False}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(is_active=chosen)


@admin.register(ScheduledReport)
class ScheduledReportAdmin(ConsolePage):
    form = ScheduledReportForm
    list_display = (
        "shown_report",
        "shown_state",
        "shown_times",
        "shown_recipients",
        "next_at",
        "last_sent_at",
        "owner",
    )
    list_display_links = ("shown_report",)
    list_filter = (StandingFilter, "every")
    list_select_related = ("owner",)
    empty_text = _("Reports that are sent by mail will be here. Open a report and choose “Send by mail”.")
    actions = ("send_now", "pause", "resume")
    actions_submit_line = ("save_and_send",)
    STATE_COLOURS: ClassVar[dict[str, str]] = {"active": "success", "paused": "info", "failing": "danger"}
    SHOWN: ClassVar[tuple[str, ...]] = ("next_at", "last_sent_at", "last_error", "owner")

    # --- the list ---
    @admin.display(description=_("report"), ordering="report")
    def shown_report(self, scheduled: ScheduledReport) -> str:
        report = REPORTS.get(scheduled.report)
        return str(report.title) if report else scheduled.report

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, scheduled: ScheduledReport) -> tuple[str, Any]:
        if scheduled.last_error:
            return "failing", _("Not being sent")
        return ("active", _("Active")) if scheduled.is_active else ("paused", _("Paused"))

    @admin.display(description=_("how often"), ordering="every")
    def shown_times(self, scheduled: ScheduledReport) -> str:
        return str(_("%(every)s, %(hour)s:00") % {"every": scheduled.get_every_display(), "hour": scheduled.hour})

    @admin.display(description=_("recipients"))
    def shown_recipients(self, scheduled: ScheduledReport) -> str:
        if len(scheduled.recipients) == 1:
            return str(scheduled.recipients[0])
        count = len(scheduled.recipients)
        return ngettext("%(count)s address", "%(count)s addresses", count) % {"count": count}

    # --- who may ---
    def has_change_permission(self, request: HttpRequest, obj: ScheduledReport | None = None) -> bool:
        is_theirs = obj is None or obj.owner_id == request.user.pk or request.user.is_superuser
        return is_theirs and super().has_change_permission(request, obj)

    def has_send_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether the button is shown; unfold asks with the key in the address, None where a report is added."""
        scheduled = self.get_object(request, str(object_id)) if object_id is not None else None
        return self.has_change_permission(request, scheduled)

    # --- the form ---
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **{**kwargs, "form": ModelForm})  # nothing is entered
        form = super().get_form(request, obj, change, **kwargs)
        return type("OwnedForm", (form,), {"owner": obj.owner if obj else request.user})

    def get_fieldsets(self, request: HttpRequest, obj: ScheduledReport | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            fields = ("shown_report", "query", "format", "every", "hour", "recipients", "is_active", *self.SHOWN)
            return [(None, {"fields": fields})]
        what = (_("What"), {"fields": ("report", ("period", "days"), ("domain", "platform"), "format")})
        when = (_("When and to whom"), {"fields": (("every", "hour"), "recipients", "is_active")})
        return [what, when, (_("So far"), {"fields": (("next_at", "last_sent_at"), "last_error", "owner")})][
            : 3 if obj else 2
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: ScheduledReport | None = None) -> Any:
        return (*self.SHOWN, *(("shown_report",) if obj and not self.has_change_permission(request, obj) else ()))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take over report and filters from the address; the mail goes to who makes it."""
        given = {name: request.GET[name] for name in ("report", *FILTERS) if request.GET.get(name)}
        if given.get("period") == Period.CHOSEN:
            del given["period"]
        return {"recipients": request.user.email, **given}  # type: ignore[union-attr]

    def save_model(self, request: HttpRequest, obj: ScheduledReport, form: Any, change: bool) -> None:
        if not change:
            obj.owner = request.user  # type: ignore[assignment]
        obj.next_at = regular(obj, timezone.now())
        obj.attempts, obj.last_error = 0, ""
        super().save_model(request, obj, form, change)

    # --- actions ---
    @action(description=_("Save and send now"), permissions=["send"])
    def save_and_send(self, request: HttpRequest, obj: ScheduledReport) -> None:
        send_soon(obj)
        messages.success(request, _("The report is being sent."))

    @admin.action(description=_("Send now"), permissions=["change"])
    def send_now(self, request: HttpRequest, queryset: QuerySet[ScheduledReport]) -> None:
        chosen = [scheduled for scheduled in queryset if self.has_change_permission(request, scheduled)]
        for scheduled in chosen:
            send_soon(scheduled)
        self._say(
            request,
            ngettext("%(count)s report is being sent.", "%(count)s reports are being sent.", len(chosen)),
            len(chosen),
        )
        if len(chosen) < queryset.count():
            messages.warning(request, _("Reports of others are sent by their owners only."))

    @admin.action(description=_("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[ScheduledReport]) -> None:
        changed = pause(queryset)
        self._say(request, ngettext("%(count)s report was paused.", "%(count)s reports were paused.", changed), changed)

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[ScheduledReport]) -> None:
        # Whoever paused one may know why its readers are to get nothing: its owner decides.
        changed = resume(queryset if request.user.is_superuser else queryset.filter(owner=request.user.pk))
        self._say(
            request, ngettext("%(count)s report was resumed.", "%(count)s reports were resumed.", changed), changed
        )

    def _say(self, request: HttpRequest, text: str, count: int) -> None:
        messages.success(request, text % {"count": count})

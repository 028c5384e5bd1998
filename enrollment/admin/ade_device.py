"""Pages of ADE devices: which devices does Apple list, what became of each here, and what is odd about some?"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext
from unfold.decorators import action, display

from devices.admin.console_page import ConsolePage
from devices.models import Device
from devices.row_number import is_row_number
from devices.scope import visible
from enrollment.ade import approve_chosen
from enrollment.ade.profile_words import assignment_of
from enrollment.models import AdeDevice

from .ade_device_filters import PROFILE_WORDS, FamilyFilter, MarkFilter, ProfileStatusFilter
from .ade_profile_assign import ProfileActions

Approval, AssignState = AdeDevice.Approval, AdeDevice.AssignState
# Whoever may enter a device by hand may pre-approve one that Apple lists.
PRE_APPROVE = "devices.add_device"
APPROVAL_COLOURS = {
    Approval.WAITING: "info",
    Approval.ASKED: "info",
    Approval.MADE: "success",
    Approval.KNOWN: "success",
    Approval.OTHER_ACCOUNT: "warning",
    Approval.UNSUPPORTED: "warning",
    Approval.UNUSABLE: "warning",
    Approval.WITHDRAWN: "danger",
    Approval.KEPT: "warning",
    "deleted": "danger",
}
# As a column has room for it; the filter and the device's page say it whole.
SHORT = {
    Approval.WAITING: _("Not yet"),
    Approval.ASKED: _("In a moment"),
    Approval.MADE: _("Pre-approved"),
    Approval.KNOWN: _("Known before"),
    Approval.OTHER_ACCOUNT: _("Other account"),
    Approval.UNSUPPORTED: _("Not supported"),
    Approval.UNUSABLE: _("Odd serial number"),
    Approval.WITHDRAWN: _("Withdrawn"),
    Approval.KEPT: _("Kept"),
    "deleted": _("Deleted here"),
}
ASSIGN_COLOURS = {
    AssignState.NONE: "info",
    AssignState.WAITING: "info",
    AssignState.ASSIGNED: "success",
    AssignState.REMOVED: "info",
    AssignState.NOT_ACCESSIBLE: "danger",
    AssignState.FAILED: "danger",
    AssignState.THROTTLED: "warning",
}


class KnownDevices(ChangeList):
    """A page of ADE devices, each with its device of the portal and the other accounts that list it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = with_portal(list(self.result_list), request.user)


def with_portal(shown: list[AdeDevice], person: Any) -> list[AdeDevice]:
    """Set on each row what the portal has of it, by two statements.

    `device_id`: of the portal's device, None where there is none that the person may see. `is_deleted`: an
    administrator deleted it. `others`: names of other accounts, visible to the person, that list the serial number.
    """
    serials = [row.serial_number for row in shown]
    same = Device.objects.filter(serial_number__in=serials)
    there = {(serial, platform) for serial, platform in same.values_list("serial_number", "platform")}
    seen = visible(same, person).values_list("serial_number", "platform", "pk")
    numbers = {(serial, platform): pk for serial, platform, pk in seen}
    others: dict[str, dict[int, str]] = {}
    listed = visible(AdeDevice.objects.listed().filter(serial_number__in=serials), person)
    for serial, account_id, name in listed.values_list("serial_number", "account", "account__name"):
        others.setdefault(serial, {})[account_id] = name
    for row in shown:
        place = (row.serial_number, row.platform)
        row.device_id = numbers.get(place)  # type: ignore[attr-defined]
        was_there = row.is_listed and row.approval in (Approval.MADE, Approval.KNOWN)
        row.is_deleted = was_there and place not in there  # type: ignore[attr-defined]
        named = others.get(row.serial_number, {}).items()
        row.others = sorted(name for key, name in named if key != row.account_id)  # type: ignore[attr-defined]
    return shown


def approval_of(row: AdeDevice) -> str:
    """Return what became of a row of `with_portal`: a key of APPROVAL_COLOURS and SHORT."""
    return "deleted" if row.is_deleted else row.approval  # type: ignore[attr-defined]


@admin.register(AdeDevice)
class AdeDeviceAdmin(ProfileActions, ConsolePage):
    list_before_template = "ade/_pages.html"
    list_display = (
        *("serial_number", "kind", "shown_account", "shown_approval", "shown_device"),
        *("shown_profile", "shown_assignment", "shown_listed"),
    )
    list_filter = (
        *("account", "approval", MarkFilter, FamilyFilter, "is_listed", ProfileStatusFilter),
        *("wanted_profile", "assign_state"),
    )
    list_select_related = ("account",)
    search_fields = ("serial_number",)
    search_help_text = _("Serial number")
    sortable_by = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    empty_text = _("Devices that Apple lists for your accounts will be here as soon as one is synced.")
    actions = ("pre_approve", "assign_profile", "remove_profile")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KnownDevices

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdeDevice]:
        found: QuerySet[AdeDevice] = super().get_queryset(request)
        return found.defer("account__private_key", "account__server_token")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AdeDevice], search_term: str
    ) -> tuple[QuerySet[AdeDevice], bool]:
        text = search_term.replace("\x00", "").strip()
        return (queryset.filter(serial_number__icontains=text) if text else queryset), False

    # --- the list ---
    @admin.display(description=_("device"))
    def kind(self, row: AdeDevice) -> SafeString:
        words = (row.model or row.device_family or row.os, row.color.lower())
        shown = format_html_join(", ", "<bdi>{}</bdi>", ((word,) for word in words if word))
        if row.platform:
            return format_html("<span>{}</span>", shown)
        return format_html('<span>{} <span class="ad-mark">{}</span></span>', shown, _("platform not supported"))

    @admin.display(description=_("account"))
    def shown_account(self, row: AdeDevice) -> SafeString:
        others: list[str] = row.others  # type: ignore[attr-defined]
        if not others:
            return format_html("<bdi>{}</bdi>", row.account)
        text = _("also in %(accounts)s") % {"accounts": ", ".join(others)}
        return format_html('<span><bdi>{}</bdi> <span class="ad-mark">{}</span></span>', row.account, text)

    @display(description=_("pre-approval"), label=APPROVAL_COLOURS)
    def shown_approval(self, row: AdeDevice) -> tuple[str, Any]:
        found = approval_of(row)
        return found, SHORT[found]

    @admin.display(description=_("in the portal"))
    def shown_device(self, row: AdeDevice) -> Any:
        if row.device_id is None:  # type: ignore[attr-defined]
            return "–"
        url = reverse("admin:devices_device_change", args=[row.device_id])  # type: ignore[attr-defined]
        return format_html('<a class="ad-link" href="{}">{}</a>', url, pgettext("a link", "Open"))

    @admin.display(description=_("profile at Apple"))
    def shown_profile(self, row: AdeDevice) -> Any:
        return PROFILE_WORDS.get(row.profile_status, row.profile_status) or "–"

    @display(description=_("assignment"), label=ASSIGN_COLOURS)
    def shown_assignment(self, row: AdeDevice) -> Any:
        if row.assign_state == AssignState.NONE:
            return None
        return row.assign_state, row.get_assign_state_display()

    @admin.display(description=_("listed by Apple"), boolean=True)
    def shown_listed(self, row: AdeDevice) -> bool:
        return row.is_listed

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("ADE devices"), **(extra_context or {})})

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AdeDevice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AdeDevice | None = None) -> bool:
        """Nobody deletes what Apple lists; Apple does, or the account goes."""
        return False

    def has_pre_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PRE_APPROVE)

    @action(description=_("Pre-approve"), permissions=["pre_approve"])
    def pre_approve(self, request: HttpRequest, queryset: QuerySet[AdeDevice]) -> None:
        """Pre-approve the ticked devices, also those of accounts without the tick and those that were deleted."""
        chosen = AdeDevice.objects.filter(pk__in=queryset.order_by().values("pk"))
        made, left = approve_chosen.ask(visible(chosen, request.user), request.user)
        if left:
            text = ngettext(
                "%(count)s device is being pre-approved in the background. The list shows how far it is.",
                "%(count)s devices are being pre-approved in the background. The list shows how far it is.",
                left,
            )
            messages.success(request, text % {"count": intcomma(left)})
            return
        if not made:
            nothing = _("No device was pre-approved: they are in the portal already, not listed, or can't be used.")
            messages.warning(request, nothing)
            return
        text = ngettext("%(count)s device was pre-approved.", "%(count)s devices were pre-approved.", made)
        messages.success(request, text % {"count": made})

    # --- one device ---
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show what Apple says of a device, and what became of it."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_row_number(object_id):
            raise Http404
        found = self.get_queryset(request).select_related("account", "wanted_profile").filter(pk=object_id).first()
        if found is None:
            raise Http404
        row = with_portal([found], request.user)[0]
        colour = APPROVAL_COLOURS[approval_of(row)]
        context = {
            **self.admin_site.each_context(request),
            "title": row.serial_number,
            "opts": self.opts,
            "original": row,
            "row": row,
            "tone": "error" if colour == "danger" else colour,
            "words": row.get_approval_display(),
            "profile_status": PROFILE_WORDS.get(row.profile_status, row.profile_status),
            "assignment": assignment_of(row),
        }
        return TemplateResponse(request, "ade/device.html", context)

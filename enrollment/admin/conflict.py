"""Pages of conflicts: which hardware asks for the place of which, and the two decisions."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from devices.models import Device
from devices.row_number import is_row_number
from devices.scope import visible
from enrollment.access import Access, give, obstacle
from enrollment.approval import outlook
from enrollment.conflicts import DecisionError, Sequel, accept, keep, sequel_of
from enrollment.hand_over import HandOverError
from enrollment.models import Conflict, EnrollmentAttempt, EnrollmentSettings
from enrollment.reasons import Reason
from invitations.actions import ActionError
from invitations.admin.invitation_actions import SEND

from .device_form import password_page

State = Conflict.State
DECIDE = "enrollment.change_conflict"
LENGTH = 40
# Newest attempts of the new hardware that its page shows.
SHOWN = 5


def attempts_of(conflict: Conflict) -> QuerySet[EnrollmentAttempt]:
    """Return the attempts of the new hardware, the newest first."""
    return EnrollmentAttempt.objects.filter(device=conflict.device_id, hardware_uuid=conflict.hardware_uuid)


def ways_of(request: HttpRequest, conflict: Conflict) -> list[tuple[str, Any]]:
    """Return the ways in which the person may give the device's user access, the best one first."""
    if sequel_of(conflict) is not Sequel.NEEDS_ACCESS:
        return [(Access.NONE, Access.NONE.label)]
    needed = {Access.EMAIL: SEND, Access.SMS: SEND, Access.PASSWORD: "devices.change_device"}
    user = conflict.device.user
    ways = [
        way
        for way, right in needed.items()
        if user is not None and request.user.has_perm(right) and not obstacle(way, user)
    ]
    nothing = (Access.NONE, _("Nothing yet: it can't come in until its user is invited or gets a one-time password"))
    return [*((way, way.label) for way in ways), nothing]


def _sentence(sequel: Sequel, access: str) -> Any:
    """Return how what was accepted comes in."""
    if sequel is not Sequel.NEEDS_ACCESS:
        return _("It is accepted, and comes in with its next try.")
    if access == Access.NONE:
        return _("It is accepted, but can't come in until its user is invited or gets a one-time password.")
    if access == Access.PASSWORD:
        return _("It is accepted, and comes in with the one-time password below.")
    return _("It is accepted, and comes in with the invitation that is being prepared for its user.")


def _warn(request: HttpRequest, reason: Reason) -> None:
    if reason is not Reason.APPROVED:
        text = _("Its next try would be refused nevertheless: %(reason)s") % {"reason": reason.label}
        messages.warning(request, text)


@admin.register(Conflict)
class ConflictAdmin(ConsolePage):
    STATE_COLOURS: ClassVar[dict[str, str]] = {
        State.OPEN: "warning",
        State.ACCEPTED: "success",
        State.KEPT: "info",
    }

    list_display = ("shown_device", "shown_state", "shown_user", "shown_hardware", "first_seen_at", "last_seen_at")
    list_filter = ("state",)
    empty_text = _("Other hardware that asks to come in with the serial number of an enrolled device will be here.")
    list_select_related = ("device__user",)
    search_fields = ("device__serial_number", "hardware_uuid")
    search_help_text = _("Serial number, or hardware UUID")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conflict]:
        return super().get_queryset(request).defer("device__one_time_password", "device__custom_attributes")

    # --- the list ---
    @admin.display(description=_("device"), ordering="device__serial_number")
    def shown_device(self, conflict: Conflict) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(str(conflict.device), LENGTH))

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, conflict: Conflict) -> tuple[str, str]:
        return conflict.state, conflict.get_state_display()

    @admin.display(description=_("device user"), ordering="device__user__name")
    def shown_user(self, conflict: Conflict) -> str:
        user = conflict.device.user
        return format_html("<bdi>{}</bdi>", truncatechars(user.name, LENGTH)) if user else ""

    @admin.display(description=_("new hardware UUID"), ordering="hardware_uuid")
    def shown_hardware(self, conflict: Conflict) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(conflict.hardware_uuid, LENGTH) or _("none told"))

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Conflict | None = None) -> bool:
        return False

    # --- one conflict ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        own = [
            path(f"<int:conflict_id>/{name}/", view, {"name": name}, name=f"enrollment_conflict_{name}")
            for name in ("accept", "keep")
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show both hardwares, and what can be decided."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        conflict = self._found(request, object_id)
        inventory = getattr(conflict.device, "inventory", None)
        attempts = list(visible(attempts_of(conflict), request.user)[:SHOWN])
        is_enrolled = conflict.device.status == Device.Status.ENROLLED
        context = {
            **self.admin_site.each_context(request),
            "title": _("Conflict about %(device)s") % {"device": conflict.device},
            "opts": self.opts,
            "conflict": conflict,
            "original": conflict,  # named above the page
            "tone": self.STATE_COLOURS[State(conflict.state)],
            "inventory": inventory,
            # Where no enrolled device may return by itself, the hardware that is enrolled asks, too.
            "is_same": bool(
                inventory and inventory.hardware_uuid and inventory.hardware_uuid == conflict.hardware_uuid
            ),
            "sequel": sequel_of(conflict),
            "asks_each_time": not EnrollmentSettings.objects.current().rules.may_return,
            "ways": ways_of(request, conflict),
            "attempts": attempts,
            "newest": attempts[0] if attempts else None,
            "is_enrolled": is_enrolled,
            "may_decide": request.user.has_perm(DECIDE),
            "may_hand_over": request.user.has_perm("devices.change_device"),
            "is_acceptable": is_enrolled and conflict.state in (State.OPEN, State.KEPT),
            "is_keepable": conflict.state == State.OPEN,
        }
        return TemplateResponse(request, "enrollment/conflict.html", context)

    def decide_view(self, request: HttpRequest, conflict_id: int, name: str) -> HttpResponse:
        """Accept the new hardware, or keep the old one."""
        conflict = self._found(request, str(conflict_id))
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        back = reverse("admin:enrollment_conflict_change", args=[conflict.pk])
        try:
            return self._accept(request, conflict, back) if name == "accept" else self._keep(request, conflict, back)
        except (DecisionError, HandOverError, ActionError) as error:
            messages.error(request, str(error))
        return redirect(back)

    def _keep(self, request: HttpRequest, conflict: Conflict, back: str) -> HttpResponse:
        keep(conflict, cast(User, request.user))
        text = _("Everything stays as it was. What asked is refused.")
        messages.success(request, text)
        self.log_change(request, conflict, str(text))
        return redirect(back)

    def _accept(self, request: HttpRequest, conflict: Conflict, back: str) -> HttpResponse:
        """Accept what asks, and give its user access in the same step where it needs some: all of it, or nothing."""
        person, access = cast(User, request.user), request.POST.get("access", Access.NONE)
        if access not in dict(ways_of(request, conflict)):
            messages.error(request, _("Nothing was decided: access can't be given in this way. Choose another one."))
            return redirect(back)
        with transaction.atomic():
            sequel = accept(conflict, person)
            device = Device.objects.select_related("user").get(pk=conflict.device_id)
            password = give(device, access, person) if sequel is Sequel.NEEDS_ACCESS else ""
            self.log_change(request, conflict, str(_("Accepted: it has the place of the device from now on.")))
        messages.success(request, " ".join((str(_sentence(sequel, access)), str(_("The token of before is void.")))))
        newest = attempts_of(conflict).first()
        # Of a device that stays enrolled the rule asks something else.
        if newest is not None and sequel is not Sequel.COMES_IN:
            _warn(request, outlook(newest, device.ownership, device.user))
        return password_page(self.admin_site, request, device, password, back) if password else redirect(back)

    def _found(self, request: HttpRequest, key: str) -> Conflict:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_row_number(key):
            raise Http404
        related = Conflict.objects.select_related("device__user", "device__inventory", "decided_by")
        slim = related.defer("device__one_time_password", "device__custom_attributes")
        conflict = visible(slim, request.user).filter(pk=key).first()
        if conflict is None:
            raise Http404
        return conflict

"""Pages of lockouts: who is locked out, since when and until when; unlocking."""

from copy import copy
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from devices.models import DeviceUser
from devices.row_number import is_row_number
from enrollment.limits import UncountableError
from enrollment.lockouts import UNLOCK, end, locked_now
from enrollment.models import Lockout

from .claimed_text import plain

LENGTH = 60  # characters of a name that a row has room for
NOT_NOW = _("It can't be unlocked now: what counts wrong passwords (Valkey) doesn't answer. Try again in a minute.")


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"
    ON, OVER = "on", "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.ON, _("Locked")), (self.OVER, _("Over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lockout]) -> QuerySet[Lockout]:
        if self.value() not in (self.ON, self.OVER):
            return queryset
        on = locked_now().values("pk")
        return queryset.filter(pk__in=on) if self.value() == self.ON else queryset.exclude(pk__in=on)


@admin.register(Lockout)
class LockoutAdmin(ConsolePage):
    list_display = ("shown_name", "shown_state", "shown_address", "began_at", "until", "notified_at")
    list_filter = (StateFilter,)
    search_fields = ("account", "address")
    search_help_text = _("Account or address")
    empty_text = _("Who is locked out after too many wrong one-time passwords will be here, and can be unlocked.")
    show_full_result_count = False
    actions = ("unlock_chosen",)
    STATE_COLOURS: ClassVar[dict[str, str]] = {"locked": "danger", "unlocked": "success", "over": "info"}

    # --- the list ---
    @admin.display(description=_("locked"), ordering="account")
    def shown_name(self, lockout: Lockout) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(str(lockout), LENGTH))

    @admin.display(description=_("address"), ordering="address")
    def shown_address(self, lockout: Lockout) -> str:
        return lockout.place

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, lockout: Lockout) -> tuple[str, Any]:
        if lockout.is_on:
            return "locked", _("Locked")
        return ("unlocked", _("Unlocked")) if lockout.unlocked_at else ("over", _("Over"))

    @admin.action(description=_("Unlock"), permissions=["change"])
    def unlock_chosen(self, request: HttpRequest, queryset: QuerySet[Lockout]) -> None:
        try:
            ended = sum(self._end(request, lockout) for lockout in queryset)
        except UncountableError:
            messages.error(request, NOT_NOW)
            return
        text = ngettext("%(number)s lockout is ended.", "%(number)s lockouts are ended.", ended) % {"number": ended}
        messages.success(request, text)

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lockout | None = None) -> bool:
        """Nobody deletes lockouts; the clock does (retention.py)."""
        return False

    # --- one lockout ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.unlock_view)
        return [path("<int:lockout_id>/unlock/", view, name="enrollment_lockout_unlock"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one lockout, and the button that ends it."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        lockout = self._found(request, object_id)
        state, label = self.shown_state(lockout)
        named = copy(lockout)  # above the page, where an e-mail address alone would get a capital letter
        named.account = title = (_("Account %(name)s") if lockout.account else _("Address %(name)s")) % {
            "name": plain(str(lockout))
        }
        users = DeviceUser.objects.filter(email__iexact=lockout.account)[:5] if lockout.account else ()
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "lockout": lockout,
            "original": named,
            "state": label,
            "tone": {"locked": "error"}.get(state, self.STATE_COLOURS[state]),
            "users": users,
            "may_unlock": request.user.has_perm(UNLOCK),
        }
        return TemplateResponse(request, "enrollment/lockout.html", context)

    def unlock_view(self, request: HttpRequest, lockout_id: int) -> HttpResponse:
        """Let people in again."""
        lockout = self._found(request, str(lockout_id))
        if not request.user.has_perm(UNLOCK):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            is_ended = self._end(request, lockout)
        except UncountableError:
            messages.error(request, NOT_NOW)
        else:
            if is_ended:
                messages.success(request, _("It is unlocked: the next try counts anew."))
            else:
                messages.info(request, _("The lockout was over already."))
        return redirect("admin:enrollment_lockout_change", lockout.pk)

    def _end(self, request: HttpRequest, lockout: Lockout) -> bool:
        is_ended = end(lockout)
        if is_ended:
            self.log_change(request, lockout, str(_("Unlocked.")))
        return is_ended

    def _found(self, request: HttpRequest, key: str) -> Lockout:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_row_number(key):
            raise Http404
        lockout = self.get_queryset(request).filter(pk=key).first()
        if lockout is None:
            raise Http404
        return lockout

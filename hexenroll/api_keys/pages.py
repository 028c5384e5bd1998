"""Admin > API keys: making one, which shows it once; looking at it; revoking it. Nothing of a key is ever changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from devices.row_number import is_row_number
from hexenroll.models import ApiKey

from . import keys

REVOKE = "hexenroll.change_apikey"


class ApiKeyForm(forms.ModelForm):
    """What a new key is for, as whom it acts, and until when."""

    def clean_expires_at(self) -> Any:
        end = self.cleaned_data["expires_at"]
        if end is not None and end <= timezone.now():
            raise forms.ValidationError(_("This time is past. Choose a later one, or leave it empty."))
        return end


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"
    WORKING, ENDING, OVER = "working", "ending", "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (self.WORKING, _("Working")),
            (self.ENDING, _("Expires in the next 14 days")),
            (self.OVER, _("Not working any more")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        if self.value() == self.OVER:
            return queryset.exclude(pk__in=keys.working().values("pk"))
        chosen = {self.WORKING: keys.working, self.ENDING: keys.ending_soon}.get(self.value() or "")
        return queryset.filter(pk__in=chosen().values("pk")) if chosen else queryset


@admin.register(ApiKey)
class ApiKeyAdmin(ConsolePage):
    form = ApiKeyForm
    list_display = ("name", "shown_begins", "account", "shown_state", "shown_rights", "expires_at", "last_used_at")
    list_filter = (StateFilter, "is_read_only")
    list_select_related = ("account",)
    search_fields = ("name", "prefix", "account__username")
    search_help_text = _("Name or beginning of a key, or user name of the account")
    fields = ("name", "account", "is_read_only", "expires_at")
    empty_text = _("Keys by which programs use the REST API will be here.")
    actions = None
    STATE_COLOURS = {
        "working": "success",
        "revoked": "danger",
        **dict.fromkeys(("expired", "locked", "waiting"), "warning"),
    }

    # --- the list ---
    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).annotate(is_vouched_for=keys.is_vouched_for())

    @admin.display(description=_("begins with"), ordering="prefix")
    def shown_begins(self, key: ApiKey) -> str:
        return f"{keys.BEGINS}_{key.prefix}_…"

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, key: ApiKey) -> tuple[str, Any]:
        if key.revoked_at is not None:
            return "revoked", _("Revoked")
        if key.expires_at is not None and key.expires_at <= timezone.now():
            return "expired", _("Expired")
        if not (key.account.is_active and key.account.is_staff):
            return "locked", _("Its account is locked")
        if not key.is_vouched_for:  # type: ignore[attr-defined]
            return "waiting", _("Waits for a sign-in of its account")
        return "working", _("Working")

    @admin.display(description=_("may"), ordering="is_read_only")
    def shown_rights(self, key: ApiKey) -> Any:
        return _("Look") if key.is_read_only else _("Look and change")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("API keys"), **(extra_context or {})})

    # --- who may do what ---
    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Nobody deletes keys: who looks for what one did finds it, revoked."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "account":
            kwargs |= {"queryset": accounts_for(request.user), "initial": request.user.pk}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "account" and field is not None:  # a key is made for an account that is there
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return field

    # --- making one ---
    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_save_and_continue"] = False  # what follows shows the key
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        made, text = keys.make(
            obj.account,
            obj.name,
            made_by=request.user,
            is_read_only=obj.is_read_only,
            expires_at=obj.expires_at,
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        obj.shown_once = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key: here, once, and in no session, log or message."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("API key"),
            "opts": self.opts,
            "key": obj,
            "text": obj.shown_once,  # type: ignore[attr-defined]
        }
        answer = TemplateResponse(request, "api_keys/made.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    # --- one key ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<int:key_id>/revoke/", view, name="hexenroll_apikey_revoke"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = get_object_or_404(self.get_queryset(request), pk=object_id if _is_number(object_id) else 0)
        state, label = self.shown_state(key)
        context = {
            **self.admin_site.each_context(request),
            "title": key.name,
            "opts": self.opts,
            "original": key,
            "key": key,
            "begins": self.shown_begins(key),
            "state": label,
            "is_working": state == "working",
            "may_revoke": key.revoked_at is None and request.user.has_perm(REVOKE),
        }
        return TemplateResponse(request, "api_keys/key.html", context)

    def revoke_view(self, request: HttpRequest, key_id: int) -> HttpResponseBase:
        """End a key."""
        if not (self.has_view_permission(request) and request.user.has_perm(REVOKE)):
            raise PermissionDenied
        key = get_object_or_404(self.get_queryset(request), pk=key_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if keys.revoke(key):
            messages.success(request, _("“%(name)s” is revoked: it opens nothing any more.") % {"name": key.name})
        else:
            messages.info(request, _("“%(name)s” was revoked already.") % {"name": key.name})
        return redirect("admin:hexenroll_apikey_change", key.pk)


def accounts_for(person: Any) -> QuerySet[User]:
    """Return the accounts that somebody may make keys for: their own; full administrators those of others, too.

    Who makes a key knows it, and it rises with its account: whoever can rise no further may have that of another.
    """
    people = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return people if person.is_superuser else people.filter(pk=person.pk)


def _is_number(text: str) -> bool:
    return is_row_number(text)

"""Admin > Roles: the built-in ones to read and to copy, and one's own."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from devices.admin.console_page import ConsolePage
from hexenroll.abilities import AREAS
from hexenroll.roles import ADMINISTRATOR, BUILT_IN, label_of

from . import domains
from .rights import codes_of_role, may_give
from .role_form import RoleForm, area_field, area_fields, label_of_ability


class RoleAdmin(ConsolePage):
    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("administrators/pages.css",)}

    form = RoleForm
    list_display = ("shown_name", "shown_kind", "shown_domains", "people")
    search_fields = ("name",)
    ordering = ("name",)
    actions = None  # a built-in one stays
    actions_detail: ClassVar[tuple[str, ...]] = ("copy",)
    readonly_fields = ("shown_name", "shown_purpose", "shown_abilities", "shown_domains")

    # --- the list ---
    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(_people=Count("user", distinct=True))

    @admin.display(description=_("role"), ordering="name")
    def shown_name(self, role: Group) -> str:
        return label_of(role)

    @display(description=_("kind"), label={"built_in": "info", "own": "default"})
    def shown_kind(self, role: Group) -> tuple[str, Any]:
        return ("built_in", _("Built-in")) if role.name in BUILT_IN else ("own", _("Own"))

    @admin.display(description=_("domains"))
    def shown_domains(self, role: Group) -> str:
        if domains.has_all(role):
            return str(_("All domains"))
        return ", ".join(domain.name for domain in domains.given_to(role)) or str(_("Chosen for each person"))

    @admin.display(description=_("people"), ordering="_people")
    def people(self, role: Group) -> int:
        return int(getattr(role, "_people", 0))

    @admin.display(description=_("for"))
    def shown_purpose(self, role: Group) -> str:
        return str(BUILT_IN[role.name].purpose) if role.name in BUILT_IN else "–"

    @admin.display(description=_("allows"))
    def shown_abilities(self, role: Group) -> str:
        codes = codes_of_role(role)
        if role.name == ADMINISTRATOR:
            return str(_("Everything."))
        lines = [
            (title, format_html_join("", "<br>{}", ((label_of_ability(ability),) for ability in had)))
            for title, found in AREAS
            if (had := [ability for ability in found if set(ability.codes) <= codes])
        ]
        return format_html_join("", '<p class="adm-area"><strong>{}</strong>{}</p>', lines)

    # --- who may do what ---
    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_theirs(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_theirs(request, obj)

    def has_copy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_add_permission(request)

    def _is_theirs(self, request: HttpRequest, role: Group | None) -> bool:
        return role is None or (role.name not in BUILT_IN and may_give(request.user, role))

    # --- the form ---
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        known = {"manager": request.user, "copied": None if obj else self._copied(request)}
        # A class for this request: the form asks who fills it in, and from which role it begins.
        kwargs["form"] = type("RoleForm", (RoleForm,), {**area_fields(), **known})
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("shown_name", "shown_purpose", "shown_domains", "shown_abilities")}),)
        areas = tuple(area_field(index) for index in range(len(AREAS)))
        return (
            (None, {"fields": ("name",)}),
            (_("What it allows"), {"fields": areas}),
            (_("Where"), {"fields": ("all_domains", "domains")}),
        )

    def _copied(self, request: HttpRequest) -> Group | None:
        key = request.GET.get("copy", "")
        return Group.objects.filter(pk=key).first() if key.isascii() and key.isdecimal() and len(key) < 10 else None

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_access(form.instance)

    @action(description=_("Copy"), permissions=["copy"], url_path="copy", icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to a new role that begins with what this one allows."""
        return redirect(reverse("admin:auth_group_add", query={"copy": object_id}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        role = kwargs.get("obj")
        if role is not None:
            context["title"] = format_html("{}", label_of(role))
        return super().render_change_form(request, context, *args, **kwargs)

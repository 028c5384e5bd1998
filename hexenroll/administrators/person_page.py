"""Admin > Administrators: the list, the form of one account, and what can be done about its sign-in."""

from typing import Any, ClassVar, cast

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from devices.admin.console_page import ConsolePage
from hexenroll.accounts.second_step import remove_second_step
from hexenroll.accounts.sessions import sign_out_everywhere
from hexenroll.accounts.sso import is_signed_in_elsewhere
from hexenroll.roles import label_of

from . import domains
from .first_access import FirstAccess, invite, set_new_password
from .person_form import NewPersonForm, PersonForm
from .rights import may_manage, obstacle_to_closing

WHO = ("username", ("first_name", "last_name"), "email")
LIST = "admin:auth_user_changelist"


class AdministratorAdmin(ConsolePage):
    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("administrators/pages.css",)}

    form = PersonForm
    list_display = ("shown_name", "shown_email", "shown_roles", "shown_domains", "shown_state", "shown_last")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = _("User name, name or e-mail address")
    ordering = ("username",)
    actions = None  # each is asked for by itself: who may be closed depends on who it is
    actions_detail: ClassVar[tuple[str, ...]] = ("access",)
    readonly_fields = ("shown_roles", "shown_domains", "shown_second_step", "shown_last", "shown_since")

    # --- the list ---
    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("groups")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        of_page = domains.described(changelist.result_list)
        for person in changelist.result_list:
            person._of_page = of_page
        return changelist

    @admin.display(description=_("name"), ordering="username")
    def shown_name(self, person: User) -> str:
        return f"{person.get_full_name()} ({person.username})" if person.get_full_name() else person.username

    @admin.display(description=_("e-mail"), ordering="email")
    def shown_email(self, person: User) -> str:
        return person.email

    @admin.display(description=_("last sign-in"), ordering="last_login")
    def shown_last(self, person: User) -> Any:
        return person.last_login or _("Never")

    @admin.display(description=_("since"))
    def shown_since(self, person: User) -> Any:
        return person.date_joined

    @admin.display(description=_("roles"))
    def shown_roles(self, person: User) -> str:
        roles = [label_of(role) for role in person.groups.all()]
        return ", ".join([str(_("Full administrator")), *roles] if person.is_superuser else roles) or "–"

    @admin.display(description=_("domains"))
    def shown_domains(self, person: User) -> str:
        known: dict[int, str] = getattr(person, "_of_page", None) or domains.described([person])
        return known[person.pk]

    @display(description=_("state"), ordering="is_active", label={"open": "success", "closed": "danger"})
    def shown_state(self, person: User) -> tuple[str, Any]:
        return ("open", _("Open")) if person.is_active else ("closed", _("Closed"))

    @admin.display(description=_("second step"))
    def shown_second_step(self, person: User) -> str:
        kinds = dict(Authenticator.Type.choices)
        found = Authenticator.objects.filter(user=person).order_by("type").values_list("type", flat=True)
        return ", ".join(dict.fromkeys(str(kinds.get(kind, kind)) for kind in found)) or str(_("None"))

    # --- who may do what ---
    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or (may_manage(request.user, obj) and not obstacle_to_closing(request.user, obj)))

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        person = self._person(request, str(object_id)) if object_id else None
        return self.has_change_permission(request, person)

    # --- the form ---
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base = PersonForm if obj else NewPersonForm
        # A class for this request: the form asks who fills it in.
        kwargs["form"] = type(base.__name__, (base,), {"manager": request.user})
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            fields = (*WHO, "is_active", "shown_roles", "shown_domains", "shown_second_step", "shown_last")
            return ((None, {"fields": fields}),)
        sets: list[Any] = [
            (None, {"fields": (*WHO, *(("is_active",) if obj else ()))}),
            (_("What they may do"), {"fields": ("roles",)}),
            (_("Where"), {"fields": ("all_domains", "domains")}),
        ]
        if request.user.is_superuser:
            sets.append((_("Above all roles"), {"fields": ("is_superuser",)}))
        if obj is None:
            return (*sets, (_("How they get in"), {"fields": ("access",)}))
        return (*sets, (_("Sign-in"), {"fields": ("shown_second_step", ("shown_last", "shown_since"))}))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff, obj.is_active = True, True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            sign_out_everywhere(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_access(form.instance)
        if not change and form.cleaned_data["access"] == FirstAccess.LINK:
            invite(form.instance, cast(User, request.user))
            messages.info(
                request, _("A link to set a password is on its way to %(email)s.") % {"email": form.instance.email}
            )

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        if request.POST.get("access") == FirstAccess.PASSWORD:
            return self._password_page(request, obj)
        return super().response_add(request, obj, post_url_continue)

    # --- the sign-in of one account ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.access_view)
        return [path("<int:person_id>/access/", view, name="auth_user_access"), *super().get_urls()]

    @action(description=_("Password and sign-in"), permissions=["manage"], url_path="sign-in", icon="key")
    def access(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("admin:auth_user_access", object_id)

    def access_view(self, request: HttpRequest, person_id: int) -> HttpResponseBase:
        """Send a link, show a new password, remove the second step, end the sessions: of somebody else's account."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = self._person(request, str(person_id))
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        elsewhere = is_signed_in_elsewhere(person)
        if request.method == "POST":
            return self._act(request, person, request.POST.get("action", ""), elsewhere)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Password and sign-in"),
            "opts": self.opts,
            "original": person,
            "person": person,
            "is_elsewhere": elsewhere,
            "is_self": person.pk == request.user.pk,
            "second_step": self.shown_second_step(person) if Authenticator.objects.filter(user=person).exists() else "",
        }
        return TemplateResponse(request, "administrators/access.html", context)

    def _act(self, request: HttpRequest, person: User, name: str, elsewhere: bool) -> HttpResponse:
        manager = cast(User, request.user)
        is_password = name in ("link", "password")
        if is_password and (elsewhere or not person.is_active):
            messages.error(request, _("Nothing was done: this account signs in elsewhere, or is closed."))
        elif name == "link" and person.email:
            invite(person, manager)
            self.log_change(request, person, str(_("Sent a link to set a password.")))
            messages.success(
                request, _("A link to set a password is on its way to %(email)s.") % {"email": person.email}
            )
        elif name == "password" and person.pk != manager.pk:
            self.log_change(request, person, str(_("Set a new password.")))
            return self._password_page(request, person)
        elif name == "second_step" and person.pk != manager.pk:  # one's own page asks who it is first
            remove_second_step(person)
            self.log_change(request, person, str(_("Removed the second step.")))
            messages.success(
                request, _("The second step is removed: the password alone signs in, until there is a new one.")
            )
        elif name == "sign_out":
            number = sign_out_everywhere(person)
            self.log_change(request, person, str(_("Signed out everywhere.")))
            text = ngettext("%(number)s session is ended.", "%(number)s sessions are ended.", number)
            messages.success(request, text % {"number": number})
        else:
            messages.error(request, _("Nothing was done: choose one of the buttons."))
        return redirect("admin:auth_user_access", person.pk)

    def _password_page(self, request: HttpRequest, person: User) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Initial password"),
            "person": person,
            "password": set_new_password(person),
            "back": reverse(LIST),
        }
        return TemplateResponse(request, "administrators/password.html", context)  # never cached

    def _person(self, request: HttpRequest, key: str) -> User | None:
        is_key = key.isascii() and key.isdecimal() and len(key) < 10
        return self.get_queryset(request).filter(pk=key).first() if is_key else None

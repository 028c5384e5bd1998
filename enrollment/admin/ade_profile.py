"""Pages of Apple ADE > Enrollment profiles: the list, the form with its help, what became of it, deleting one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from enrollment.ade import profiles, skip_keys
from enrollment.ade.profile_words import refusal_of
from enrollment.models import AdeAccount, AdeAssignment, AdeDevice, AdeProfile

from .ade_profile_assign import ASSIGN, assign_page
from .ade_profile_form import AdeProfileForm, accounts_for

State, AssignState = AdeProfile.State, AdeDevice.AssignState
COLOURS = {State.WAITING: "info", State.DEFINED: "success", State.FAILED: "danger"}
TONES = {State.WAITING: "info", State.DEFINED: "success", State.FAILED: "error"}
TROUBLED = (AssignState.FAILED, AssignState.THROTTLED, AssignState.NOT_ACCESSIBLE)
LONGEST_KEY = 18  # digits that a column holds


class CountedProfiles(ChangeList):
    """A page of profiles, whose devices are counted by one statement."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown = list(self.result_list)
        devices = AdeDevice.objects.filter(wanted_profile__in=[profile.pk for profile in shown]).order_by()
        done = Count("pk", filter=Q(assign_state=AssignState.ASSIGNED))
        counts = {
            row["wanted_profile"]: row for row in devices.values("wanted_profile").annotate(all=Count("pk"), done=done)
        }
        for profile in shown:
            found: Any = counts.get(profile.pk, {})
            profile.shown_all, profile.shown_done = found.get("all", 0), found.get("done", 0)
        self.result_list = shown


@admin.register(AdeProfile)
class AdeProfileAdmin(ConsolePage):
    form = AdeProfileForm
    change_form_template = "ade/profile.html"
    delete_confirmation_template = "ade/profile_delete.html"
    list_before_template = "ade/_pages.html"
    list_display = ("name", "shown_account", "shown_state", "chosen_for", "assigned_to", "shown_default", "updated_at")
    list_filter = ("account", "state")
    search_fields = ("name", "account__name")
    search_help_text = _("Name of the profile or of the account")
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None
    empty_text = _(
        "An enrollment profile tells new devices which server manages them, and which steps of the Setup Assistant "
        "they leave out. Make one, and assign it to devices, or let it be the default of an account."
    )

    # --- the list ---
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountedProfiles

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdeProfile]:
        found: QuerySet[AdeProfile] = super().get_queryset(request).select_related("account")
        return found.defer("account__private_key", "account__server_token")

    @admin.display(description=_("account"))
    def shown_account(self, profile: AdeProfile) -> str:
        return profile.account.name

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, profile: AdeProfile) -> tuple[str, Any]:
        return profile.state, profile.get_state_display()

    @admin.display(description=_("devices"))
    def chosen_for(self, profile: AdeProfile) -> int:
        return int(getattr(profile, "shown_all", 0))

    @admin.display(description=_("assigned at Apple"))
    def assigned_to(self, profile: AdeProfile) -> int:
        return int(getattr(profile, "shown_done", 0))

    @display(description=_("default"), label={"default": "info"})
    def shown_default(self, profile: AdeProfile) -> Any:
        return ("default", _("Of its account")) if profile.account.default_profile_id == profile.pk else None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Enrollment profiles"), **(extra_context or {})})

    # --- the form ---
    def get_fields(self, request: HttpRequest, obj: AdeProfile | None = None) -> Any:
        return profiles.CONTENT if obj is not None else ("account", *profiles.CONTENT)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "account":
            kwargs["queryset"] = accounts_for(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        asked = request.GET.get("account", "")
        mine = accounts_for(request.user)
        if asked.isascii() and asked.isdecimal() and len(asked) <= LONGEST_KEY:
            mine = mine.filter(pk=asked)
        only = list(mine[:2])
        return {"account": only[0].pk} if len(only) == 1 else {}

    def save_model(self, request: HttpRequest, obj: AdeProfile, form: Any, change: bool) -> None:
        if not profiles.save(obj):
            messages.info(request, _("It says what it said before: Apple isn't told."))

    def response_add(self, request: HttpRequest, obj: AdeProfile, post_url_continue: str | None = None) -> HttpResponse:
        text = _("“%(name)s” was saved, and is sent to Apple. Choose the devices that get it.") % {"name": obj}
        messages.success(request, text)
        page = "assign" if request.user.has_perm(ASSIGN) else "change"
        return redirect(f"admin:enrollment_adeprofile_{page}", obj.pk)

    def response_change(self, request: HttpRequest, obj: AdeProfile) -> HttpResponse:
        messages.success(request, _("“%(name)s” was saved.") % {"name": obj})
        return redirect("admin:enrollment_adeprofile_change", obj.pk)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        profile: AdeProfile | None = context.get("original")
        form = context["adminform"].form
        may_write = profile is None or self.has_change_permission(request, profile)
        items = form["skip_setup_items"].value() if may_write else profile.skip_setup_items if profile else []
        context |= {
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            "may_write": may_write,
            "accounts": accounts_for(request.user),
            "steps": _steps(set(items or ())),
            "profile": profile,
        }
        if profile is not None:
            context |= _standing(profile) | {"may_assign": request.user.has_perm(ASSIGN)}
        return super().render_change_form(request, context, *args, **kwargs)

    # --- what is done with one ---
    def get_urls(self) -> list[URLPattern]:
        page, name = self.admin_site.admin_view, "enrollment_adeprofile_{}".format
        urls = [
            path("<int:profile_id>/assign/", page(self.assign_view), name=name("assign")),
            path("<int:profile_id>/try-again/", page(self.try_again_view), name=name("try_again")),
        ]
        return urls + super().get_urls()

    def assign_view(self, request: HttpRequest, profile_id: int) -> HttpResponseBase:
        """Choose the devices of the account that get a profile."""
        if not (self.has_view_permission(request) and request.user.has_perm(ASSIGN)):
            raise PermissionDenied
        return assign_page(self, request, self._found(request, profile_id))

    def try_again_view(self, request: HttpRequest, profile_id: int) -> HttpResponseBase:
        """Send a profile that Apple refused once more."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        profile = self._found(request, profile_id)
        if profiles.try_again(profile):
            messages.success(request, _("It is sent to Apple once more."))
        else:
            messages.info(request, _("It waits to be sent already, or Apple has taken it. Nothing was changed."))
        return redirect("admin:enrollment_adeprofile_change", profile.pk)

    def _found(self, request: HttpRequest, key: int) -> AdeProfile:
        found = self.get_queryset(request).filter(pk=min(key, 2**63 - 1)).first()
        if found is None:
            raise Http404
        return found

    # --- deleting one ---
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Nothing goes along; the page says what becomes of the devices."""
        missing = set() if self.has_delete_permission(request) else {AdeProfile._meta.verbose_name}
        return [str(profile) for profile in objs], {AdeProfile._meta.verbose_name_plural: len(objs)}, missing, []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        key = int(object_id) if object_id.isascii() and object_id.isdecimal() and len(object_id) <= LONGEST_KEY else 0
        shown = {
            "having": AdeDevice.objects.filter(wanted_profile=key, assign_state=AssignState.ASSIGNED).count(),
            "having_url": _devices_url(key, AssignState.ASSIGNED),
            "default_of": AdeAccount.objects.filter(default_profile=key).values_list("name", flat=True).first(),
        }
        return super().delete_view(request, object_id, {**shown, **(extra_context or {})})

    def delete_model(self, request: HttpRequest, obj: AdeProfile) -> None:
        profiles.delete([obj])


def _steps(chosen: set[str]) -> list[dict[str, Any]]:
    """Return the groups of steps, each step with whether it is skipped."""
    return [
        {
            "group": group,
            "steps": [(step, step.key in chosen) for step in group.steps],
            "skipped": [step for step in group.steps if step.key in chosen],
        }
        for group in skip_keys.groups()
    ]


def _standing(profile: AdeProfile) -> dict[str, Any]:
    """Return how far a profile is at Apple, and on how many devices."""
    counts = dict(profile.devices.order_by().values_list("assign_state").annotate(Count("pk")))
    tones = {AssignState.ASSIGNED: "success", **dict.fromkeys(TROUBLED, "warning")}
    return {
        "tone": TONES[State(profile.state)],
        "refusal": refusal_of(profile) if profile.state == State.FAILED else "",
        "assignment": AdeAssignment.objects.put_off().filter(account=profile.account_id).first(),
        "needs_somebody": profile.account.state in AdeAccount.NEEDS_SOMEBODY,
        "is_default": profile.account.default_profile_id == profile.pk,
        "devices": [
            {
                "label": state.label,
                "count": counts[state.value],
                "tone": tones.get(state, "info"),
                "url": _devices_url(profile.pk, state),
            }
            for state in AssignState
            if counts.get(state.value)
        ],
    }


def _devices_url(profile: int, state: AdeDevice.AssignState) -> str:
    address = reverse("admin:enrollment_adedevice_changelist")
    return f"{address}?wanted_profile__id__exact={profile}&assign_state__exact={state.value}"

"""Pages of policies: the list, the form with its help, and what devices did with them."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from devices.models import DevicePolicy, Policy
from devices.policies import versions
from devices.policies.effective import SOURCES
from devices.policies.help import EXAMPLES, described_apps, described_settings
from devices.policies.places import in_order
from devices.scope import visible
from devices.vocabulary import Platform

from .console_page import ConsolePage
from .policy_form import IndentedJsonField, PolicyForm
from .policy_history import PolicyHistory


@admin.register(Policy)
class PolicyAdmin(PolicyHistory, ConsolePage):
    form = PolicyForm
    formfield_overrides = {models.JSONField: {"form_class": IndentedJsonField}}
    change_form_template = "policies/policy.html"
    list_display = ("name", "platform_names", "contents", "version", "updated_at")
    sortable_by = ()  # a page or two; the arrows are too small to be hit
    search_fields = ("name",)
    empty_text = _(
        "Policies hold settings and apps. Assign them to device groups or devices, which get them when they enroll."
    )
    fields = ("name", "platforms", "settings", "apps", "profile_file", "remove_profile", "base_version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        has_profile = ExpressionWrapper(Q(profile__isnull=False), output_field=BooleanField())
        return super().get_queryset(request).defer("profile").annotate(_has_profile=has_profile)

    @admin.display(description=_("platforms"))
    def platform_names(self, policy: Policy) -> str | Promise:
        names = [str(label) for value, label in Platform.choices if value in policy.platforms]
        return ", ".join(names) or _("Every platform")

    @admin.display(description=_("content"))
    def contents(self, policy: Policy) -> str:
        parts = list(in_order(policy.settings))
        if policy.apps:
            parts.append(ngettext("%(count)d app", "%(count)d apps", len(policy.apps)) % {"count": len(policy.apps)})
        if getattr(policy, "_has_profile", False):
            parts.append(str(_("profile")))
        return ", ".join(parts) or "-"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        urls = [
            path("<int:pk>/versions/", page(self.versions_view), name="policy_versions"),
            path("<int:pk>/versions/<int:version>/restore/", page(self.restore_view), name="policy_restore"),
        ]
        return urls + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        if not versions.save(obj, request.user if request.user.is_authenticated else None):
            messages.info(request, _("It says what it said before: there is no new version."))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Policy | None = None,
    ) -> HttpResponse:
        context |= {
            "sections": described_settings(),
            "app_fields": described_apps(),
            "examples": EXAMPLES,
            "show_save_and_add_another": False,
        }
        if obj is not None:
            content = versions.content_of(obj)
            context |= {
                "policy": obj,
                "platform_names": self.platform_names(obj),
                "said": versions.shown(content),
                "profile": content["profile"],
                "group_count": obj.groups.count(),
                "device_count": visible(obj.devices.all(), request.user).count(),
                "source_counts": _source_counts(obj, request.user),
                "states": _states(obj, request.user),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes along: a policy may be on every device, and a page that names each would not end."""
        keys = [policy.pk for policy in objs]
        counted: dict[Any, int] = {
            Policy._meta.verbose_name_plural: len(keys),
            _("assignments to devices"): Policy.devices.through.objects.filter(policy__in=keys).count(),
            _("assignments to device groups"): Policy.groups.through.objects.filter(policy__in=keys).count(),
            **{source.links_title: source.links(keys) for source in SOURCES},
        }
        missing = set() if self.has_delete_permission(request) else {Policy._meta.verbose_name}
        return [str(policy) for policy in objs], {name: count for name, count in counted.items() if count}, missing, []


def _source_counts(policy: Policy, person: Any) -> list[tuple[Any, int]]:
    """Return how many devices of a person's domains have it by something else, with what these are called."""
    counted = [(source.title, visible(source.devices([policy.pk]), person).count()) for source in SOURCES]
    return [(title, count) for title, count in counted if count]


def _states(policy: Policy, person: Any) -> list[dict[str, Any]]:
    """Return on how many devices of a person's domains its current version was delivered, applied or failed."""
    found = visible(DevicePolicy.objects.filter(policy=policy, version=policy.version), person)
    counts = dict(found.values_list("state").annotate(Count("pk")).order_by())
    tones = {DevicePolicy.State.APPLIED: "success", DevicePolicy.State.FAILED: "error"}
    return [
        {"label": state.label, "tone": tones.get(state, "info"), "count": counts[state.value]}
        for state in DevicePolicy.State
        if counts.get(state.value)
    ]

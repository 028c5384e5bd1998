"""Pages of domains; `local` can't be deleted or renamed, and no domain that something belongs to."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from devices.domain_use import counts_of, use_of
from devices.models import Domain
from devices.row_number import is_row_number

from .console_page import ConsolePage


@admin.register(Domain)
class DomainAdmin(ConsolePage):
    list_display = ("name", "kind", "number_of_devices", "number_of_users", "phone_region", "language")
    list_filter = ("kind",)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": (("name", "kind"),)}),
        (
            _("How its users are reached"),
            {
                "fields": (("phone_region", "language"),),
                "description": _(
                    "Imports read mobile numbers without a country code by this region. Without one, such numbers are "
                    "errors, with the fix beside them. Invitations are written in this language, unless another one is "
                    "chosen for a sending."
                ),
            },
        ),
    )
    change_form_outer_after_template = "devices/_domain_use.html"

    # --- the list ---
    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        found.result_list = list(found.result_list)
        counts = counts_of(found.result_list)
        for domain in found.result_list:
            domain.counts = counts[domain.pk]
        return found

    @admin.display(description=_("Devices"))
    def number_of_devices(self, domain: Any) -> Any:
        return _linked("device", domain.pk, domain.counts[0], "&status=all")

    @admin.display(description=_("Device users"))
    def number_of_users(self, domain: Any) -> Any:
        return _linked("deviceuser", domain.pk, domain.counts[1])

    # --- one domain ---
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        domain = self._visible(request, object_id)
        shown = {"use": use_of(domain)} if domain else {}
        answer: HttpResponseBase = super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})
        return answer

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> tuple[str, ...]:
        return ("name", "kind") if obj is not None and obj.is_local else ()

    # --- deleting ---
    def has_delete_permission(self, request: HttpRequest, obj: Domain | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_local)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Say what keeps a domain. Django would read all of it first, which may be a million devices."""
        domain = self._visible(request, object_id)
        if domain is not None and self.has_delete_permission(request, domain):
            use = use_of(domain)
            if not use.is_none:
                context = {
                    **self.admin_site.each_context(request),
                    "opts": self.opts,
                    "original": domain,
                    "title": _("This domain can’t be deleted"),
                    "use": use,
                }
                return TemplateResponse(request, "devices/domain_kept.html", context)
        answer: HttpResponseBase = super().delete_view(request, object_id, extra_context)
        return answer

    def get_actions(self, request: HttpRequest) -> dict[str, object]:
        # "Delete selected" would take `local` too; the page of each domain has the button.
        return {}

    def _visible(self, request: HttpRequest, object_id: str) -> Domain | None:
        if not is_row_number(object_id):
            return None
        found: Domain | None = self.get_queryset(request).filter(pk=object_id).first()
        return found


def _linked(model: str, domain: int, count: int, more: str = "") -> Any:
    if not count:
        return "0"
    url = reverse(f"admin:devices_{model}_changelist")
    parameter = "domain" if model == "device" else "domain__id__exact"
    return format_html('<a href="{}?{}={}{}">{}</a>', url, parameter, domain, more, count)

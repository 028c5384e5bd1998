"""What did a policy say before, and what became different? The page of its versions, and the way back to one."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from devices.models import Policy, PolicyVersion
from devices.policies import versions

if TYPE_CHECKING:
    from .console_page import ConsolePage as Page
else:
    Page = object

# Versions on one page of the history.
SHOWN = 10
TONES = {versions.Change.Kind.ADDED: "success", versions.Change.Kind.REMOVED: "error"}


class PolicyHistory(Page):
    """Two views for the pages of policies."""

    def versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what each version changed, the newest first."""
        policy = self._policy(request, pk)
        if not self.has_view_or_change_permission(request, policy):
            raise PermissionDenied
        found = PolicyVersion.objects.filter(policy=policy).select_related("saved_by").order_by("-version")
        page = Paginator(found, SHOWN).get_page(request.GET.get("page", "1")[:6])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Versions of %(name)s") % {"name": policy.name},
            "opts": self.opts,
            "original": policy,
            "policy": policy,
            "page": page,
            "entries": _entries(list(page)),
            "may_restore": self.has_change_permission(request, policy),
        }
        return TemplateResponse(request, "policies/versions.html", context)

    def restore_view(self, request: HttpRequest, pk: int, version: int) -> HttpResponse | HttpResponseRedirect:
        """Let a policy say again what it said in a version."""
        policy = self._policy(request, pk)
        if not self.has_change_permission(request, policy):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        found = PolicyVersion.objects.filter(policy=policy, version=_number(version)).first()
        if found is None:
            raise Http404
        if versions.restore(found, request.user if request.user.is_authenticated else None):
            self.log_change(request, policy, _("Restored version %(version)d.") % {"version": version})
            messages.success(
                request, _("The policy says again what it said in version %(version)d.") % {"version": version}
            )
        else:
            messages.info(request, _("The policy says now what it said in version %(version)d.") % {"version": version})
        return redirect("admin:policy_versions", policy.pk)

    def _policy(self, request: HttpRequest, pk: int) -> Policy:
        found: Policy | None = self.get_queryset(request).filter(pk=_number(pk)).first()
        if found is None:
            raise Http404
        return found


def _entries(shown: list[PolicyVersion]) -> list[dict[str, Any]]:
    """Return each version with its differences from the one before; the first with all that it says."""
    if not shown:
        return []
    earlier = PolicyVersion.objects.filter(policy=shown[0].policy_id, version__lt=shown[-1].version)
    before = [*shown[1:], earlier.order_by("-version").first()]
    entries = []
    for version, previous in zip(shown, before, strict=True):
        found = versions.changes(previous.content if previous else {}, version.content)
        entries.append(
            {
                "version": version,
                "changes": [(change, TONES.get(change.kind, "info")) for change in found],
            }
        )
    return entries


def _number(number: int) -> int:
    """Return what a column can be compared with; a number that none holds is that of nothing."""
    return number if number < 2**31 else 0

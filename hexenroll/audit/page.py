"""Admin > Audit log: the list, one entry, and the file. Nobody changes anything here, whatever their permissions."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices import csv_file, taken_away
from devices.admin.console_page import ConsolePage
from devices.imports.columns.cells import neutralise
from devices.models import Domain
from devices.row_number import is_row_number
from devices.scope import visible
from hexenroll.models import AuditEntry

from . import words
from .list_filters import ActionFilter, DatesFilter, DomainFilter, KindFilter, PersonFilter, found_by

admin.site.unregister(AuditEntry)  # django-auditlog's own page
LENGTH = 60  # characters of a cell
CHUNK = 1_000
EXPORT = "hexenroll.export_auditentry"
# Of the file.
COLUMNS = (
    *(_("Time"), _("By"), _("Through"), _("Address"), _("What"), _("Kind"), _("Object"), _("Number"), _("Domain")),
    _("Changes"),
)


@admin.register(AuditEntry)
class AuditEntryAdmin(ConsolePage):
    list_display = ("shown_time", "shown_actor", "shown_what", "shown_kind", "shown_object", "by", "shown_address")
    list_display_links = ("shown_time", "shown_object")
    list_filter = (PersonFilter, "by", ActionFilter, KindFilter, DomainFilter, ("timestamp", DatesFilter))
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("object_repr",)  # shows the field; get_search_results does it
    search_help_text = _("The whole name of an object, the beginning of a serial number, or a user's e-mail address")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    empty_text = _("Whatever is changed in the portal will be here: by whom, from where, before and after.")
    list_before_template = "audit/_export.html"
    actions = None

    # --- the list ---
    @admin.display(description=_("time"), ordering="timestamp")
    def shown_time(self, entry: AuditEntry) -> str:
        local = timezone.localtime(entry.timestamp)
        return " ".join(date_format(local, name).replace(" ", "\u00a0") for name in ("DATE_FORMAT", "TIME_FORMAT"))

    @admin.display(description=_("by"))
    def shown_actor(self, entry: AuditEntry) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(words.actor_of(entry), LENGTH))

    @display(description=_("what"))
    def shown_what(self, entry: AuditEntry) -> str:
        return words.what_of(entry)

    @admin.display(description=_("kind"))
    def shown_kind(self, entry: AuditEntry) -> str:
        return words.kind_of(entry)

    @admin.display(description=_("object"))
    def shown_object(self, entry: AuditEntry) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(words.object_of(entry), LENGTH))

    @admin.display(description=_("address"), empty_value="")
    def shown_address(self, entry: AuditEntry) -> str | None:
        return entry.remote_addr

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        found: QuerySet[AuditEntry] = super().get_queryset(request)
        return found.defer("serialized_data", "changes_text")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        text = search_term.replace("\x00", "").strip()
        return (found_by(queryset, text, request.user) if text else queryset), False

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Nobody deletes entries, the clock does (retention.py); the database refuses it to everybody else."""
        return False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(EXPORT)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_export, query = self.has_export_permission(request), request.GET.urlencode()
        shown = {"title": _("Audit log"), "may_export": may_export, "query": query}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    # --- one entry ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="hexenroll_auditentry_export"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one entry."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_row_number(object_id):
            raise Http404
        entry = self.get_queryset(request).filter(pk=object_id).first()
        if entry is None:
            raise Http404
        more = entry.additional_data or {}
        source = more.get("source")
        context = {
            **self.admin_site.each_context(request),
            "title": words.what_of(entry),
            "opts": self.opts,
            "original": entry,
            "entry": entry,
            "actor": words.actor_of(entry),
            "kind": words.kind_of(entry),
            "about": words.object_of(entry),
            "about_url": words.link_of(entry),
            "source": {"name": source[2], "url": words.page_of(source[0], source[1])} if source else None,
            "count": more.get("count"),
            "numbers": more.get("numbers"),
            "asked": more.get("asked"),
            "domain": visible(Domain.objects.all(), request.user).filter(pk=entry.domain_id or 0).first(),
            "differences": list(words.differences(entry)),
        }
        return TemplateResponse(request, "audit/entry.html", context)

    # --- the file ---
    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send the entries that the list's filters find, the newest first."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request).order_by("-timestamp", "-id")
        except IncorrectLookupParameters as error:
            raise BadRequest("the address holds no filter of the list") from error
        taken_away.tell(request, AuditEntry, found.count())
        domains = dict(visible(Domain.objects.all(), request.user).values_list("pk", "name"))
        return csv_file.answer(_rows(found, domains), f"audit-log-{timezone.now():%Y-%m-%d}.csv")


def _rows(entries: QuerySet[AuditEntry], domains: dict[int, str]) -> Iterator[list[str]]:
    yield [str(title) for title in COLUMNS]
    for entry in entries.iterator(chunk_size=CHUNK):
        yield [neutralise(cell) for cell in _cells(entry, domains)]


def _cells(entry: AuditEntry, domains: dict[int, str]) -> list[str]:
    changes = "; ".join(f"{one.field}: {one.before} → {one.after}" for one in words.differences(entry))
    return [
        entry.timestamp.astimezone(UTC).isoformat(" ", "seconds"),
        entry.actor_name,
        str(entry.get_by_display()),
        entry.remote_addr or "",
        words.what_of(entry),
        words.kind_of(entry),
        words.object_of(entry),
        entry.object_pk,
        domains.get(entry.domain_id or 0, ""),
        changes,
    ]

"""Import batches among the plain pages: found by the palette and by links; everything happens in the wizard."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse

from devices.models import ImportBatch

from .console_page import ConsolePage


@admin.register(ImportBatch)
class ImportBatchAdmin(ConsolePage):
    list_display = ("file_name", "domain", "state", "created_by", "created_at", "committed_at")
    list_filter = ("state", "domain")
    list_select_related = ("domain", "created_by")
    search_fields = ("file_name",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ImportBatch | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponseRedirect:
        """Open the batch in the wizard, which asks for the permission."""
        if not (object_id.isascii() and object_id.isdecimal()):
            raise Http404
        return HttpResponseRedirect(reverse("enroll:batch", args=[object_id]))

"""Pages of domains; `local` can't be deleted or renamed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from devices.models import Domain, ImportBatch

from .console_page import ConsolePage

# So many of the imports that keep a domain are named.
SHOWN = 20


@admin.register(Domain)
class DomainAdmin(ConsolePage):
    list_display = ("name", "kind", "phone_region", "language", "created_at")
    list_filter = ("kind",)
    search_fields = ("name",)
    fields = ("name", "kind", "phone_region", "language")

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> tuple[str, ...]:
        return ("name", "kind") if obj is not None and obj.is_local else ()

    def has_delete_permission(self, request: HttpRequest, obj: Domain | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_local)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name imports among what is in the way: nobody can delete them, whatever the account's permissions."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        imports = ImportBatch.objects.filter(domain__in=objs)
        missing = set(missing) - {ImportBatch._meta.verbose_name}
        return deleted, counts, missing, [*protected, *map(str, imports[:SHOWN])]

    def get_actions(self, request: HttpRequest) -> dict[str, object]:
        # "Delete selected" would take `local` too; the page of each domain has the button.
        return {}

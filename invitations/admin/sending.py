"""Sendings among the plain pages: the list of them all. One sending has a page of its own, with its progress."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from invitations.models import Sending

State = Sending.State
# Characters of a cell that a row has room for.
LENGTH = 45


@admin.register(Sending)
class SendingAdmin(ConsolePage):
    STATE_COLOURS: ClassVar[dict[str, str]] = {
        State.QUEUEING: "info",
        State.RUNNING: "info",
        State.PAUSED: "warning",
        State.CANCELLING: "warning",
        State.CANCELLED: "default",
        State.DONE: "success",
        State.FAILED: "danger",
    }

    list_display = (
        "__str__",
        "shown_state",
        "channel",
        "shown_batch",
        "invited",
        "not_reached",
        "created_by",
        "created_at",
    )
    list_filter = ("state", "channel")
    list_select_related = ("batch", "created_by")
    search_fields = ("batch__file_name",)
    search_help_text = _("Name of the imported file")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sending]:
        # Can be a hundred thousand numbers a row, a header row, and all that was mapped.
        large = ("devices", "batch__headers", "batch__mapping", "batch__fixes", "batch__counts")
        return super().get_queryset(request).defer(*large)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, sending: Sending) -> tuple[str, str]:
        return sending.state, sending.get_state_display()

    @admin.display(description=_("import batch"), ordering="batch")
    def shown_batch(self, sending: Sending) -> str:
        return truncatechars(sending.batch.file_name, LENGTH) if sending.batch else ""

    @admin.display(description=_("invitations"))
    def invited(self, sending: Sending) -> int:
        return int(sending.counts.get("queued", 0))

    @admin.display(description=_("not reached"))
    def not_reached(self, sending: Sending) -> int:
        return sum(sending.counts.get("unreachable", {}).values())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Sending | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Sending | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponseRedirect:
        """Open the page of the sending, which asks for the permission."""
        if not (object_id.isascii() and object_id.isdecimal()):
            raise Http404
        return HttpResponseRedirect(reverse("enroll:sending", args=[object_id]))

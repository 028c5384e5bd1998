"""Step 5, Import: how far is it, what came of it, and how is it taken back?"""

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.imports.progress import progress_of
from devices.imports.steps import start_undo
from devices.imports.undo import obstacles
from devices.models import ImportBatch

from .frame import REACHABLE, UNDO, BatchView

State = ImportBatch.State


class DoneView(BatchView):
    """Progress while the import or its undo runs; then the result."""

    step = "done"
    title = gettext_lazy("Import")

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        batch = self.batch
        if batch.state not in REACHABLE[self.step]:
            return self.to_step()
        if batch.is_in_work:
            return self.render("enroll/importing.html", progress=progress_of(batch, cache))
        devices = reverse("admin:devices_device_changelist")
        return self.render(
            "enroll/done.html",
            counts=batch.counts,
            approved=batch.counts.get("created", 0) + batch.counts.get("replaced", 0),
            overwritten=batch.counts.get("replaced", 0) - batch.counts.get("given", 0),
            ticked=batch.counts.get("ticked", 0),
            undone=batch.counts.get("undo", {}),
            devices_url=f"{devices}?status=all&batch={batch.pk}",
            may_see_devices=self.may("devices.view_device"),
            undo_obstacles=obstacles(batch) if batch.state == State.COMMITTED else [],
            has_rows=batch.rows.exists(),
        )


class UndoView(BatchView):
    """Take an import back."""

    http_method_names = ["post", "options"]
    post_permission = UNDO
    return_to = "done"

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if self.batch.state != State.UNDOING:  # else a double click
            start_undo(self.batch, self.person)
        return self.to_step("done")

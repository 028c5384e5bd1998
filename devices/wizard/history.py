"""Which files were imported, by whom, and what came of them? And where is one of them now? The way into the wizard."""

from collections.abc import Callable
from typing import Any, Final

from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _

from devices.imports.progress import progress_of
from devices.models import ImportBatch
from devices.scope import visible

from .frame import BatchView, WizardView, step_of, step_url

PAGE_SIZE = 25


# What can be asked for by `state` -> what the page says it shows, and which batches these are.
STATES: Final[dict[str, tuple[Any, Callable[[], QuerySet[ImportBatch]]]]] = {
    "failed": (_("Imports that failed."), lambda: ImportBatch.objects.failed()),
    "waiting": (_("Imports that wait for their next step."), lambda: ImportBatch.objects.waiting()),
}


class HistoryView(WizardView):
    """The import batches of the person's domains, the newest first; with `state`, some of them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        told, found = STATES.get(request.GET.get("state", ""), ("", ImportBatch.objects.all))
        batches = visible(found().select_related("domain", "created_by", "committed_by"), self.person)
        page = Paginator(batches.order_by("-created_at", "-id"), PAGE_SIZE).get_page(request.GET.get("page"))
        entries = [{"batch": batch, "url": step_url(batch), "step": step_of(batch)} for batch in page]
        return self.render("enroll/history.html", page=page, entries=entries, told=told)


class CurrentStepView(BatchView):
    """The address of a batch as such: leads to the step that it waits at."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        return self.to_step()


class ProgressView(BatchView):
    """How far a worker is, as JSON; progress.js asks each second."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        return JsonResponse(progress_of(self.batch, cache).to_json())

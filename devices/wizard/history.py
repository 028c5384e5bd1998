"""Which files were imported, by whom, and what came of them? And where is one of them now? The way into the wizard."""

from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse

from devices.imports.progress import progress_of
from devices.models import ImportBatch
from devices.scope import visible

from .frame import BatchView, WizardView, step_of, step_url

PAGE_SIZE = 25


class HistoryView(WizardView):
    """The import batches of the person's domains, the newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        batches = visible(ImportBatch.objects.select_related("domain", "created_by", "committed_by"), self.person)
        page = Paginator(batches.order_by("-created_at", "-id"), PAGE_SIZE).get_page(request.GET.get("page"))
        entries = [{"batch": batch, "url": step_url(batch), "step": step_of(batch)} for batch in page]
        return self.render("enroll/history.html", page=page, entries=entries)


class CurrentStepView(BatchView):
    """The address of a batch as such: leads to the step that it waits at."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        return self.to_step()


class ProgressView(BatchView):
    """How far a worker is, as JSON; progress.js asks each second."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        return JsonResponse(progress_of(self.batch, cache).to_json())

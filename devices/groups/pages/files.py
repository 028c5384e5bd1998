"""Files of device groups in the browser: upload, check and review, import, history, sample and export.

What each step does, devices/groups/files/steps.py says. A person sees the imports of their own; with all domains, all.
"""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices import csv_file, taken_away
from devices.groups.files import changes, contract, export, steps
from devices.imports import bad_rows
from devices.imports.columns.cells import neutralise
from devices.imports.problems import message
from devices.imports.reader import UnreadableFileError
from devices.models import DeviceGroup, GroupImport
from devices.models.group_import import GroupImportQuerySet
from devices.scope import visible
from devices.wizard.frame import WizardView
from devices.wizard.upload import ACCEPT, FileForm, reading_problem, went_to

State = GroupImport.State
PAGE_SIZE, ROWS, PROBLEMS, GROUPS = 25, 25, 50, 100
# Who puts a device into a group changes the device.
CHANGE = "devices.change_device"


def _tick(name: str) -> forms.BooleanField:
    field: Any = GroupImport._meta.get_field(name)
    return forms.BooleanField(required=False, label=field.verbose_name, help_text=field.help_text)


class OptionsForm(forms.Form):
    """What an import of groups may do besides putting devices in."""

    creates = _tick("creates_groups")
    removes = _tick("removes_others")


class GroupFileForm(FileForm, OptionsForm):
    """A file of groups, and what may be done with it."""


class GroupFilesView(WizardView):
    """A page about files of groups: `view_devicegroup` opens it, `change_device` is needed to import."""

    permission = "devices.view_devicegroup"
    post_permission = CHANGE
    title = gettext_lazy("Import device groups")

    def imports(self) -> GroupImportQuerySet:
        """Return the imports that the person may see."""
        found = visible(GroupImport.objects.select_related("created_by"), self.person)
        return cast(GroupImportQuerySet, found)

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """Return a page with what all of them say."""
        facts = {"may_import": self.may(CHANGE), "may_create": self.may("devices.add_devicegroup"), "title": self.title}
        heading = {"model_admin": admin.site._registry[DeviceGroup], "content_title": self.title}
        return self.render(template, status=status, **heading | facts | context)


class UploadView(GroupFilesView):
    """GET shows the form, POST takes the file and lets it be checked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.may(CHANGE):
            return redirect("admin:devices_devicegroup_imports")
        return self.page(GroupFileForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = GroupFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(form, status=422)
        given = form.cleaned_data
        chosen = {"creates": given["creates"], "removes": given["removes"]}
        try:
            job = steps.upload(given["file"], given["file"].name, self.person, **chosen)
        except contract.HeaderError as error:
            form.add_error("file", error.message)
            return self.page(form, status=422)
        except (UnreadableFileError, OSError) as error:
            reading_problem(form, error)
            return self.page(form, status=422)
        return went_to(request, reverse("admin:devices_devicegroup_import", args=[job.pk]))

    def page(self, form: GroupFileForm, status: int = 200) -> HttpResponse:
        facts = {"limits": contract.limits(), "accept": ACCEPT, "columns": contract.COLUMNS}
        return self.show("groups/upload.html", status=status, form=form, **facts)


class HistoryView(GroupFilesView):
    """The imports, the newest first."""

    title = gettext_lazy("Imports of device groups")

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(self.imports(), PAGE_SIZE).get_page(request.GET.get("page", "1")[:9])
        return self.show("groups/history.html", page=page)


class ImportView(GroupFilesView):
    """One import: progress, problems, what would become of it, and what did.

    POST takes `commit`, `commit_good`, `again` (with the options) or `discard`.
    """

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if request.user.has_perm(self.permission):
            self.job = get_object_or_404(self.imports(), pk=min(kwargs["pk"], 2**63 - 1))

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self.job
        if job.is_in_work:
            address = reverse("admin:devices_devicegroup_import_progress", args=[pk])
            return self.show("groups/working.html", job=job, progress=progress(job), progress_url=address)
        return self.show("groups/import.html", job=job, **self._facts())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            if "discard" in request.POST:
                steps.discard(self.job)
                messages.success(request, _("The import was discarded. Nothing of it was written."))
                return redirect("admin:devices_devicegroup_imports")
            if "again" in request.POST:
                chosen = OptionsForm(request.POST)
                chosen.is_valid()
                given = chosen.cleaned_data
                steps.check_again(self.job, self.person, creates=given["creates"], removes=given["removes"])
            else:
                steps.start_commit(self.job, self.person, good_rows="commit_good" in request.POST)
        except steps.StepError as error:
            messages.error(request, str(error))
        return redirect("admin:devices_devicegroup_import", pk)

    def _facts(self) -> dict[str, Any]:
        job, asked = self.job, self.request.GET
        if not steps.may_know(job, self.person):
            return {"is_hidden": True}
        problems = Paginator(job.problems.order_by("severity", "line", "id"), PROBLEMS)
        problem_page = problems.get_page(asked.get("problems", "1")[:9])
        counts = job.counts
        is_review = job.state == State.READY
        memberships = range(counts.get("added", 0) + counts.get("removed", 0) if is_review else 0)
        row_page = Paginator(memberships, ROWS).get_page(asked.get("rows", "1")[:9])
        changed = [entry for entry in counts.get("by_group", []) if any(entry[1:])]
        return {
            "counts": counts,
            "problem_page": problem_page,
            "problems": [(problem, _text(problem)) for problem in problem_page],
            "by_group": changed[:GROUPS],
            "more_groups": max(0, len(changed) - GROUPS),
            "row_page": row_page,
            "rows": changes.rows(job, row_page.start_index() - 1, ROWS) if memberships else [],
            "obstacles": steps.obstacles(job) if is_review else [],
        }


class ProgressView(ImportView):
    """How far a worker is, as JSON; progress.js asks each second."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return JsonResponse(progress(self.job))


class BadRowsView(ImportView):
    """The lines with errors, as a file that can be corrected and uploaded as it is."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> Any:
        job, name = self.job, f"groups-{pk}-bad-lines.csv"
        if not steps.may_know(job, self.person):
            raise Http404
        if job.bad_rows_file:
            return FileResponse(job.bad_rows_file.open("rb"), as_attachment=True, filename=name)
        if not job.file or not job.counts.get("bad"):
            raise Http404
        return _csv(StreamingHttpResponse(bad_rows.lines(job, contract.limits())), name)


class SampleView(GroupFilesView):
    """A file that shows the columns."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        rows = ([neutralise(cell) for cell in row] for row in contract.SAMPLE)
        return csv_file.answer(rows, "hexenroll-groups-sample.csv")


class ExportView(GroupFilesView):
    """All groups filled by hand, with the person's devices, as the file that an import takes."""

    permission = "devices.export_device"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if not self.may("devices.view_devicegroup"):
            raise Http404
        taken_away.tell(request, DeviceGroup, DeviceGroup.objects.static().count())
        return csv_file.answer(export.rows(self.person), "hexenroll-groups.csv")


def progress(job: GroupImport) -> dict[str, Any]:
    """Return what progress.js shows; a step is one transaction, which nobody sees into."""
    return {
        "state": job.state,
        "is_in_work": job.is_in_work,
        "is_waiting": job.heartbeat_at is None,
        "share": 0,
        "rows_done": 0,
        "rows_per_second": None,
        "seconds_left": None,
    }


def _csv(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Type"] = "text/csv; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _text(problem: Any) -> str:
    return message(problem.code, column=problem.column, value=problem.value, detail=problem.detail)

"""Pages of reports: all of them, one with its filters, the same on paper and as a file. Listed in hexenroll/urls.py.

Rights: a report shows what its models' own pages show, to who may see those (Report.permissions); rows of other
people's domains are left out. A file takes what the export of the same rows takes, besides.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from devices import csv_file, taken_away, workbook
from devices.scope import visible
from hexenroll.models import ScheduledReport

from . import files
from .filter_form import FilterForm, Period
from .registry import REPORTS, open_to
from .report import Asked, Report

PAGE_SIZE = 50
PRINTED = 2_000  # rows on paper; a file has all of them
SCHEDULE = "hexenroll.add_scheduledreport"


class ReportsView(View):
    """A page of the console about reports."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view behind the console's sign-in, never cached."""
        return admin.site.admin_view(super().as_view(**initkwargs))

    def render(self, template: str, **context: Any) -> TemplateResponse:
        """Return a page in the console's frame."""
        frame = admin.site.each_context(self.request)
        return TemplateResponse(self.request, template, frame | context)


class IndexView(ReportsView):
    """The reports that somebody may see."""

    def get(self, request: HttpRequest) -> HttpResponse:
        reports = open_to(request.user)
        if not reports:
            raise PermissionDenied
        scheduled = request.user.has_perm("hexenroll.view_scheduledreport")
        return self.render(
            "reports/index.html",
            title=_("Reports"),
            reports=reports,
            sees_scheduled=scheduled,
            scheduled=visible(ScheduledReport.objects.all(), request.user).count() if scheduled else 0,
        )


class ReportView(ReportsView):
    """One report, page by page."""

    report: Report

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        report = REPORTS.get(kwargs["name"])
        if report is None:
            raise Http404
        if not report.is_open_to(request.user):
            raise PermissionDenied
        self.report = report
        return super().dispatch(request, *args, **kwargs)

    def form(self) -> FilterForm:
        return FilterForm(self.request.GET, self.report, self.request.user)

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        form = self.form()
        if not form.is_valid():
            return self.page(form)
        asked = form.asked()
        counted: Any = _Rows(self.report, asked)
        paginator: Paginator[Any] = Paginator(counted, PAGE_SIZE)
        page = paginator.get_page(request.GET.get("page"))
        return self.page(
            form, page=page, rows=shown(self.report, page), totals=self.report.totals(asked), told=asked.told
        )

    def page(self, form: FilterForm, **context: Any) -> HttpResponse:
        report, person = self.report, self.request.user
        query = urlencode({name: value for name, value in form.data.items() if value})
        may_schedule = person.has_perm(SCHEDULE) and form.data.get("period") != Period.CHOSEN
        return self.render(
            "reports/report.html",
            title=report.title,
            report=report,
            form=form,
            query=query,
            may_take=report.may_be_taken_by(person),
            may_schedule=may_schedule and report.may_be_taken_by(person),
            **context,
        )


class PrintView(ReportView):
    """The same for paper: no frame, all rows up to PRINTED on one page."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        form = self.form()
        if not form.is_valid():
            return _back(self.report, request)
        asked = form.asked()
        count = self.report.count(asked)
        rows = list(self.report.rows(asked, 0, PRINTED))
        context = {
            "report": self.report,
            "rows": shown(self.report, rows),
            "totals": self.report.totals(asked),
            "told": asked.told,
            "now": asked.now,
            "zone": timezone.get_current_timezone_name(),
            "count": count,
            "left_out": count - len(rows),
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(request, "reports/print.html", context)


class FileView(ReportView):
    """The same as a file: CSV as a stream, a workbook by way of a file that nobody else sees."""

    def get(self, request: HttpRequest, name: str, format: str = "csv") -> HttpResponseBase:  # type: ignore[override]
        if not self.report.may_be_taken_by(request.user):
            raise PermissionDenied
        form = self.form()
        if not form.is_valid():
            return _back(self.report, request)
        asked = form.asked()
        taken_away.tell(request, self.report.about, self.report.count(asked), self.report.name)
        answer = csv_file.answer if format == "csv" else workbook.answer
        return answer(files.rows(self.report, asked), file_name(self.report, format))


class _Rows:
    """What a paginator asks of a list."""

    def __init__(self, report: Report, asked: Asked) -> None:
        self.report, self.asked = report, asked

    def count(self) -> int:
        return self.report.count(self.asked)

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, part: slice) -> list[Any]:
        return list(self.report.rows(self.asked, part.start, part.stop))


def shown(report: Report, rows: Any) -> list[list[dict[str, Any]]]:
    """Return rows for a template: of each cell its column, value and address."""
    table = []
    for row in rows:
        url = reverse(report.link, args=[row[-1]]) if report.link else ""
        table.append(
            [
                {"column": column, "value": column.value(raw), "url": url if column.is_linked else ""}
                for column, raw in zip(report.columns, row[: len(report.columns)], strict=True)
            ]
        )
    return table


def file_name(report: Report, format: str) -> str:
    """Return the name of a file that is made today."""
    return f"{report.name}-{timezone.localdate():%Y-%m-%d}.{format}"


def _back(report: Report, request: HttpRequest) -> HttpResponse:
    """Lead to the page that says what is wrong with the filters."""
    return redirect(f"{reverse('reports:report', args=[report.name])}?{request.GET.urlencode()}")

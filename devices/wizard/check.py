"""Step 3: what is wrong with the file, what mends it, and how does it go on?"""

from itertools import chain
from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.cache import cache
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.imports import bad_rows
from devices.imports.clean import Fixes
from devices.imports.columns import BY_FIELD
from devices.imports.problems import TITLES, ProblemCode
from devices.imports.progress import progress_of
from devices.imports.reader import UnreadableFileError
from devices.imports.review import problem_list
from devices.imports.review.offers import Offer, accept, fix_token, offers, take_back
from devices.imports.review.problem_list import Key, ProblemFilter, ProblemGroup
from devices.imports.steps import StepError, drop_fixes, start_check, stop_check
from devices.models import ImportBatch, ImportProblem

from .frame import ADD, REACHABLE, BatchView
from .problem_text import problem_text

State = ImportBatch.State


def key_of(text: str) -> Key | None:
    """Read a key of `problem_list.page` from an address, such as `12.345`; None: it is none."""
    line, _dot, number = text.partition(".")
    if line.isdecimal() and number.isdecimal() and len(text) < 30:
        return int(line), int(number)
    return None


def text_of(key: Key | None) -> str:
    return f"{key[0]}.{key[1]}" if key else ""


class CheckView(BatchView):
    """Progress while the file is checked; then its failure, or its problems and what mends them."""

    step = "check"
    title = gettext_lazy("Check the file")

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        batch = self.batch
        if batch.state not in REACHABLE[self.step]:
            return self.to_step()
        if batch.state == State.CHECKING:
            return self.render("enroll/checking.html", progress=progress_of(batch, cache))
        fixes = applied(Fixes.from_json(batch.fixes))
        if batch.state != State.READY:
            return self.render("enroll/check.html", fixes=fixes)
        found = offers(batch) if self.may(ADD) and batch.file else []
        takeable = [offer for offer in found if not offer.choices]
        return self.render("enroll/check.html", fixes=fixes, offers=found, takeable=takeable, **self._problems())

    def _problems(self) -> dict[str, Any]:
        """Return the groups of problems, and the page of the list that the address asks for."""
        asked, groups = self.request.GET, problem_list.groups(self.batch)
        chosen = ProblemFilter.from_query(asked)
        after, before = key_of(asked.get("after", "")), key_of(asked.get("before", ""))
        page = problem_list.page(self.batch, chosen, after=after, before=before)
        titled = [(group, TITLES[ProblemCode(group.code)]) for group in groups]
        return {
            "group_lists": [
                (_("Errors"), [item for item in titled if item[0].severity == ImportProblem.Severity.ERROR]),
                (_("Warnings"), [item for item in titled if item[0].severity == ImportProblem.Severity.WARNING]),
            ],
            "chosen": chosen,
            "codes": _codes(groups),
            "fields": _fields(groups),
            "problems": [(problem, problem_text(problem)) for problem in page.problems],
            "previous": text_of(page.previous),
            "next": text_of(page.next),
            "count_text": count_text(page.total, page.is_total_exact),
        }


def count_text(total: int, is_exact: bool) -> str:
    """Say how many entries a list has."""
    if is_exact:
        return ngettext("%(count)s in all", "%(count)s in all", total) % {"count": intcomma(total)}
    return _("more than %(count)s") % {"count": intcomma(total)}


def _codes(groups: list[ProblemGroup]) -> list[tuple[str, str]]:
    found = {group.code: str(TITLES[ProblemCode(group.code)]) for group in groups}
    return sorted(found.items(), key=lambda item: item[1])


def _fields(groups: list[ProblemGroup]) -> list[tuple[str, str]]:
    names = {group.field: group.label for group in groups if group.field}
    lines = [("line", _("Whole line"))] if any(not group.field for group in groups) else []
    return [(field, names[field]) for field in BY_FIELD if field in names] + lines


def applied(fixes: Fixes) -> list[dict[str, str]]:
    """Return the value fixes in force: field, value before and after, token; no values: spaces are taken off."""
    trims = [(field, "", "") for field in sorted(fixes.trim)]
    values = [(field, before, after) for field, changes in fixes.values.items() for before, after in changes.items()]
    return [
        {"field": str(BY_FIELD[field].label), "before": before, "after": after, "token": fix_token(field, before)}
        for field, before, after in trims + values
    ]


class CheckAction(BatchView):
    """A POST that leads back to the check."""

    post_permission = ADD
    return_to = "check"
    http_method_names = ["post", "options"]


class FixView(CheckAction):
    """Accept one or several changes of values (`offer`, and `replacement` where one had to be chosen)."""

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        accepted = [
            Offer.from_token(token, request.POST.get("replacement", "")) for token in request.POST.getlist("offer")
        ]
        if not accepted or not all(offer.replacement or offer.is_trim for offer in accepted):
            raise StepError(_("Choose the value that is meant."))
        accept(self.batch, accepted)
        return self.to_step("check")


class DropFixesView(CheckAction):
    """Take back one change of values (`fix`), else all of them."""

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if "fix" in request.POST:
            take_back(self.batch, request.POST["fix"])
        elif self.batch.fixes or self.batch.state != State.CHECKING:  # else a double click
            with transaction.atomic():
                drop_fixes(self.batch)
                start_check(self.batch)
        return self.to_step("check")


class StartCheckView(CheckAction):
    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if self.batch.state != State.CHECKING:  # else a double click
            start_check(self.batch)
        return self.to_step("check")


class StopCheckView(CheckAction):
    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        stop_check(self.batch)
        return self.to_step("check")


class BadRowsView(BatchView):
    """The rows that stayed behind, or would, as a CSV to correct and upload."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponseBase:
        batch = self.batch
        stem = batch.file_name.rpartition(".")[0] or batch.file_name
        name = f"{stem}-bad-rows.csv"
        try:
            if batch.bad_rows_file:
                return FileResponse(batch.bad_rows_file.open("rb"), as_attachment=True, filename=name)
            if not batch.counts.get("bad") or not batch.file:
                raise Http404
            content = bad_rows.lines(batch)
            first = next(content)  # here, while an error can still be said
        except (OSError, UnreadableFileError) as error:
            text = _("The rows can't be read from the uploaded file (%(reason)s). Upload the file again.")
            messages.error(request, text % {"reason": error.strerror if isinstance(error, OSError) else error})
            return self.to_step()
        response = StreamingHttpResponse(chain([first], content), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = str(content_disposition_header(True, name))
        return response

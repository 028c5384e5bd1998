"""Step 2: which column fills which field, and how is the file to be read?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.imports import steps
from devices.imports.check import file_limits
from devices.imports.mapping import Mapping, MappingProblem, Suggestion
from devices.imports.reader import FileFormat, FileProblem, Preview, UnreadableFileError, preview

from .frame import ADD, BatchView
from .mapping_form import HIDDEN, FormatForm, chosen_mapping, column_choices, field_rows, secret_columns

PREVIEW_ROWS = 8
CELL_LENGTH = 60


@dataclass(frozen=True)
class PreviewTable:
    """The file's beginning for the page: `header`, `rows` of (line, cells), `problem`: what stopped the reading."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    problem: UnreadableFileError | None


def preview_table(found: Preview, secrets: set[int]) -> PreviewTable:
    """Return a preview with all lines as wide as the widest, long values cut and secrets hidden."""
    width = max([len(found.header), *map(len, found.rows)])

    def shown(cells: Sequence[str]) -> list[str]:
        texts = [
            HIDDEN if i in secrets and cell else Truncator(cell).chars(CELL_LENGTH) for i, cell in enumerate(cells)
        ]
        return texts + [""] * (width - len(texts))

    header = [Truncator(name).chars(CELL_LENGTH) for name in found.header] + [""] * (width - len(found.header))
    return PreviewTable(header, list(zip(found.lines, map(shown, found.rows), strict=True)), found.problem)


class FileReadingView(BatchView):
    """What the page and its live preview share."""

    @cached_property
    def file_format(self) -> FileFormat:
        return FileFormat.from_json(self.batch.file_format)

    def beginning(self, file_format: FileFormat) -> Preview:
        """Return how the file begins; a file that is gone is a problem of the preview, as any other."""
        if not self.batch.file:
            return Preview(problem=UnreadableFileError(FileProblem.MISSING))
        return preview(Path(self.batch.file.path), file_format, limits=file_limits(), rows=PREVIEW_ROWS)


class MappingView(FileReadingView):
    """The mapping form. POST saves it and starts the check, or, with `action=format`, reads the file otherwise."""

    post_permission = ADD
    step = "mapping"
    title = gettext_lazy("Map the columns")
    return_to = "mapping"

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if not self.batch.is_open:
            return self.to_step()
        found = self.beginning(self.file_format)
        if found.problem is not None:
            return self.page(found, Suggestion(Mapping()))
        if self.batch.mapping:
            return self.page(found, Suggestion(Mapping.from_json(self.batch.mapping)))
        return self.page(found, steps.suggestion(self.batch))

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if request.POST.get("action") == "format":
            return self.change_format()
        mapping = chosen_mapping(request.POST, self.batch.headers)
        if problems := mapping.problems(self.batch.headers):
            return self.page(self.beginning(self.file_format), Suggestion(mapping), problems)
        steps.save_mapping(self.batch, mapping)
        steps.start_check(self.batch)
        return self.to_step("check")

    def change_format(self) -> HttpResponse:
        form = FormatForm(self.file_format, self.request.POST)
        if form.is_valid():
            steps.change_format(self.batch, form.chosen())
            messages.success(self.request, _("The file is read in the way that you chose. Look at the mapping."))
        else:
            messages.error(self.request, _("The file can't be read in this way. Choose from the lists."))
        return self.to_step("mapping")

    def page(self, found: Preview, suggestion: Suggestion, problems: Sequence[MappingProblem] = ()) -> HttpResponse:
        headers, mapping = self.batch.headers, suggestion.mapping
        secrets = secret_columns(headers, mapping)
        return self.render(
            "enroll/mapping.html",
            status=422 if problems else 200,
            suggestion=suggestion,
            fields=field_rows(mapping, suggestion.reasons, problems),
            columns=column_choices(headers, found.rows, mapping, secrets),
            problems=problems,
            format_form=FormatForm(self.file_format),
            file_format=self.file_format,
            preview=preview_table(found, secrets),
        )


class PreviewView(FileReadingView):
    """How the file begins when it is read as the form says: a piece of HTML for mapping.js."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        form = FormatForm(self.file_format, request.GET)
        if not form.is_valid():
            return HttpResponse(_("The file can't be read in this way. Choose from the lists."), status=422)
        found = self.beginning(form.chosen())
        secrets = secret_columns(found.header, Mapping.from_json(self.batch.mapping))
        return render(request, "enroll/_preview.html", {"preview": preview_table(found, secrets)})

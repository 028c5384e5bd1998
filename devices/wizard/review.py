"""Step 4: which rows go in, who is invited, what happens to duplicates, and what will the import do?"""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.form_fields import ObjectsField
from devices.imports.review import rows as review_rows
from devices.imports.review.choices import set_decisions, set_invites, set_rows
from devices.imports.review.forecast import forecast
from devices.imports.review.replacement import replacement
from devices.imports.review.rows import RowFilter
from devices.imports.steps import StepError, choose, discard, obstacles, start_commit
from devices.models import DeviceGroup, ImportBatch, ImportRow, Policy
from devices.vocabulary import Duplicates

from .check import count_text
from .frame import ADD, COMMIT, BatchView
from .problem_text import problem_text

State = ImportBatch.State
# So many groups and policies are offered to be ticked; what is chosen already always is.
OFFERED = 1_000


class ChoicesForm(forms.Form):
    """What is chosen for the whole batch."""

    duplicates = forms.ChoiceField(choices=[("", ""), *Duplicates.choices], required=False)
    accept_good_rows = forms.BooleanField(required=False)
    groups = ObjectsField(DeviceGroup.objects.static(), required=False)
    policies = ObjectsField(Policy.objects.all(), required=False)


def line_of(text: str) -> int:
    """Read a line's number from an address or a form; 0: it is none."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def save_choices(batch: ImportBatch, data: Any) -> None:
    """Save everything that the review page's form holds: the batch's choices, and the page's ticks and decisions.

    Raises:
        StepError: it can't be read, or the batch is not in review.
    """
    form = ChoicesForm(data)
    if not form.is_valid():
        raise StepError(_("A choice can't be saved, because it is not there any more. Load the page again."))
    shown = {line_of(text) for text in data.getlist("line")}
    decisions = {line: data.get(f"decision-{line}", "") for line in shown if f"decision-{line}" in data}
    if not set(decisions.values()) <= {"", *Duplicates.values}:
        raise StepError(_("A choice can't be saved, because it is not there any more. Load the page again."))
    # The channel is chosen when the invitations are sent; one that the batch has comes from the command line.
    choose(batch, channel=batch.channel, **form.cleaned_data)
    set_rows(batch, shown, {line_of(text) for text in data.getlist("invite")}, decisions)


class ReviewView(BatchView):
    """The rows, page by page, with the choices; POST saves what the page holds."""

    step = "review"
    title = gettext_lazy("Review")
    post_permission = ADD
    return_to = "review"

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        batch = self.batch
        if batch.state != State.READY:
            return self.to_step()
        chosen = RowFilter.from_query(request.GET)
        start = line_of(request.GET.get("line", ""))
        after = start - 1 if start else line_of(request.GET.get("after", ""))
        page = review_rows.page(batch, chosen, cache, after=after, before=line_of(request.GET.get("before", "")))
        expected = forecast(batch, cache)
        return self.render(
            "enroll/review.html",
            chosen=chosen,
            page=page,
            rows=_with_warnings(batch, page.rows),
            forecast=expected,
            obstacles=obstacles(batch),
            kinds=ImportRow.Kind.choices,
            decidable=ImportRow.DECIDABLE,
            duplicates=_duplicates(),
            decisions=Duplicates.choices,
            assignments=[
                _offered("groups", str(_("Device groups")), batch.groups.all(), DeviceGroup.objects.static()),
                _offered("policies", str(_("Policies")), batch.policies.all(), Policy.objects.all()),
            ],
            query=request.GET.urlencode(),
            previous=page.rows[0].line if page.rows and page.has_previous else "",
            next=page.rows[-1].line if page.rows and page.has_next else "",
            count_text=count_text(page.total, page.is_total_exact),
        )

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if "go_on" in request.POST:
            return self._go_on()
        save_choices(self.batch, request.POST)
        messages.success(request, _("Saved."))
        return back_to_page(request, self.batch)

    def _go_on(self) -> HttpResponse:
        """Leave the rows with errors behind, and review the good ones."""
        batch = self.batch
        choose(
            batch,
            duplicates=batch.duplicates,
            channel=batch.channel,
            accept_good_rows=True,
            groups=batch.groups.all(),
            policies=batch.policies.all(),
        )
        return self.to_step("review")


def back_to_page(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """Return to the page of rows, with its filter, from which a form came."""
    query = request.GET.urlencode()
    return redirect(reverse("enroll:review", args=[batch.pk]) + (f"?{query}" if query else ""))


def _with_warnings(batch: ImportBatch, rows: list[ImportRow]) -> list[tuple[ImportRow, list[str]]]:
    """Return rows with the messages of their warnings."""
    said: dict[int, list[str]] = {row.line: [] for row in rows}
    if rows and batch.counts.get("warnings"):
        for problem in review_rows.warnings_of(batch).filter(line__in=list(said)).order_by("line", "id"):
            said[problem.line].append(problem_text(problem))
    return [(row, said[row.line]) for row in rows]


def _duplicates() -> list[tuple[str, str, str]]:
    """Return the choices for duplicates with what they do."""
    effects = {
        Duplicates.REPLACE: _(
            "The user's details are overwritten, and so are those of a device that is pre-approved already."
        ),
        Duplicates.SKIP: _("The row is not imported: nothing of the user or device changes, and nobody is invited."),
        Duplicates.KEEP: _("The user's details stay as they are; the new serial number is pre-approved for them."),
    }
    return [(choice.value, str(choice.label), effects[choice]) for choice in Duplicates]


def _offered(field: str, label: str, chosen: Any, known: Any) -> dict[str, Any]:
    """Return the groups or policies that can be ticked for the whole batch, those that are first."""
    ticked = list(chosen.order_by("name").values_list("pk", "name"))
    numbers = {number for number, _name in ticked}
    others = [item for item in known.order_by("name").values_list("pk", "name")[:OFFERED] if item[0] not in numbers]
    return {
        "field": field,
        "label": label,
        "items": [(number, name, True) for number, name in ticked] + [(number, name, False) for number, name in others],
        "ticked": len(ticked),
        "is_cut": len(others) + len(ticked) >= OFFERED,
    }


class RowsView(BatchView):
    """Ticks and decisions for sets of rows: all, none, or all that match the filter of the page."""

    http_method_names = ["post", "options"]
    post_permission = ADD
    return_to = "review"

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        batch, action = self.batch, request.POST.get("action", "")
        everything, matching = RowFilter().rows(batch), RowFilter.from_query(request.GET).rows(batch)
        with transaction.atomic():
            save_choices(batch, request.POST)
            match action:
                case "tick_all" | "tick_none":
                    changed = set_invites(batch, everything, action == "tick_all")
                case "tick_matching" | "untick_matching":
                    changed = set_invites(batch, matching, action == "tick_matching")
                case "decide_matching":
                    changed = set_decisions(batch, matching, self._decision())
                case _:
                    raise StepError(_("Choose what to do with the rows."))
        text = ngettext("%(count)s row changed.", "%(count)s rows changed.", changed)
        messages.success(request, text % {"count": changed})
        return back_to_page(request, batch)

    def _decision(self) -> str:
        decision = self.request.POST.get("matching_decision", "")
        if decision not in ("", *Duplicates.values):
            raise StepError(_("Choose what happens to the rows."))
        return decision


class RowView(BatchView):
    """One row: what Replace changes."""

    step = "review"
    title = gettext_lazy("What Replace changes")

    def get(self, request: HttpRequest, batch_id: int, line: int) -> HttpResponse:
        if self.batch.state != State.READY:
            return self.to_step()
        row = get_object_or_404(ImportRow, batch=self.batch, line=line, is_good=True)
        is_of_ade = row.kind == ImportRow.Kind.ADE_DEVICE
        return self.render(
            "enroll/row.html",
            title=_("What the import changes") if is_of_ade else self.title,
            row=row,
            choice=dict(Duplicates.choices).get(row.decision or self.batch.duplicates, ""),
            is_question=row.kind in ImportRow.QUESTIONS,
            is_of_ade=is_of_ade,
            replacement=replacement(self.batch, row),
            query=request.GET.urlencode(),
        )


class CommitView(BatchView):
    """Import the reviewed rows, with the choices that the page holds."""

    http_method_names = ["post", "options"]
    post_permission = COMMIT
    return_to = "review"

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        batch = self.batch
        if batch.state == State.COMMITTING:  # a double click
            return self.to_step("done")
        with transaction.atomic():
            if "choices" in request.POST and self.may(ADD):
                save_choices(batch, request.POST)
            start_commit(batch, self.person)
        return self.to_step("done")


class DiscardView(BatchView):
    """Throw an import away of which nothing has gone in."""

    http_method_names = ["post", "options"]
    post_permission = ADD

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        name = self.batch.file_name
        discard(self.batch)
        messages.success(request, _("The import of “%(name)s” was discarded. Nothing of it went in.") % {"name": name})
        return redirect("enroll:pre_approve")

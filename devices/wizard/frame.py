"""What do all pages of the import wizard share: who may open them, the batch, the trail, what a refused step says?

Every view of this folder is one of the two classes here; hexenroll/urls.py lists them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import View

from devices.imports.reader import UnreadableFileError
from devices.imports.steps import StepError
from devices.models import ImportBatch
from devices.models.import_batch import ImportBatchQuerySet
from devices.scope import visible

State = ImportBatch.State

VIEW = "devices.view_importbatch"
ADD = "devices.add_importbatch"
COMMIT = "devices.commit_importbatch"
UNDO = "devices.undo_importbatch"

# The trail, in its order: URL name in the namespace `enroll`, title, icon.
STEPS: tuple[tuple[str, Promise, str], ...] = (
    ("file", _("Domain and file"), "upload_file"),
    ("mapping", _("Mapping"), "view_column"),
    ("check", _("Check"), "rule"),
    ("review", _("Review"), "checklist"),
    ("done", _("Import"), "done_all"),
    ("send", _("Send"), "send"),  # its page is of a higher layer: known here by its address alone
)
ORDER = [name for name, _title, _icon in STEPS]
# In which states a step's page has something to show.
REACHABLE: dict[str, frozenset[str]] = {
    "file": frozenset(State.values),
    "mapping": ImportBatch.OPEN,
    "check": frozenset({State.MAPPED, State.CHECKING, State.READY, State.FAILED}),
    "review": frozenset({State.READY}),
    "done": frozenset({State.COMMITTING, State.COMMITTED, State.UNDOING, State.UNDONE}),
    "send": frozenset({State.COMMITTED}),
}


@dataclass(frozen=True)
class TrailStep:
    """One step as the trail shows it. `state`: done, current, open or locked; `url`: "" when it can't be opened."""

    number: int
    name: str
    title: str
    icon: str
    state: str
    url: str


def step_of(batch: ImportBatch) -> str:
    """Return the step that a batch waits at: where its link in the history leads."""
    if batch.state in REACHABLE["done"]:
        return "done"
    if batch.state == State.UPLOADED:
        return "mapping"
    has_open_errors = batch.counts.get("bad") and not batch.accept_good_rows
    return "review" if batch.state == State.READY and not has_open_errors else "check"


def step_url(batch: ImportBatch, step: str = "") -> str:
    """Return the address of a step's page; without `step`, of the one that the batch waits at."""
    return reverse(f"enroll:{step or step_of(batch)}", args=[batch.pk])


def trail(batch: ImportBatch | None, current: str) -> list[TrailStep]:
    """Return the steps as they stand for a batch; None: for the page on which one begins."""
    furthest = ORDER.index(step_of(batch)) if batch else 0
    if batch and batch.state in (State.COMMITTED, State.UNDONE):
        furthest = ORDER.index("send")
    steps = []
    for index, (name, title, icon) in enumerate(STEPS):
        is_reachable = batch is not None and batch.state in REACHABLE[name]
        if name == current:
            state = "current"
        elif index < furthest:
            state = "done"
        else:
            state = "open" if is_reachable else "locked"
        url = step_url(batch, name) if batch and is_reachable and name != current else ""
        steps.append(TrailStep(index + 1, name, str(title), icon, state, url))
    return steps


class WizardView(View):
    """A page of the wizard that has no batch (yet).

    Attributes:
        permission: without it, 403; asked for each method.
        post_permission: what POST needs besides.
        step: its place in the trail; "": it has none.
        title: the page's heading.
    """

    permission = VIEW
    post_permission = ""
    step = ""
    title: str | Promise = _("Pre-approve devices")

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view behind the console's sign-in, never cached."""
        return admin.site.admin_view(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        needed = [self.permission]
        if request.method == "POST" and self.post_permission:
            needed.append(self.post_permission)
        if not request.user.has_perms(needed):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def may(self, permission: str) -> bool:
        """Tell whether the signed-in person has a permission."""
        return self.request.user.has_perm(permission)

    @property
    def person(self) -> User:
        """The signed-in member of staff."""
        return cast(User, self.request.user)  # admin_view has sent everybody else to the sign-in

    def render(self, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
        """Return a page in the console's frame, with the trail and what the person may do."""
        frame = {
            **admin.site.each_context(self.request),
            "title": self.title,
            "batch": getattr(self, "batch", None),
            "step": self.step,
            "trail": trail(getattr(self, "batch", None), self.step) if self.step else [],
            "may_add": self.may(ADD),
            "may_commit": self.may(COMMIT),
            "may_undo": self.may(UNDO),
        }
        return TemplateResponse(self.request, template, frame | context, status=status)


class BatchView(WizardView):
    """A page or an action of one batch.

    A step that the batch can't take becomes a message, and the person lands where the batch is: never a 500. From a
    page whose file can't be read they land where another file can be uploaded.

    Attributes:
        batch: of the address; 404 when there is none (any more).
        return_to: step to show after a refused action; "": the one that the batch waits at.
    """

    batch: ImportBatch
    return_to = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except (StepError, UnreadableFileError) as error:
            if request.method != "POST" and self.step == "file":
                raise  # that page reads no file: nowhere to go from here
            messages.error(request, str(error))
            return self.to_step(self.return_to if request.method == "POST" else "file")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if request.user.has_perm(self.permission):  # else dispatch refuses, whether the batch exists or not
            self.batch = get_object_or_404(self.batches(), pk=kwargs["batch_id"])

    def batches(self) -> ImportBatchQuerySet:
        """Return the batches among which the address names one: those of the person's domains."""
        batches = ImportBatch.objects.select_related("domain", "created_by", "committed_by", "undone_by")
        return cast(ImportBatchQuerySet, visible(batches, self.request.user))

    def to_step(self, step: str = "") -> HttpResponse:
        """Redirect to a step's page; when it left that step, where it waits; the history when it is gone."""
        batch = self.batches().filter(pk=self.batch.pk).first()
        if batch is None:
            return redirect("enroll:pre_approve")
        return redirect(step_url(batch, step if step and batch.state in REACHABLE[step] else ""))

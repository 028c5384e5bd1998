"""What becomes of a sending, and how is it paused, resumed or cancelled? Its own page; the page Send shows the same."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.models import ImportBatch
from invitations.actions import ActionError, cancel, pause, resume
from invitations.models import Invitation, Sending
from invitations.progress import Reason, SendingProgress, counted_progress, progress_of, reasons
from invitations.reach import Obstacle

from .frame import SEND, SendingView

# So many older sendings of an import are listed below the newest.
OLDER_SHOWN = 20


@dataclass(frozen=True)
class ShownSending:
    """A sending as pages show it.

    Attributes:
        sending, progress: what it is, and how far; `text`: the same in words.
        failed, retried: why messages failed or came back, and why others are tried again.
        unreachable: how many devices were not invited, by the reason in words.
    """

    sending: Sending
    progress: SendingProgress
    text: str
    failed: list[Reason]
    retried: list[Reason]
    unreachable: list[tuple[str, int]]


def shown(sending: Sending) -> ShownSending:
    """Return everything that is shown of one sending."""
    progress = progress_of(sending)
    numbers = {count.state: count.number for count in progress.counts}
    state = Invitation.State
    has_failed = numbers[state.FAILED] or numbers[state.BOUNCED]
    return ShownSending(
        sending,
        progress,
        progress_text(progress),
        reasons(sending, state.FAILED, state.BOUNCED) if has_failed else [],
        reasons(sending, state.QUEUED) if numbers[state.QUEUED] else [],
        [(str(Obstacle(code).label), number) for code, number in sending.counts.get("unreachable", {}).items()],
    )


def shown_sendings(batch: ImportBatch) -> tuple[ShownSending | None, list[tuple[Sending, SendingProgress]]]:
    """Return the newest sending of an import in full, and those before it with their numbers; few queries."""
    sendings = Sending.objects.filter(batch=batch).select_related("batch", "created_by").defer("devices")
    found = list(sendings.order_by("-created_at", "-id")[: OLDER_SHOWN + 1])
    if not found:
        return None, []
    numbers: dict[int, dict[str, int]] = {sending.pk: {} for sending in found}
    invitations = Invitation.objects.filter(sending__in=found[1:]).order_by()
    for pk, state, number in invitations.values_list("sending", "state").annotate(number=Count("pk")):
        numbers[pk][state] = number
    return shown(found[0]), [(sending, counted_progress(sending, numbers[sending.pk])) for sending in found[1:]]


class SendingPage(SendingView):
    """How far a sending is, what came of its messages, and the buttons that stop it."""

    title = gettext_lazy("Sending")

    def get(self, request: HttpRequest, sending_id: int) -> HttpResponse:
        return self.render(
            "enroll/sending.html",
            title=str(self.sending),
            shown=shown(self.sending),
            may_send=self.may(SEND),
            may_see_batch=self.may(self.batch_right) and self.sending.batch_id,
        )

    batch_right = "devices.view_importbatch"


class SendingProgressView(SendingView):
    """How far a sending is, as JSON; sending.js asks each second."""

    def get(self, request: HttpRequest, sending_id: int) -> HttpResponse:
        progress = progress_of(self.sending)
        return JsonResponse(
            asdict(progress)
            | {"text": progress_text(progress), "counts": {c.state: number_format(c.number) for c in progress.counts}}
        )


def progress_text(progress: SendingProgress) -> str:
    """Return how far a sending is, as a sentence; "" while nobody knows."""
    if progress.share is None:
        return ""
    numbers = {
        "done": number_format(progress.done, force_grouping=True),
        "total": number_format(progress.total, force_grouping=True),
    }
    return _("%(done)s of %(total)s messages are done.") % numbers


class SendingAction(SendingView):
    """A button of a sending."""

    http_method_names = ["post", "options"]
    action: Callable[[Sending], None]
    done: str | Promise

    def post(self, request: HttpRequest, sending_id: int) -> HttpResponse:
        try:
            type(self).action(self.sending)
            messages.success(request, str(self.done))
        except ActionError as error:
            messages.error(request, str(error))
        if request.POST.get("page") == "send" and self.sending.batch_id and self.may("devices.view_importbatch"):
            return redirect(reverse("enroll:send", args=[self.sending.batch_id]) + "#sendings")
        return redirect("enroll:sending", self.sending.pk)


class PauseView(SendingAction):
    """Let nothing more go out for now."""

    action = staticmethod(pause)
    done = gettext_lazy("Paused. What a worker had in hand still goes out.")


class ResumeView(SendingAction):
    """Go on."""

    action = staticmethod(resume)
    done = gettext_lazy("The sending goes on.")


class CancelView(SendingAction):
    """Send nothing more, for good."""

    action = staticmethod(cancel)
    done = gettext_lazy("Cancelled. What has not gone out will not.")

"""Step 6, Send: how are the ticked rows of an import invited, who can't be, and what became of those that were?"""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.models import ImportBatch
from invitations.actions import ActionError, invite_batch
from invitations.models import Sending
from invitations.reach import Obstacle, devices_of_batch, summaries

from .choices import SendForm, request_key
from .example import example
from .frame import SEND, InvitingView
from .sending import shown_sendings
from .unreached import unreached

State = ImportBatch.State


class SendView(InvitingView):
    """The choices, whom they reach, and the message; POST begins. Below, what was sent already."""

    title = gettext_lazy("Send")

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        if self.batch.state not in (State.COMMITTED, State.UNDONE):
            return self.to_step()
        return self.page(SendForm(request.GET))

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        form, key = SendForm(request.POST), request_key(request.POST)
        if not form.is_valid():
            return self.page(form, is_answered=True)
        if key is None:
            messages.error(request, _("Nothing was sent: the page was out of date. Look at it and press Send again."))
            return self._back(form)
        try:
            invite_batch(self.batch, form.options(), self.person, request_key=key)
        except ActionError as error:
            messages.error(request, str(error))
            return self._back(form)
        return redirect(reverse("enroll:send", args=[self.batch.pk]) + "#sendings")

    def _back(self, form: SendForm) -> HttpResponse:
        """Return to the page with what was chosen on it."""
        return redirect(reverse("enroll:send", args=[self.batch.pk]) + "?" + urlencode(form.for_address()))

    def page(self, form: SendForm, *, is_answered: bool = False) -> HttpResponse:
        """Return the page with these choices; `is_answered`: somebody pressed Send, and something is wrong."""
        batch, asked = self.batch, self.request.GET
        is_open = batch.state == State.COMMITTED and batch.rows.exists()
        newest, older = shown_sendings(batch)
        context = {
            "newest": newest,
            "older": older,
            "is_open": is_open,
            "keep_days": settings.HEXENROLL_IMPORT_KEEP_DAYS,
            "may_send": self.may(SEND),
            "may_see_devices": self.may("devices.view_device"),
            "devices_url": reverse("admin:devices_device_changelist") + f"?status=all&batch={batch.pk}",
        }
        if is_open:
            context |= self._choosing(form, asked, is_answered)
        return self.render("enroll/send.html", status=422 if is_answered else 200, **context)

    def _choosing(self, form: SendForm, asked: QueryDict, is_answered: bool) -> dict[str, Any]:
        """Return what the page needs to choose: whom each channel reaches, and the message of a row."""
        ways = summaries(devices_of_batch(self.batch), include_invited=form.chosen("include_invited"))
        chosen = Sending.Channel(form.chosen("channel"))
        found = ways[chosen]
        # Whom the tick for those who were invited before adds (reach.py).
        again = [Obstacle.INVITED_ALREADY, *([Obstacle.BOUNCED] if chosen == Sending.Channel.EMAIL else [])]
        return {
            "form": form,
            "chosen": {name: form.chosen(name) for name in form.fields if name != "starts_at"},
            "starts_at": form.data.get("starts_at", ""),
            "has_errors": is_answered or not form.is_valid(),
            "ways": list(ways.items()),
            "found": found,
            "obstacles": list(found.obstacles.items()),
            "unreached_total": found.unreached,
            "limits": list(found.limits.items()),
            "invited_already": sum(found.obstacles.get(obstacle, 0) for obstacle in again),
            "unreached": unreached(self.batch, form, asked),
            "example": example(self.batch, form, asked, self.person) if found.reached else None,
            "request_key": (request_key(self.request.POST) if is_answered else None) or uuid4(),
        }

"""What does the page of an ADE account show? Its state, what to do, syncs and devices. Called by ade_account.py."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from time import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from enrollment.ade import accounts, runs, standing
from enrollment.ade.progress import progress_of
from enrollment.models import AdeAccount, AdeAssignment, AdeDevice, AdeSync
from enrollment.models.ade_account import SOON_DAYS, URGENT_DAYS

from .ade_connect import CHANGE, SYNC, VIEW, AccountView
from .ade_device_filters import deleted_here

State, Approval = AdeAccount.State, AdeDevice.Approval
# Devices whose counterparts are looked up each time that the page is shown; 200,000 take half a second.
COUNTED_AT_ONCE = 10_000
# Newest syncs that the page shows.
SHOWN = 10
TONES = {
    State.NEW: "info",
    State.OK: "success",
    State.TERMS_NOT_SIGNED: "error",
    State.ACCESS_DENIED: "error",
    State.TOKEN_REFUSED: "error",
    State.EXPIRED: "error",
    State.THROTTLED: "warning",
    State.UNREACHABLE: "warning",
}
# The same, as the console's lists call them.
COLOURS = {state: "danger" if tone == "error" else tone for state, tone in TONES.items()}
SYNC_TONES = {
    AdeSync.State.QUEUED: "info",
    AdeSync.State.RUNNING: "info",
    AdeSync.State.DONE: "success",
    AdeSync.State.FAILED: "error",
}


def expiry_words(account: AdeAccount) -> str:
    """Say when the token of an account expires; "": it has none."""
    days = account.days_left
    if days is None:
        return ""
    if days < 0:
        return _("expired")
    if days == 0:
        return _("in less than a day")
    return ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days}


def expiry_tone(account: AdeAccount) -> str:
    """Return how urgent a renewal is: "", warning or error."""
    days = account.days_left
    if days is None or days >= SOON_DAYS:
        return ""
    return "warning" if days >= URGENT_DAYS else "error"


def page(site: Any, opts: Any, request: HttpRequest, account: AdeAccount) -> HttpResponse:
    """Return the page of an account that the person may see."""
    syncs = list(AdeSync.objects.filter(account=account).select_related("created_by")[: SHOWN + 1])
    current = next((sync for sync in syncs if sync.state in AdeSync.OPEN), None)
    progress = progress_of(current) if current else None
    counts = dict(AdeDevice.objects.filter(account=account).order_by().values_list("approval").annotate(Count("pk")))
    may_hurry = current is not None and AdeSync.objects.hurriable().filter(pk=current.pk).exists()
    context = {
        **site.each_context(request),
        "title": str(account),
        "opts": opts,
        "original": account,
        "account": account,
        "tone": TONES[State(account.state)],
        "advice": standing.advice_of(account),
        "assignment": AdeAssignment.objects.put_off().filter(account=account).first(),
        "has_trouble": account.state not in (State.OK, State.NEW),
        "expiry": expiry_words(account),
        "expiry_tone": expiry_tone(account),
        "devices": devices_of(account, counts),
        "gone_here": _gone_here(account, counts),
        "syncs": [(sync, SYNC_TONES[AdeSync.State(sync.state)]) for sync in syncs[:SHOWN]],
        "current": current,
        "progress": progress,
        "minutes": settings.HEXENROLL_ADE_SYNC_MINUTES,
        "progress_url": reverse("admin:enrollment_adeaccount_progress", args=[account.pk]),
        "sync_after": runs.next_manual_at(account) if current is None else None,
        "may_change": request.user.has_perm(CHANGE),
        "may_sync": request.user.has_perm(SYNC) and account.is_connected and (current is None or may_hurry),
        "may_delete": request.user.has_perm("enrollment.delete_adeaccount"),
    }
    return TemplateResponse(request, "ade/account.html", context)


def devices_of(account: AdeAccount, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return how many devices of an account there are by what pre-approval made of them, with the list of each."""
    start = f"{reverse('admin:enrollment_adedevice_changelist')}?account__id__exact={account.pk}"
    return [
        {"label": approval.label, "count": counts[approval.value], "url": f"{start}&approval__exact={approval.value}"}
        for approval in Approval
        if counts.get(approval.value)
    ]


def _gone_here(account: AdeAccount, counts: Mapping[str, int]) -> int:
    """Return how many devices were deleted here by an administrator; of very many, as it was a minute ago at most."""
    if counts.get(Approval.MADE, 0) + counts.get(Approval.KNOWN, 0) <= COUNTED_AT_ONCE:
        return deleted_here(AdeDevice.objects.filter(account=account)).count()
    return _gone_at(account.pk, account.created_at, int(time() // 60))


@lru_cache(maxsize=64)
def _gone_at(account_id: int, created_at: datetime, minute: int) -> int:
    """Return the count of an account that was created then; asked for once in that minute, by each process."""
    return deleted_here(AdeDevice.objects.filter(account=account_id, account__created_at=created_at)).count()


class SyncView(AccountView):
    """POST begins a sync, of the changes or (`full`) of the whole list."""

    permission = VIEW
    post_permission = SYNC
    http_method_names = ["post", "options"]
    title = gettext_lazy("Sync")

    def post(self, request: HttpRequest, account_id: int) -> HttpResponse:
        try:
            runs.begin(self.account, self.person, full="full" in request.POST)
        except accounts.AccountUseError as error:
            messages.warning(request, str(error))
        return redirect("admin:enrollment_adeaccount_change", self.account.pk)


class ProgressView(AccountView):
    """How far the open sync is, as JSON; progress.js asks each second."""

    permission = VIEW
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, account_id: int) -> HttpResponse:
        current = AdeSync.objects.filter(account=self.account, state__in=AdeSync.OPEN).first()
        if current is None:
            return JsonResponse({"state": "", "is_in_work": False})
        return JsonResponse(progress_of(current).to_json())


VIEWS = (
    ("sync", "sync/", SyncView),
    ("progress", "progress.json", ProgressView),
)

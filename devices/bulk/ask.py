"""What is asked before many devices are changed? The page between the list's menu and the work."""

from datetime import datetime, timedelta
from typing import Any, TypedDict, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.device_list.change_list import filters_of
from devices.models import BulkAction

from .carry_out import WrongSelectionError, begin, newest, selected
from .kinds import KINDS, Kind

SHOWN = 10
LONGEST_OPEN = timedelta(days=7)  # of the page, before it is answered


class Meant(TypedDict):
    """Which devices somebody chose, as `selected` takes it."""

    query: str
    chosen: list[int] | None
    last: int
    as_of: datetime


def urls(admin_view: Any) -> list[Any]:
    return [path("bulk/<str:name>/", admin_view(ask), name="devices_device_bulk")]


def from_list(request: HttpRequest, kind: Kind) -> HttpResponseBase:
    """Ask about the devices that were ticked in the list, or all that its address matches."""
    query = filters_of(dict(request.GET.lists()))
    is_all = request.POST.get("select_across") == "1"
    chosen = None if is_all else [int(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    return _page(request, kind, Meant(query=query, chosen=chosen, last=newest(), as_of=timezone.now()))


def ask(request: HttpRequest, name: str) -> HttpResponseBase:
    """Take the answers: begin, or ask again what is wrong."""
    kind = KINDS.get(name)
    if kind is None:
        raise Http404
    if not request.user.has_perm("devices.view_device") or not request.user.has_perm(kind.permission):
        raise PermissionDenied
    if request.method != "POST":
        return redirect("admin:devices_device_changelist")
    try:
        meant = _meant(request.POST)
    except ValueError:
        messages.error(request, _("What was ticked is not in this list. Load the page again."))
        return redirect("admin:devices_device_changelist")
    return _page(request, kind, meant, is_answered=True)


def _meant(sent: QueryDict) -> Meant:
    """Read what the page holds of the list.

    Raises:
        ValueError: no page of ours holds that.
    """
    ticked, now = sent.get("chosen", ""), timezone.now()
    chosen = [int(key) for key in ticked.split(",")] if ticked else None
    last = int(sent.get("last", ""))
    as_of = datetime.fromisoformat(sent.get("as_of") or now.isoformat())
    if as_of.tzinfo is None or not now - LONGEST_OPEN < as_of <= now:
        raise ValueError(as_of)
    if not all(0 <= key < 2**62 for key in (last, *(chosen or ()))):
        raise ValueError(last)
    return Meant(query=sent.get("query", ""), chosen=chosen, last=last, as_of=as_of)


def _page(request: HttpRequest, kind: Kind, meant: Meant, *, is_answered: bool = False) -> HttpResponseBase:
    person = cast(User, request.user)
    form = kind.form(request, request.POST if is_answered else None)
    back_address = f"{reverse('admin:devices_device_changelist')}?{meant['query']}"
    try:
        if is_answered and form.is_valid():
            action = begin(kind, form.parameters(), person, **meant)
            return _after(request, kind, action, back_address)
        devices = selected(person, **meant)
    except WrongSelectionError as error:
        messages.error(request, str(error))
        return redirect(back_address)
    total, concerned = devices.count(), kind.concerned(devices).count()
    context = {
        **admin.site.each_context(request),
        "title": kind.label,
        "kind": kind,
        "form": form,
        "total": total,
        "concerned": concerned,
        "left_out": total - concerned,
        "named": kind.concerned(devices).defer("custom_attributes", "one_time_password").order_by("pk")[:SHOWN],
        "more": max(0, concerned - SHOWN),
        "query": meant["query"],
        "chosen": ",".join(map(str, meant["chosen"] or ())),
        "last": meant["last"],
        "as_of": meant["as_of"].isoformat(),
        "back": back_address,
        "address": reverse("admin:devices_device_bulk", args=[kind.name]),
    }
    return TemplateResponse(request, "devices/bulk/ask.html", context, status=422 if is_answered else 200)


def _after(request: HttpRequest, kind: Kind, action: BulkAction, back: str) -> HttpResponseBase:
    """Lead to the progress of what a worker does, or say what was done."""
    if action.state in BulkAction.OPEN or action.last_error:
        if request.user.has_perm("devices.view_bulkaction"):
            return redirect("admin:devices_bulkaction_change", action.pk)
        messages.info(request, _("A worker does it now."))
        return redirect(back)
    text = ngettext("%(action)s: %(count)s device changed.", "%(action)s: %(count)s devices changed.", action.changed)
    messages.success(request, text % {"action": kind.label, "count": action.changed})
    for reason, count in action.skipped.items():
        text = ngettext("%(count)s device left out: %(reason)s.", "%(count)s devices left out: %(reason)s.", count)
        messages.warning(request, text % {"count": count, "reason": kind.reasons.get(reason, reason)})
    return redirect(back)


def list_address(query: str) -> str:
    """Return the address of the list with the filters of an action."""
    return f"{reverse('admin:devices_device_changelist')}?{query or urlencode({'view': 0})}"

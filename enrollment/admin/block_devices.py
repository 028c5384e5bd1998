"""Is a device blocked, or let go, and what follows? The page behind "Block" and "Unblock"; of many: bulk_kinds.py."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.admin.console_page import ConsolePage
from devices.models import Device
from enrollment.blocking import LIFT, LIST, OF_ONE_DEVICE, WAS_ENROLLED, block, entries_of, kept_out, unblock

Status = Device.Status
BLOCK = "devices.block_device"
# So many of the entries are named.
SHOWN = 10


def block_page(
    page: ConsolePage,
    request: HttpRequest,
    devices: QuerySet[Device],
    *,
    unblocks: bool,
    back: str,
) -> HttpResponse:
    """Ask whether devices are to be blocked or let go; once that was answered, do it.

    Args:
        page: the console's page of devices.
        request: of somebody who may; a POST with `confirmed` is the answer.
        devices: the chosen one, in any state.
        unblocks: lets them go.
        back: address to return to.
    """
    if request.method == "POST" and "confirmed" in request.POST:
        (_unblock if unblocks else _block)(request, devices)
        return redirect(back)
    context = {
        **page.admin_site.each_context(request),
        **(_letting_go(devices, request.user) if unblocks else _blocking(devices, request.user)),
        "title": _("Unblock") if unblocks else _("Block"),
        "unblocks": unblocks,
        "back": back,
    }
    return TemplateResponse(request, "enrollment/block_devices.html", context)


def _blocking(devices: QuerySet[Device], person: Any) -> dict[str, Any]:
    """Return what the page says of devices that are to be blocked."""
    concerned = devices.exclude(status=Status.BLOCKED)
    by_status = dict(concerned.order_by().values_list("status").annotate(number=Count("pk", distinct=True)))
    told = concerned.filter(inventory__isnull=False).exclude(inventory__hardware_uuid="")
    return _named(concerned) | {
        "counts": [(Status(status).label, number) for status, number in by_status.items()],
        "has_hardware": person.has_perm(LIST) and told.exists(),
    }


def _letting_go(devices: QuerySet[Device], person: Any) -> dict[str, Any]:
    """Return what the page says of devices that are to be let go."""
    concerned = devices.filter(status=Status.BLOCKED)
    kept = kept_out(concerned, person)
    free = concerned.exclude(pk__in=kept.order_by().values("pk"))
    number, gone = free.count(), free.filter(WAS_ENROLLED).count()
    counts = ((Status.DISENROLLED, gone), (Status.PRE_APPROVED, number - gone), (Status.BLOCKED, kept.count()))
    return _named(concerned) | {
        "counts": [(status.label, count) for status, count in counts if count],
        "may_go": number,
        "removed": entries_of(free).filter(kind__in=OF_ONE_DEVICE)[:SHOWN],
        # Entries are about the devices of every domain: only who may see the list reads them here.
        "in_the_way": entries_of(concerned).exclude(kind__in=OF_ONE_DEVICE)[:SHOWN] if person.has_perm(LIFT) else [],
    }


def _named(concerned: QuerySet[Device]) -> dict[str, Any]:
    named = list(concerned.defer("custom_attributes", "one_time_password"))
    return {"total": len(named), "named": named}


def _block(request: HttpRequest, devices: QuerySet[Device]) -> None:
    count = block(devices, cast(User, request.user), with_hardware="with_hardware" in request.POST)
    if not count:
        messages.info(request, _("Nothing was changed: there is no device among these that is not blocked already."))
        return
    text = ngettext(
        "%(count)s device is blocked. Its token is void.",
        "%(count)s devices are blocked. Their tokens are void.",
        count,
    )
    messages.success(request, text % {"count": count})


def _unblock(request: HttpRequest, devices: QuerySet[Device]) -> None:
    outcome = unblock(devices, cast(User, request.user))
    if outcome.disenrolled:
        text = ngettext(
            "%(count)s device is unblocked. It is disenrolled: approve it anew to let it come back.",
            "%(count)s devices are unblocked. They are disenrolled: approve them anew to let them come back.",
            outcome.disenrolled,
        )
        messages.success(request, text % {"count": outcome.disenrolled})
    if outcome.waiting:
        text = ngettext(
            "%(count)s device is unblocked, and pre-approved as before. Invite its user anew.",
            "%(count)s devices are unblocked, and pre-approved as before. Invite their users anew.",
            outcome.waiting,
        )
        messages.success(request, text % {"count": outcome.waiting})
    if outcome.kept_out:
        text = ngettext(
            "%(count)s device stays blocked: the block list keeps it out.",
            "%(count)s devices stay blocked: the block list keeps them out.",
            outcome.kept_out,
        )
        messages.warning(request, text % {"count": outcome.kept_out})
    if outcome.being_sent:
        text = ngettext(
            "%(count)s device stays blocked: an invitation is being sent right now. Try again in a moment.",
            "%(count)s devices stay blocked: invitations are being sent right now. Try again in a moment.",
            outcome.being_sent,
        )
        messages.warning(request, text % {"count": outcome.being_sent})
    if not any((outcome.disenrolled, outcome.waiting, outcome.kept_out, outcome.being_sent)):
        messages.info(request, _("Nothing was changed: none of these devices is blocked."))

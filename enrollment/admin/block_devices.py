"""Which of the chosen devices are blocked, or let go, and what follows? The page behind "Block" and "Unblock"."""

from collections.abc import Sequence
from typing import cast

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
from enrollment.blocking import OF_ONE_DEVICE, block, entries_of, unblock

# An entry of the block list keeps devices out, so who may add one may block, and who may remove one may unblock.
BLOCK = "enrollment.add_blockedhardware"
UNBLOCK = "enrollment.delete_blockedhardware"
# So many of the devices, and of the entries, are named.
SHOWN = 10


def block_page(
    page: ConsolePage,
    request: HttpRequest,
    devices: QuerySet[Device],
    *,
    unblocks: bool,
    back: str,
    hidden: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """Ask whether devices are to be blocked or let go; once that was answered, do it.

    Args:
        page: the console's page of devices.
        request: of somebody who may; a POST with `confirmed` is the answer.
        devices: the chosen ones, in any state.
        unblocks: lets them go.
        back: address to return to.
        hidden: names and values that the form needs besides, to choose the same devices again.
    """
    if request.method == "POST" and "confirmed" in request.POST:
        (_unblock if unblocks else _block)(request, devices)
        return redirect(back)
    blocked = devices.filter(status=Device.Status.BLOCKED)
    concerned = blocked if unblocks else devices.exclude(status=Device.Status.BLOCKED)
    by_status = concerned.order_by().values_list("status").annotate(number=Count("pk", distinct=True))
    entries = entries_of(concerned) if unblocks else None
    context = {
        **page.admin_site.each_context(request),
        "title": _("Unblock") if unblocks else _("Block"),
        "unblocks": unblocks,
        "counts": [(Device.Status(status).label, number) for status, number in by_status],
        "total": concerned.count(),
        "others": devices.count() - concerned.count(),
        "named": concerned.defer("custom_attributes", "one_time_password")[:SHOWN],
        "removed": entries.filter(kind__in=OF_ONE_DEVICE)[:SHOWN] if entries is not None else (),
        "in_the_way": entries.exclude(kind__in=OF_ONE_DEVICE)[:SHOWN] if entries is not None else (),
        "has_hardware": concerned.exclude(inventory__hardware_uuid="").filter(inventory__isnull=False).exists(),
        "hidden": hidden,
        "back": back,
    }
    return TemplateResponse(request, "enrollment/block_devices.html", context)


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
            "%(count)s device stays blocked: its manufacturer is on the block list.",
            "%(count)s devices stay blocked: their manufacturers are on the block list.",
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

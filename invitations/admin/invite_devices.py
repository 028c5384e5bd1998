"""Who of the chosen devices' users is invited, how and when? The page between the device list and a sending."""

from collections.abc import Sequence
from typing import cast
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from devices.admin.console_page import ConsolePage
from devices.models import Device
from devices.models.device import DeviceQuerySet
from invitations.actions import ActionError, invite_each_domain
from invitations.models import Sending
from invitations.reach import Obstacle, summaries
from invitations.wizard.choices import SendForm, request_key


def invite_page(
    page: ConsolePage,
    request: HttpRequest,
    devices: QuerySet[Device],
    *,
    back: str,
    hidden: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """Ask how the users of some devices are invited; once that was answered, begin the sending.

    Args:
        page: the console's page of devices.
        request: of somebody who may invite; a POST with `request_key` is the answer.
        devices: the chosen ones, in any state.
        back: address to return to without sending.
        hidden: names and values that the form needs besides, to choose the same devices again.
    """
    is_answered = request.method == "POST" and "request_key" in request.POST
    form = SendForm(request.POST if is_answered else {})
    if is_answered and form.is_valid():
        try:
            return _begin(request, devices, form, back)
        except ActionError as error:
            messages.error(request, str(error))
    again = bool(form.chosen("include_invited"))
    ways = summaries(devices, include_invited=again)
    widest = ways[Sending.Channel.EMAIL_OR_SMS]
    key = request_key(request.POST) if is_answered else None
    context = {
        **page.admin_site.each_context(request),
        "title": _("Send invitations"),
        "form": form,
        "chosen": {name: form.chosen(name) for name in form.fields if name != "starts_at"},
        "starts_at": request.POST.get("starts_at", ""),
        "ways": list(ways.items()),
        "total": widest.total,
        "invited_already": widest.obstacles.get(Obstacle.INVITED_ALREADY, 0),
        "limits": list(widest.limits.items()),
        "has_unreached": any(found.obstacles for found in ways.values()),
        "may_reach": widest.reached or Obstacle.INVITED_ALREADY in widest.obstacles,
        "request_key": key or uuid4(),
        "hidden": hidden,
        "back": back,
    }
    return TemplateResponse(request, "invitations/invite.html", context, status=422 if is_answered else 200)


def _begin(request: HttpRequest, devices: QuerySet[Device], form: SendForm, back: str) -> HttpResponse:
    waiting = cast(DeviceQuerySet, devices).pre_approved().order_by().values_list("pk", flat=True)
    person = cast(User, request.user)
    sendings = invite_each_domain(list(waiting), form.options(), person, request_key=request_key(request.POST))
    if not person.has_perm("invitations.view_sending"):
        messages.success(request, _("The invitations are being prepared."))
        return redirect(back)
    if len(sendings) == 1:
        return redirect("enroll:sending", sendings[0].pk)
    begun = _("%(count)s sendings have begun, one for each domain: these are the newest of the list.")
    messages.success(request, begun % {"count": len(sendings)})
    return redirect("admin:invitations_sending_changelist")

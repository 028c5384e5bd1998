"""What does the palette (Ctrl+K) find: pages, devices, users, batches, invitations? unfold asks at each pause.

In place of unfold's own view, which keeps what it found for five minutes: a device that was just imported, or a right
that was just taken away, would be minutes late. Nothing of another domain is found.
"""

from collections.abc import Callable, Iterator
from time import monotonic

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from devices.device_users import matching
from devices.models import Device, DeviceGroup, DeviceUser, ImportBatch, Policy
from devices.scope import visible
from hexenroll.sidebar import GROUPS, shown
from invitations.models import Invitation

SHORTEST = 3  # characters; of fewer there are too many
LONGEST = 254
SHOWN = 10  # of each kind


def search(request: HttpRequest) -> HttpResponseBase:
    """Answer what was typed into the palette."""
    return admin.site.admin_view(_search)(request)


def _search(request: HttpRequest) -> HttpResponse:
    began = monotonic()
    text = request.GET.get("s", "").replace("\x00", "").strip()[:LONGEST]
    if not text:
        return HttpResponse()
    results = list(found(request, text))
    return TemplateResponse(
        request,
        "unfold/helpers/command_results.html",
        {
            "results": results,  # few enough for one page
            "page_obj": {"count": len(results)},
            "page_counter": 0,
            "execution_time": monotonic() - began,
            "command_show_history": False,
        },
        headers={"HX-Trigger": "search"},  # the palette's own script waits for it
    )


def found(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    """Yield the pages, and of each kind the first things, that hold `text` and that the person may see."""
    yield from _pages(request, text)
    if len(text) < SHORTEST:
        return
    for permission, find in KINDS:
        if request.user.has_perm(permission):
            yield from find(request, text)


def _pages(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    for title, entries in GROUPS:
        for entry, link in shown(request, entries):
            if text.casefold() in f"{entry.title}\n{entry.words}".casefold():
                yield SearchResult(title=str(entry.title), description=str(title), link=link, icon=entry.icon)


def _devices(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    found = visible(Device.objects.matching(text), request.user).select_related("user")
    for device in found.defer("one_time_password", "custom_attributes")[:SHOWN]:
        facts = [device.serial_number or "", device.get_platform_display(), device.get_status_display()]
        if device.user is not None:
            facts.append(device.user.name)
        yield SearchResult(
            title=str(device),
            description=" · ".join(str(fact) for fact in facts if fact),
            link=reverse("admin:devices_device_change", args=[device.pk]),
            icon="devices",
        )


def _users(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    found = matching(visible(DeviceUser.objects.all(), request.user), text)
    for user in found.select_related("domain")[:SHOWN]:
        yield SearchResult(
            title=user.name,
            description=f"{user.email} · {user.domain}",
            link=reverse("admin:devices_deviceuser_change", args=[user.pk]),
            icon="person",
        )


def _groups(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    for group in visible(DeviceGroup.objects.filter(name__icontains=text), request.user)[:SHOWN]:
        link = reverse("admin:devices_devicegroup_change", args=[group.pk])
        yield SearchResult(title=group.name, description=_("Device group"), link=link, icon="workspaces")


def _policies(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    for policy in visible(Policy.objects.filter(name__icontains=text), request.user)[:SHOWN]:
        link = reverse("admin:devices_policy_change", args=[policy.pk])
        yield SearchResult(title=policy.name, description=_("Policy"), link=link, icon="policy")


def _batches(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    batches = visible(ImportBatch.objects.filter(file_name__icontains=text), request.user).select_related("domain")
    for batch in batches.order_by("-id")[:SHOWN]:
        state = {"state": batch.get_state_display(), "domain": batch.domain}
        yield SearchResult(
            title=batch.file_name,
            description=_("Import batch, %(state)s: %(domain)s") % state,
            link=reverse("enroll:batch", args=[batch.pk]),
            icon="playlist_add_check",
        )


def _invitations(request: HttpRequest, text: str) -> Iterator[SearchResult]:
    """Yield those of the users that are found, and those that went to just this address: no index has parts of it."""
    users = list(matching(visible(DeviceUser.objects.all(), request.user), text).values_list("pk", flat=True)[:SHOWN])
    ours = visible(Invitation.objects.filter(recipient__in={text, text.lower()}), request.user)
    theirs = visible(Invitation.objects.filter(device__in=Device.objects.filter(user__in=users)), request.user)
    keys = {key for found in (ours, theirs) for key in found.values_list("pk", flat=True)[:SHOWN]}
    newest = Invitation.objects.filter(pk__in=keys).select_related("device")
    for invitation in newest.defer("device__one_time_password", "device__custom_attributes")[:SHOWN]:
        facts = {"state": invitation.get_state_display(), "device": invitation.device}
        yield SearchResult(
            title=invitation.recipient,
            description=_("Invitation, %(state)s: %(device)s") % facts,
            link=reverse("admin:invitations_invitation_change", args=[invitation.pk]),
            icon="mail",
        )


# The permission that each kind needs, in the order in which they are shown.
KINDS: tuple[tuple[str, Callable[[HttpRequest, str], Iterator[SearchResult]]], ...] = (
    ("devices.view_device", _devices),
    ("devices.view_deviceuser", _users),
    ("devices.view_devicegroup", _groups),
    ("devices.view_policy", _policies),
    ("devices.view_importbatch", _batches),
    ("invitations.view_invitation", _invitations),
)

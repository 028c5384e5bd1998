"""What does a person read when a request can't be answered? Named by urls.py, settings.py and request_body.py.

For staff who are signed in the page stands in the console's frame. The page for 500 is a template of its own without
any of this: it works when nothing else does.
"""

import logging
from http import HTTPStatus

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views import defaults

from enrollment.api.bounds import refusal
from enrollment.reasons import Reason

logger = logging.getLogger(__name__)

# Devices and agents, and callbacks of providers: programs, which read no page.
API = "/api/"
PROGRAMS = ("/webhooks/", API)


def _page(request: HttpRequest, status: int, icon: str, title: str, *lines: str) -> HttpResponse:
    # A program asked, or it was refused before the sign-in was looked at.
    if request.path.startswith(PROGRAMS) or not hasattr(request, "user"):
        return HttpResponse("\n".join([title, *lines]), content_type="text/plain; charset=utf-8", status=status)
    context = {**admin.site.each_context(request), "title": title, "lines": lines, "icon": icon}
    return render(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the browser sent something that isn't a request of ours."""
    if request.path.startswith(API):  # by a host that isn't ours, say: the views refuse all else themselves
        return JsonResponse({"code": "invalid", "errors": {"": [_("This request can't be read")]}}, status=400)
    lines = _("The server can't read what the browser sent."), _("Go back, load the page again, and try once more.")
    return _page(request, 400, "error", _("This request can't be read"), *lines)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: signed in, but without the permission."""
    lines = (
        _("Your account does not have the permission for this page or action."),
        _("Ask an administrator to add it to your account or to one of your roles."),
    )
    return _page(request, 403, "lock", _("You may not open this"), *lines)


def not_let_in(request: HttpRequest) -> HttpResponse:
    """403: the identity provider knows this person, and nothing there says that they may come in."""
    lines = (
        _("Your organisation’s sign-in knows you, but none of your groups may use this console."),
        _("Ask an administrator to add you to a group that may, then sign in again."),
    )
    return _page(request, 403, "person_off", _("You have no access"), *lines)


def sign_in_over(request: HttpRequest) -> HttpResponse:
    """403: what came back from the identity provider belongs to no sign-in that this browser has begun."""
    lines = (
        _("The sign-in took too long, was done already, or was begun in another browser. Nobody was signed in."),
        _("Go to the start page, and begin again."),
    )
    return _page(request, 403, "history_toggle_off", _("This sign-in is out of date"), *lines)


def provider_down(request: HttpRequest) -> HttpResponse:
    """502: the identity provider doesn't answer, or not as one does."""
    lines = (
        _("Your organisation’s sign-in can’t be reached, or doesn’t answer as it should."),
        _("Try again in some minutes. If it stays so, tell an administrator: the log of this server says more."),
    )
    return _page(request, 502, "cloud_off", _("Sign-in isn’t possible at the moment"), *lines)


def too_many(request: HttpRequest, title: str, *lines: str) -> HttpResponse:
    """429: whoever asks is locked out for a while; `lines` say for how long, and what to do."""
    return _page(request, 429, "lock_clock", title, *lines)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """429: what allauth limits, such as links to set a password."""
    return too_many(request, _("Too many requests"), _("Wait a minute, then try again."))


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is not the one of this session (CSRF). `reason` goes to the log."""
    logger.warning("%s: form refused: %s", request.path, reason)
    lines = (
        _("For your safety, the server takes a form only from the session in which it was opened."),
        _("You may have signed in again in another tab, or the browser blocks cookies. Nothing was changed."),
        _("Go back, load the page again, and send the form once more."),
    )
    return _page(request, 403, "history_toggle_off", _("This form is out of date"), *lines)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing has this address."""
    lines = (
        _("Nothing has this address (any more)."),
        _("It may have been removed, or the link may be incomplete."),
    )
    return _page(request, 404, "explore_off", _("Not found"), *lines)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a bug, which is in the log by now. Devices are told in JSON that they may ask again."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return refusal(HTTPStatus.SERVICE_UNAVAILABLE, Reason.UNAVAILABLE, Retry_After="60")


def too_large(request: HttpRequest) -> HttpResponse:
    """413: the body is larger than any file may be; nothing of it was stored."""
    limit = settings.HEXENROLL_IMPORT_MAX_BYTES
    lines = (
        _("A file may have at most %(limit)s.") % {"limit": filesizeformat(limit)},
        _("Divide it into several files, or raise the setting %(setting)s.")
        % {"setting": "HEXENROLL_IMPORT_MAX_BYTES"},
    )
    return _page(request, 413, "weight", _("The file is too large"), *lines)


def cut_off(request: HttpRequest) -> HttpResponse:
    """400: the body ended before its announced length."""
    lines = (
        _("The connection ended before the whole file had arrived. Nothing was kept."),
        _("Check the network, then upload the file again."),
    )
    return _page(request, 400, "cloud_off", _("The upload was cut off"), *lines)


def no_room(request: HttpRequest) -> HttpResponse:
    """507: the disk is full."""
    lines = (
        _("The server has no room left for the file. Nothing was kept."),
        _("Free space on the server's disk, then upload the file again."),
    )
    return _page(request, 507, "hard_drive", _("The server's disk is full"), *lines)

"""What does a device user see behind the link of an invitation? Named by hexenroll/urls.py.

Nobody signs in: the token in the address is the only key. So nothing of these pages is kept, indexed, framed or told to
others, they set no cookie, and they load nothing but the portal's own style sheet.
"""

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from devices.models import Device
from devices.vocabulary import Language, Platform
from invitations import opening
from invitations.link_token import link_of
from invitations.messages.variables import one_line
from invitations.models import Invitation

from . import approval_rules
from .link_standing import CLOSED, ClosedPage, Standing, standing_of
from .opened_on import opened_on
from .platform_detection import detect
from .platform_steps import WORDS, agent_command, limit_of, offered_platforms, steps
from .spelling import spelled
from .time_left import time_left

logger = logging.getLogger(__name__)

HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
# What mail programs and people glue to the end of a link; no token ends so.
GLUED: Final = "/.,;:!?)>]}\"'”“’ \t\r\n"
# Each in its own language, for those who can't read the other.
LANGUAGE_NAMES: Final[dict[str, str]] = {Language.ENGLISH: "English", Language.GERMAN: "Deutsch"}
# Where a camera brings the page over.
HAS_CAMERA: Final = frozenset({Platform.ANDROID, Platform.IOS})
View = Callable[[HttpRequest, str], HttpResponseBase]


def _private(view: View) -> View:
    """Keep what the view answers between it and the browser, and say it in words when the database is away."""

    @csrf_exempt  # the token in the address is the only authority: there is no cookie that another site could ride on
    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponseBase:
        try:
            response = view(request, token.strip(GLUED))
        except DatabaseError:
            logger.exception("the page behind an invitation's link can't be shown")
            response = _unavailable(request)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return answer


@_private
@require_safe
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what to do to enroll the device, or why the link leads nowhere; record the first opening."""
    found = opening.find(token)
    standing = standing_of(found, timezone.now())
    if found is None or standing != Standing.OPEN:
        return _closed(request, CLOSED[standing], standing.label)
    if request.method == "GET" and not request.headers.get("Sec-Purpose", "").startswith("prefetch"):
        _record_opening(found)
    return _open(request, token, found, shows_password=False)


@_private
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_password(request: HttpRequest, token: str) -> HttpResponse:
    """Show the same page with the one-time password: by POST alone, which no scanner of mails and no preview sends."""
    if request.method != "POST":
        return HttpResponseRedirect(_with_query(reverse("invitation", args=[token]), request))
    found = opening.find(token)
    standing = standing_of(found, timezone.now())
    if found is None or standing != Standing.OPEN:
        return _closed(request, CLOSED[standing], standing.label)
    return _open(request, token, found, shows_password=True)


def _record_opening(found: Invitation) -> None:
    """Record the opening if that is possible: a full disk must not keep the user from the page."""
    try:
        opening.record_opening(found)
    except DatabaseError:
        logger.exception("the opening of invitation %s could not be recorded", found.pk)


def _open(request: HttpRequest, token: str, found: Invitation, *, shows_password: bool) -> HttpResponse:
    with translation.override(_language(request, found.language)):
        context = {
            "title": Standing.OPEN.label,
            "organisation": one_line(settings.HEXENROLL_ORGANISATION) or _host(),
            **_names(found.device),
            "kind": WORDS[Platform(found.device.platform)].name,
            **_validity(found),
            **_what_to_do(request, token, Platform(found.device.platform)),
            **_what_to_enter(request, token, found.device, shows_password=shows_password),
        }
        return _answer(request, "invitation/open.html", context, HTTPStatus.OK)


def _names(device: Device) -> dict[str, str]:
    """Return what people typed, as the message has it: nothing in it turns the direction of writing."""
    user = device.user
    return {
        "user_name": one_line(user.name) if user else "",
        "email": one_line(user.email) if user else "",
        "device_name": one_line(device.name),
        "serial_number": one_line(device.serial_number or ""),
    }


def _validity(found: Invitation) -> dict[str, str]:
    if found.expires_at is None:  # its first message is still being sent
        return {}
    until = timezone.localtime(found.expires_at)
    # Translators: a date format of Django's.
    text = date_format(until, _("l, j F Y, H:i (T)"))
    return {"until": text, "until_iso": until.isoformat(), "left": time_left(until - timezone.now())}


def _what_to_do(request: HttpRequest, token: str, own: Platform) -> dict[str, Any]:
    detected, chosen = detect(request.headers), _chosen_platform(request)
    place, shown = opened_on(own, detected, chosen), chosen or own
    excluded = approval_rules.exclusions()
    return {
        "place": place,
        "qr_code": _qr_code(link_of(token)) if place.should_move and own in HAS_CAMERA else "",
        "steps": steps(shown),
        "shown": shown,
        "steps_for": WORDS[shown].name,
        "command": agent_command(shown, settings.PUBLIC_URL, reverse("agent_file"), token),
        "limit": limit_of(shown, detected.android_version if own in detected.possible else None, excluded),
        "platforms": [
            (platform, WORDS[platform].name)
            for platform in offered_platforms(own, approval_rules.excluded_platforms(excluded))
        ],
    }


def _what_to_enter(request: HttpRequest, token: str, device: Device, *, shows_password: bool) -> dict[str, Any]:
    password = device.one_time_password or ""
    return {
        "server": settings.PUBLIC_URL,
        "link": link_of(token),
        "password_address": _with_query(reverse("invitation_password", args=[token]), request),
        "has_password": bool(password),
        "password": password if shows_password else "",
        "spelled": spelled(password) if shows_password else [],
    }


def _closed(request: HttpRequest, page: ClosedPage, title: str | Promise) -> HttpResponse:
    """Say why there is nothing here, in words that tell nothing about anybody: the reader may be guessing."""
    with translation.override(_language(request, Language.ENGLISH)):
        context = {"title": title, "organisation": _host(), "page": page}
        return _answer(request, "invitation/closed.html", context, page.status)


def _unavailable(request: HttpRequest) -> HttpResponse:
    with translation.override(_language(request, Language.ENGLISH)):
        page = ClosedPage(
            HTTPStatus.SERVICE_UNAVAILABLE,
            _("The portal can't look up your invitation at the moment. Nothing is lost."),
            _("Open the link again in a few minutes."),
        )
        response = _closed(request, page, _("Please try again later"))
    response["Retry-After"] = "60"
    return response


def _answer(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Render without the request: no context processor may look for a session."""
    language = translation.get_language()
    platform = request.GET.get("platform", "")
    same = {"platform": platform} if platform in Platform.values else {}
    languages = [(code, name, f"?{urlencode({'lang': code} | same)}") for code, name in LANGUAGE_NAMES.items()]
    context |= {"language": language, "languages": languages}
    response = HttpResponse(render_to_string(template, context), status=status)
    response["Content-Language"] = language
    return response


def _language(request: HttpRequest, fallback: str) -> str:
    """Return the language that the reader chose, else the browser's if it is one of ours, else `fallback`."""
    chosen = request.GET.get("lang", "")
    if chosen in Language.values:
        return chosen
    for tag, quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        language = tag.partition("-")[0]
        if language in Language.values and quality:
            return language
    return fallback


def _chosen_platform(request: HttpRequest) -> Platform | None:
    chosen = request.GET.get("platform", "")
    return Platform(chosen) if chosen in Platform.values else None


def _with_query(path: str, request: HttpRequest) -> str:
    """Return the path with the choices of language and platform that this page was asked for."""
    known = {"lang": Language.values, "platform": Platform.values}
    choices = {name: request.GET[name] for name, values in known.items() if request.GET.get(name) in values}
    return f"{path}?{urlencode(choices)}" if choices else path


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def _qr_code(link: str) -> SafeString:
    """Return the link as an SVG for a telephone's camera, without any style of its own."""
    svg = segno.make(link, micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(svg)  # noqa: S308 - segno draws squares; no text of the link is in it

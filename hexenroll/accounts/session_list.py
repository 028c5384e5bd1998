"""Where is a person signed in? The page that shows it and ends sessions: one, or all others."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from devices.row_number import is_row_number
from hexenroll.accounts.browser_name import browser_name
from hexenroll.accounts.sessions import end_session, sign_out_elsewhere


@login_required
@require_http_methods(["GET", "POST"])
def session_list(request: HttpRequest) -> HttpResponse:
    """Show one's own sessions; POST `session=ID` ends one, POST without it all but this one."""
    if request.method == "POST":
        return _end(request)
    found: list[Any] = UserSession.objects.purge_and_list(request.user)
    for session in found:
        session.name = browser_name(session.user_agent)
        session.is_this = session.session_key == request.session.session_key
    found.sort(key=lambda session: (not session.is_this, -session.last_seen_at.timestamp()))
    others = sum(not session.is_this for session in found)
    return render(request, "usersessions/usersession_list.html", {"sessions": found, "others": others})


def _end(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated  # noqa: S101 - for the type checker; the decorator saw to it
    number = request.POST.get("session", "")
    if is_row_number(number):
        if end_session(request.user, int(number)):
            messages.success(request, _("That session is over."))
    else:
        count = sign_out_elsewhere(request.user, request.session.session_key)
        text = ngettext("%(count)s other session is over.", "%(count)s other sessions are over.", count)
        messages.success(request, text % {"count": count})
    return redirect("usersessions_list")

"""Is this session still good? Middleware: sessions end after some hours, and sooner when nobody uses them."""

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, user_logged_in
from django.contrib.auth.models import User
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

BEGAN, SEEN = "signed_in_at", "seen_at"  # in the session: seconds since 1970
# Of the time that a session may be idle. Noting each request would write to the database at each.
NOTED = 0.1


class SessionAgeMiddleware:
    """Sign out whose session is too old (HEXENROLL_SESSION_HOURS, HEXENROLL_SESSION_IDLE_MINUTES)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and BEGAN in request.session:
            _look_at(request)
        return self.get_response(request)


def _look_at(request: HttpRequest) -> None:
    now, idle = time.time(), settings.HEXENROLL_SESSION_IDLE_MINUTES * 60
    seen = request.session.get(SEEN, 0)
    if now - request.session[BEGAN] > settings.HEXENROLL_SESSION_HOURS * 3_600 or now - seen > idle:
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        logout(request)
        messages.info(request, _("You were signed out because this session is over. Please sign in again."))
    elif now - seen > idle * NOTED:
        request.session[SEEN] = now
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())


@receiver(user_logged_in, dispatch_uid="begin the session's time")
def begin(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Start the clocks of a session."""
    request.session[BEGAN] = request.session[SEEN] = time.time()

"""What stands between a device and its view? Nothing that only pages need: sessions, messages, sign-in, CSP, cookies.

Named in settings.py. Together that costs as much as the view of a device; a portal has many more devices than people.
"""

import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.utils import translation

# Everything under it is for programs: no cookie is read, and what it answers is JSON (enrollment/api/bounds.py).
DEVICES = "/api/"
# A connection that served a request so many seconds ago is not asked whether it lives: that is a third of the ways to
# the database that a device costs whose policies are unchanged. One that has died meanwhile is answered by 503.
TRUSTED = 1.0


class ShortWayMiddleware:
    """Answer what is asked under /api/ by its view, past the middleware below this one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.thread = threading.local()  # each has its own connection

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(DEVICES):
            return self.get_response(request)
        request.get_host()  # a host that isn't the portal's is refused here as everywhere
        translation.activate(settings.LANGUAGE_CODE)  # whoever was served by this thread before spoke another one
        if time.monotonic() - getattr(self.thread, "served", -TRUSTED) < TRUSTED:
            connection.health_check_done = True  # type: ignore[attr-defined]
        match = request.resolver_match = resolve(request.path_info)
        answer = match.func(request, *match.args, **match.kwargs)
        if not getattr(answer, "is_rendered", True):
            answer = answer.render()  # the administrators' API (DRF)
        self.thread.served = time.monotonic() if answer.status_code < 500 else -TRUSTED
        if not answer.streaming and not answer.has_header("Content-Length"):
            answer["Content-Length"] = str(len(answer.content))  # as CommonMiddleware does: keeps the connection open
        return answer

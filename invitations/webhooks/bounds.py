"""Is a request worth looking for a signature? Refuses by method, size and kind; wraps the views of this package."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

LARGEST = 2**20  # bytes; providers bundle some hundred events at most
FORM = "application/x-www-form-urlencoded"

View = Callable[[HttpRequest], HttpResponseBase]


def refusal(status: int, reason: str) -> HttpResponse:
    """Return an answer for a program: a line of text, and nothing about what is in the portal."""
    return HttpResponse(f"{reason}\n", status=status, content_type="text/plain; charset=utf-8")


def callback(*kinds: str, methods: tuple[str, ...] = ("POST",)) -> Callable[[View], View]:
    """Make a view for callbacks of providers: without CSRF, for small requests of these content types alone.

    Args:
        kinds: content types.
        methods: of HTTP.
    """

    def decorate(view: View) -> View:
        # A provider has no page of ours open, so it can't have its token; what it has is its signature.
        @csrf_exempt
        @wraps(view)
        def bounded(request: HttpRequest) -> HttpResponseBase:
            if request.method not in methods:
                answer = refusal(405, "Callbacks are sent by POST.")
                answer["Allow"] = ", ".join(methods)
                return answer
            if request.method == "POST":
                length = request.META.get("CONTENT_LENGTH") or "0"
                if not length.isdecimal() or int(length) > LARGEST:
                    return refusal(413, "The callback is too large.")
                if request.content_type not in kinds:
                    return refusal(415, "Callbacks of this type are not taken.")
            try:
                return view(request)
            except UnreadablePostError:
                return refusal(400, "The callback was cut off.")

        return bounded

    return decorate

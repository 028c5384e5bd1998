"""Is a request of a device worth reading, and which device sends it? Wraps the views of this package.

Refuses by method, size, type and token; each refusal is JSON with a code, none is a page.
"""

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.db import Error as DatabaseError
from django.db import IntegrityError
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponseBase, JsonResponse, UnreadablePostError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt

from enrollment.device_token import device_of
from enrollment.reasons import Reason
from enrollment.sent_json import InvalidRequestError

logger = logging.getLogger(__name__)

LARGEST = 2**18  # bytes of a body; what a device may say in all its fields together is less
JSON = "application/json"
WAIT_FOR_DATABASE = 30  # seconds

View = Callable[..., HttpResponseBase]
Note = Callable[[HttpRequest, InvalidRequestError], None]


class Code(TextChoices):
    """Why a request was refused before anybody looked at what it asks; reasons of enrolling are in reasons.py."""

    UNAUTHORIZED = "unauthorized", gettext_lazy("Send a valid device token: Authorization: Bearer <device_token>.")
    NOT_FOUND = "not_found", gettext_lazy("Nothing has this address.")
    METHOD_NOT_ALLOWED = "method_not_allowed", gettext_lazy("This address is asked by another method.")


def answer(body: dict[str, Any], status: int = HTTPStatus.OK, **headers: str) -> JsonResponse:
    """Return an answer that no cache keeps, for it may hold secrets; a header of `headers` is `Retry_After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store", **named})


def refusal(status: HTTPStatus, code: TextChoices, **headers: str) -> JsonResponse:
    """Return the answer of a refusal: a code for programs, and a message for people."""
    return answer({"code": code.value, "message": str(code.label)}, status, **headers)


def invalid(error: InvalidRequestError) -> JsonResponse:
    """Return the answer to what can't be understood."""
    return answer({"code": Reason.INVALID.value, "errors": error.errors}, error.status)


def api(*methods: str, largest: int = LARGEST, note: Note | None = None) -> Callable[[View], View]:
    """Make a view of the device API; what it is sent by POST is JSON, or nothing.

    Args:
        methods: of HTTP.
        largest: bytes that a body may have.
        note: is told of each request that can't be understood, before that is answered.
    """

    def decorate(view: View) -> View:
        # A device has no session and sends no cookie that somebody could ride on; what it has is its token.
        @csrf_exempt
        @wraps(view)
        def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return refusal(HTTPStatus.METHOD_NOT_ALLOWED, Code.METHOD_NOT_ALLOWED, Allow=", ".join(methods))
            try:
                _check(request, largest)
                return view(request, *args, **kwargs)
            except UnreadablePostError:
                wrong = InvalidRequestError({"": [_("The body was cut off.")]})
            except InvalidRequestError as error:
                wrong = error
            except DatabaseError:
                logger.exception("%s: a device can't be answered", request.path)
                wait = str(WAIT_FOR_DATABASE)
                return refusal(HTTPStatus.SERVICE_UNAVAILABLE, Reason.UNAVAILABLE, Retry_After=wait)
            if note is not None:
                note(request, wrong)
            return invalid(wrong)

        return bounded

    return decorate


def by_device(view: View) -> View:
    """Give a view the device that the request's bearer token belongs to (RFC 6750); refuse others."""

    @wraps(view)
    def known(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        device = device_of(token) if scheme.lower() == "bearer" else None
        if device is not None:
            try:
                return view(request, device, *args, **kwargs)
            except IntegrityError:
                if device_of(token) is not None:
                    raise
                logger.info("%s: device %s left and was deleted while it asked", request.path, device.pk)
        challenge = 'Bearer realm="hexenroll"' + (', error="invalid_token"' if token else "")
        return refusal(HTTPStatus.UNAUTHORIZED, Code.UNAUTHORIZED, WWW_Authenticate=challenge)

    return known


@csrf_exempt  # an address that nothing has does nothing
def not_found(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """404 for programs: nothing of the API has this address."""
    return refusal(HTTPStatus.NOT_FOUND, Code.NOT_FOUND)


def _check(request: HttpRequest, largest: int) -> None:
    """Look at what a request says of its body, before that is read.

    Raises:
        InvalidRequestError: it is too large, of no known length, or no JSON.
    """
    if request.method != "POST":
        return
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        text = _("Say the length of the body: Content-Length.")
        raise InvalidRequestError({"": [text]}, HTTPStatus.LENGTH_REQUIRED)
    digits = length.lstrip("0")
    if digits and (not (digits.isascii() and digits.isdecimal()) or len(digits) > 9 or int(digits) > largest):
        text = _("The body may have %(bytes)s bytes.") % {"bytes": largest}
        raise InvalidRequestError({"": [text]}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if digits and request.content_type != JSON:
        text = _("Send JSON, with Content-Type: application/json.")
        raise InvalidRequestError({"": [text]}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)

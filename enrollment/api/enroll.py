"""THE ENDPOINT: `POST /api/v1/enroll`, by which a device asks to come in (DESIGN.md, section 7).

It reads the request, limits how often somebody knocks, and says what the gate says.
"""

import logging
from http import HTTPStatus

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from enrollment import gate, limits
from enrollment.enroll_request import EnrollRequest, InvalidRequestError, parse
from enrollment.gate import Visitor
from enrollment.reasons import Reason

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024  # bytes
WAIT_FOR_DATABASE = 30  # seconds


# A device has no session and sends no cookie that somebody could ride on: its credentials are in the body.
@csrf_exempt
@require_POST
def enroll(request: HttpRequest) -> HttpResponse:
    """Let a device in, or refuse it and say why."""
    if request.content_type != "application/json":
        return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _("Send JSON, with Content-Type: application/json."))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BODY:
        return _refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("The body may have %(bytes)s bytes.") % {"bytes": MAX_BODY}
        )
    try:
        asked = parse(request.body)
    except InvalidRequestError as error:
        return JsonResponse({"code": Reason.INVALID.value, "errors": error.errors}, status=HTTPStatus.BAD_REQUEST)
    visitor = Visitor(request.META.get("REMOTE_ADDR") or None, request.headers.get("User-Agent", ""))
    try:
        return _answer(asked, visitor)
    except limits.TooManyError as error:
        return _wait(HTTPStatus.TOO_MANY_REQUESTS, Reason.TOO_MANY, error.retry_after)
    except DatabaseError:
        logger.exception("an enrollment request can't be answered")
        return _wait(HTTPStatus.SERVICE_UNAVAILABLE, Reason.UNAVAILABLE, WAIT_FOR_DATABASE)


def _answer(asked: EnrollRequest, visitor: Visitor) -> HttpResponse:
    address = visitor.address or ""
    has_credentials = bool(asked.token or asked.email)
    limits.admit(
        address=address,
        serial_number=asked.device.serial_number or "",
        account=asked.email,
        has_credentials=has_credentials,
    )
    answer = gate.enroll(asked, visitor)
    if has_credentials and answer.body.get("code") == Reason.BAD_CREDENTIALS:
        limits.wrong_credentials(address=address, account=asked.email)
    elif asked.email and answer.status == HTTPStatus.OK:
        limits.right_credentials(asked.email)
    response = JsonResponse(answer.body, status=answer.status)
    response["Cache-Control"] = "no-store"
    return response


def _wait(status: HTTPStatus, reason: Reason, seconds: int) -> HttpResponse:
    response = JsonResponse({"code": reason.value, "message": str(reason.label)}, status=status)
    response["Retry-After"] = str(seconds)
    return response


def _refusal(status: HTTPStatus, message: str) -> HttpResponse:
    return JsonResponse({"code": Reason.INVALID.value, "errors": {"": [message]}}, status=status)

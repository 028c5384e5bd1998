"""THE ENDPOINT: `POST /api/v1/enroll`, by which a device asks to come in (DESIGN.md, section 7).

It reads the request, limits how often somebody knocks, and says what the gate says.
"""

import logging
from http import HTTPStatus

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from enrollment import gate, limits
from enrollment.enroll_request import EnrollRequest, parse
from enrollment.gate import Visitor
from enrollment.reasons import Reason
from enrollment.sent_json import printable

from .bounds import api

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024  # bytes
WAIT_FOR_DATABASE = 30  # seconds


@api("POST", largest=MAX_BODY)
def enroll(request: HttpRequest) -> HttpResponse:
    """Let a device in, or refuse it and say why."""
    asked = parse(request.body)
    visitor = Visitor(request.META.get("REMOTE_ADDR") or None, printable(request.headers.get("User-Agent", "")))
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

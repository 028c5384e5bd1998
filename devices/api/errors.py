"""How does the administrators' API say that something can't be done? One JSON shape for all of it (docs/rest-api.md).

`{"code", "message"}`, and with code `invalid` also `errors`: field -> sentences. Named in settings.py, REST_FRAMEWORK.
"""

import logging
from collections.abc import Iterator
from typing import Any, Final

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError
from django.db import Error as DatabaseError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from devices.imports.disk_full import is_disk_full

logger = logging.getLogger(__name__)

WAIT_FOR_DATABASE = 30  # seconds
CODES: Final = {
    status.HTTP_401_UNAUTHORIZED: "unauthorized",
    status.HTTP_403_FORBIDDEN: "forbidden",
    status.HTTP_404_NOT_FOUND: "not_found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed",
    status.HTTP_406_NOT_ACCEPTABLE: "not_acceptable",
    status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: "too_large",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    status.HTTP_429_TOO_MANY_REQUESTS: "too_many",
    status.HTTP_503_SERVICE_UNAVAILABLE: "unavailable",
    status.HTTP_507_INSUFFICIENT_STORAGE: "no_room",
}


class NotPossibleError(exceptions.APIException):
    """What is asked for doesn't fit the state that things are in; the text says why."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "not_possible"
    default_detail = _("This can't be done now.")


class TooLargeError(exceptions.APIException):
    """More bytes, or files, than may be sent."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is too large.")


class UnavailableError(exceptions.APIException):
    """The database doesn't answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = _("The portal can't answer now. Try again in a moment.")
    wait = WAIT_FOR_DATABASE


class NoRoomError(exceptions.APIException):
    """The server's disk is full."""

    status_code = status.HTTP_507_INSUFFICIENT_STORAGE
    default_code = "no_room"
    default_detail = _("The server's disk is full, and nothing was kept. Free space on it, then try again.")


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to what a view of the API raised; None: it is a fault of the program."""
    known = _known(error)
    if known is None:
        return None
    headers: dict[str, str] = {}
    if challenge := getattr(known, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(known, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Response(body_of(known), status=known.status_code, headers=headers)


def body_of(error: exceptions.APIException) -> dict[str, Any]:
    """Return what the answer says."""
    if isinstance(error, exceptions.ValidationError):
        errors = dict(_flat(error.detail))
        text = _("What was sent can't be accepted. “errors” says where and why.")
        return {"code": "invalid", "message": str(text), "errors": errors}
    code = CODES.get(error.status_code, "invalid")
    if error.status_code in (status.HTTP_403_FORBIDDEN, status.HTTP_409_CONFLICT):
        own = error.get_codes()
        code = own if isinstance(own, str) and own not in ("permission_denied", "error") else code
    return {"code": code, "message": str(error.detail)}


def _known(error: Exception) -> exceptions.APIException | None:
    """Return an error of Django or the database as one of the API; None: nothing that a request can cause."""
    if not isinstance(error, exceptions.APIException) and is_disk_full(error):
        logger.error("what the API was sent can't be kept", exc_info=error)
        return NoRoomError()
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound()
        case DjangoPermissionDenied():
            return exceptions.PermissionDenied()
        case DjangoValidationError():
            return exceptions.ValidationError(as_serializer_error(error))
        case RequestDataTooBig() | TooManyFilesSent():
            return TooLargeError()
        case UnreadablePostError():
            return exceptions.ParseError(_("The body was cut off."))
        case (
            MultiPartParserError()
            | SuspiciousOperation()
            | RecursionError()
            | OverflowError()
            | UnicodeEncodeError()  # half a character, which JSON can hold and no database
            | DataError()
        ):
            logger.info("a request of the API can't be understood: %s", type(error).__name__)
            return exceptions.ParseError(_("The request can't be understood."))
        case IntegrityError():
            return NotPossibleError(_("Somebody else changed this at the same time. Look at it again."))
        case DatabaseError():
            logger.error("the API can't answer", exc_info=error)
            return UnavailableError()
    return None


def _flat(detail: Any, place: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the place and the sentences of each error, such as `users.0.email`; the whole is `""`."""
    if isinstance(detail, dict):
        for name, part in detail.items():
            own = "" if name == "non_field_errors" else _plain(name)
            yield from _flat(part, ".".join(filter(None, (place, own))))
    elif isinstance(detail, list):
        if any(isinstance(part, (dict, list)) for part in detail):
            for number, part in enumerate(detail):
                yield from _flat(part, ".".join(filter(None, (place, str(number)))))
        elif detail:
            yield place, [_plain(part) for part in detail]
    else:
        yield place, [_plain(detail)]


def _plain(text: Any) -> str:
    """Return a text that can be sent: what was wrong may be told with half a character in it."""
    return str(text).encode("utf-8", "replace").decode()

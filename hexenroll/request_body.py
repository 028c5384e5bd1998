"""Can the body of a request be taken? Refuses what is too large, was cut off, or has no room, each with its own page.

`WholeBody` stands around the application (wsgi.py), `RequestBodyMiddleware` in settings.py.
"""

import codecs
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, UnreadablePostError
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from devices.imports.disk_full import is_disk_full
from hexenroll.error_pages import API, PROGRAMS, cut_off, no_room, too_large

logger = logging.getLogger(__name__)

# What a form around a file takes: its other fields, and the boundaries between them.
FORM_BYTES = 2**20


class RequestBodyMiddleware:
    """Answer before anything of a body is stored, or as soon as storing it fails."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST":
            refusal = self.refusal(request)
            if refusal is not None:
                return refusal
        return self.get_response(request)

    def refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        """Return why the body can't be taken, as a page; None: it can, and has been read if it is a form with files."""
        if request.path.startswith(PROGRAMS):
            return None  # providers' callbacks and devices can't sign in, and their views take no files
        length = request.META.get("CONTENT_LENGTH") or ""
        size = int(length) if length.isdecimal() else 0
        if size > settings.HEXENROLL_IMPORT_MAX_BYTES + FORM_BYTES:
            if request.user.is_authenticated:
                _discard(request, 4 * settings.HEXENROLL_IMPORT_MAX_BYTES)
            return too_large(request)
        if request.content_type != "multipart/form-data":
            return None
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not request.user.is_authenticated:
            return redirect_to_login(request.path)  # strangers don't fill the disk
        try:
            # Read here: the CSRF check, which would be the first to read it, tells neither failure.
            request.POST  # noqa: B018
        except UnreadablePostError:
            _forget(request)
            return cut_off(request)
        except OSError as error:
            _forget(request)
            if not is_disk_full(error):
                raise
            logger.exception("an upload could not be stored")
            return no_room(request)
        return None


def _discard(request: HttpRequest, at_most: int) -> None:
    """Read a refused body without keeping it: browsers send it all before they read why it was refused."""
    try:
        while at_most > 0 and (block := request.read(FORM_BYTES)):
            at_most -= len(block)
    except UnreadablePostError as error:
        logger.info("%s: the sender of a body that is too large has gone: %s", request.path, error)


def _forget(request: HttpRequest) -> None:
    """Remove what was stored of a body that could not be read to its end."""
    for handler in request.upload_handlers:
        handler.upload_interrupted()


class WholeBody:
    """A WSGI application whose requests are UTF-8, and fail when their body ends too early.

    The server delivers the beginning of such a body as if it were all: half a file would be taken for a whole one.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_utf_8(environ.get("CONTENT_TYPE", "")):
            # Before Django sees it, which reads the address in that encoding, too, and fails over some of them.
            text = _("The server reads requests in UTF-8 alone. Send this one again as UTF-8.")
            kind = "text/plain; charset=utf-8"
            if environ.get("PATH_INFO", "").startswith(API):
                kind, text = "application/json", json.dumps({"code": "invalid", "errors": {"": [text]}})
            start_response("415 Unsupported Media Type", [("Content-Type", kind)])
            return [text.encode()]
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdecimal():
            environ["wsgi.input"] = WholeInput(environ["wsgi.input"], int(length))
        return self.application(environ, start_response)


def _is_utf_8(content_type: str) -> bool:
    """Tell whether text of this type is UTF-8: it says so, says nothing, or names what nobody knows."""
    try:
        _type, parameters = parse_header_parameters(content_type)
        return codecs.lookup(parameters.get("charset", "utf-8")).name == "utf-8"
    except LookupError:
        return True  # Django passes over it
    except ValueError:
        return False  # no header at all


class WholeInput:
    """A `wsgi.input` that raises ConnectionResetError where it ends before `length` bytes."""

    def __init__(self, stream: Any, length: int) -> None:
        self.stream = stream
        self.missing = length

    def read(self, size: int = -1) -> bytes:
        return self._counted(self.stream.read(size), size)

    def readline(self, size: int = -1) -> bytes:
        return self._counted(self.stream.readline(size), size)

    def _counted(self, data: bytes, size: int) -> bytes:
        self.missing -= len(data)
        if not data and size != 0 and self.missing > 0:
            raise ConnectionResetError(f"the request's body ended {self.missing} bytes too early")
        return data

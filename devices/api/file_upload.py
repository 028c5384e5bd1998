"""Can the file that a program uploads be taken? Refuses one that is too large before it is on the disk; of imports.py.

What request_body.py does for the console's pages, which programs don't pass (short_way.py).
"""

import logging
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser

from .errors import TooLargeError

logger = logging.getLogger(__name__)

# What a form around a file takes: its other fields, and the boundaries between them.
FORM_BYTES: Final = 2**20


class FileParser(MultiPartParser):
    """A form with files, none of which is larger than an import may be; nothing is left of one that can't be taken."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what was sent.

        Raises:
            TooLargeError: it is, or says so.
            OSError: it can't be stored, or was cut off.
        """
        request = parser_context["request"]._request
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdecimal() and int(length) > settings.HEXENROLL_IMPORT_MAX_BYTES + FORM_BYTES:
            _discard(stream, 4 * settings.HEXENROLL_IMPORT_MAX_BYTES)
            raise too_large()
        request.upload_handlers.insert(0, Bound(request))
        try:
            return super().parse(stream, media_type, parser_context)
        except Exception:
            for handler in request.upload_handlers:
                handler.upload_interrupted()
            raise


class Bound(FileUploadHandler):
    """Counts what comes in files, before others store it."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.HEXENROLL_IMPORT_MAX_BYTES:
            raise too_large()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to those who store it."""


def too_large() -> TooLargeError:
    """Return the refusal, with the limit and the setting that it comes from."""
    text = _("A file may have at most %(limit)s bytes. Divide it into several files, or raise the setting %(setting)s.")
    return TooLargeError(text % {"limit": settings.HEXENROLL_IMPORT_MAX_BYTES, "setting": "HEXENROLL_IMPORT_MAX_BYTES"})


def _discard(stream: Any, at_most: int) -> None:
    """Read a refused body without keeping it: most programs send it all before they read why it was refused."""
    try:
        while at_most > 0 and (block := stream.read(FORM_BYTES)):
            at_most -= len(block)
    except OSError as error:
        logger.info("the sender of a file that is too large has gone: %s", error)

"""What must not stand in the logs? The token of an invitation's link, which is all that it takes to enroll a device;
and page after page about requests that any stranger can send.

Named by settings.py for the logs of Django and Celery, and by web.py for gunicorn's.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from gunicorn.glogging import Logger

MASK = "…"
# The addresses by which devices enroll, check in and leave (urls.py).
OF_DEVICES = frozenset(f"/api/v1/{name}" for name in ("enroll", "device", "device/checkin", "device/disenroll"))
# Whatever stands behind /i/, however it is written; and wherever else, what looks like a token (link_token.py).
_LINK = re.compile(r"((?:/|%2f)(?:i|%69)(?:/|%2f))[^\s\"'<>]+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)


def masked(text: str) -> str:
    """Return the text with every token of a link replaced by `…`."""
    return _TOKEN.sub(MASK, _LINK.sub(rf"\1{MASK}", text))


class MaskedFormatter(logging.Formatter):
    """Formats a line, its traceback included, without tokens."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class RefusedRequests(logging.Filter):
    """Makes one short line of what Django writes about a request that it refused (its loggers `django.security.*`).

    Nobody has to do anything about such a request, and Django writes an error with a traceback for each.
    """

    LONGEST = 300  # characters; a Host header is repeated in it

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = record.stack_info = None
            record.msg, record.args = " ".join(record.getMessage().split())[: self.LONGEST], ()
        return True


class GunicornLogger(Logger):
    """gunicorn's logger, whose access and error lines have no tokens.

    It passes over devices that got what they asked for: there are many, each writes a row of its own (an attempt, a
    check-in), and a line costs a fifteenth of the request. What programs of administrators ask for has its line.
    """

    def access(self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: Any) -> None:
        path = environ.get("PATH_INFO", "")  # a request that gunicorn refuses has none, and no `status_code`
        if str(resp.status)[:1] > "3" or path not in OF_DEVICES:
            super().access(resp, req, environ, request_time)

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                own = handler.formatter
                handler.setFormatter(MaskedFormatter(own._fmt, own.datefmt) if own else MaskedFormatter())

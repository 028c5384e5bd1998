"""Where does a computer get the agent from? Answers /agent/hexenroll-agent.py and its checksum, to anybody."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import etag, require_safe

NAME: Final = "hexenroll-agent.py"
_FILE: Final = Path(__file__).parents[1] / "agent" / "hexenroll_agent.py"
# A computer may keep it so long without asking whether it is still the same.
FRESH_SECONDS: Final = 300


@lru_cache(maxsize=1)
def _agent() -> tuple[bytes, str]:
    """Return the program and its SHA-256; read once, as both come with this version of the portal."""
    data = _FILE.read_bytes()
    return data, hashlib.sha256(data).hexdigest()


def _etag(request: HttpRequest, **kwargs: Any) -> str:
    return f'"{_agent()[1]}"'


@require_safe
@etag(_etag)
def agent_file(request: HttpRequest) -> HttpResponse:
    """Answer the program."""
    return _public(HttpResponse(_agent()[0], content_type="text/x-python; charset=utf-8"))


@require_safe
@etag(_etag)
def agent_checksum(request: HttpRequest) -> HttpResponse:
    """Answer the line that `sha256sum --check` and `shasum --check` read."""
    return _public(HttpResponse(f"{_agent()[1]}  {NAME}\n", content_type="text/plain; charset=utf-8"))


def _public(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    return response

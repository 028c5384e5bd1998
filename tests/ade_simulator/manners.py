"""Does a request keep the service's manners? User agent, protocol version, content type, a body that is an object.

Apple documents a word for the user agent only; the other refusals here say that they are the simulator's.
"""

import json
from typing import Any

from tests.ade_simulator.answers import JSON_TYPE, RefusedError
from tests.ade_simulator.request_log import SeenRequest

LIBRARIES = ("python-requests", "python-urllib", "curl/")  # a product says its own name
PROTOCOL_VERSIONS = range(1, 20)


def check_headers(method: str, headers: dict[str, str], body: bytes, seen: SeenRequest) -> None:
    """Refuse a request without the headers that Apple wants; note what they say.

    Args:
        method: the HTTP method.
        headers: by lower-case name.
        body: as it came.
        seen: gets user agent and protocol version.
    """
    seen.user_agent = headers.get("user-agent", "").strip()
    seen.protocol_version = headers.get("x-server-protocol-version", "")
    if not seen.user_agent:
        raise RefusedError(400, "USER_AGENT_MISSING")
    if seen.user_agent.lower().startswith(LIBRARIES):
        raise RefusedError(400, "USER_AGENT_INVALID")
    if not seen.protocol_version.isdigit() or int(seen.protocol_version) not in PROTOCOL_VERSIONS:
        raise RefusedError(400, "SIMULATOR: X-Server-Protocol-Version is missing or wrong")
    content_type = headers.get("content-type")
    if content_type != JSON_TYPE and (content_type is not None or method != "GET"):
        raise RefusedError(415, f"SIMULATOR: Content-Type must be exactly {JSON_TYPE}")
    if method == "GET" and body:
        raise RefusedError(400, "MALFORMED_REQUEST_BODY")


def parsed_body(body: bytes) -> dict[str, Any]:
    """Return the object that the body is; none is an empty one."""
    if not body:
        return {}
    try:
        content = json.loads(body)
    except ValueError:
        raise RefusedError(400, "MALFORMED_REQUEST_BODY") from None
    if not isinstance(content, dict):
        raise RefusedError(400, "MALFORMED_REQUEST_BODY")
    return content

"""Is a request for a session signed by a token of ours? OAuth 1.0a as RFC 5849 has it, HMAC-SHA1 only.

https://developer.apple.com/documentation/devicemanagement/authenticating-through-web-services
"""

import time
from urllib.request import parse_http_list, parse_keqv_list

from oauthlib.common import Request
from oauthlib.oauth1.rfc5849 import signature
from oauthlib.oauth1.rfc5849.utils import unescape

from tests.ade_simulator.answers import RefusedError

REQUIRED = (
    "oauth_consumer_key",
    "oauth_token",
    "oauth_signature_method",
    "oauth_signature",
    "oauth_timestamp",
    "oauth_nonce",
)
REALM = "ADM"
CLOCK_SECONDS = 300


class SignedRequest:
    """A request with an Authorization header; refused at once when OAuth's fields aren't all there, once each."""

    def __init__(self, method: str, uri: str, authorization: str) -> None:
        if not authorization.lower().startswith("oauth "):
            raise RefusedError(401, "oauth_problem=parameter_absent")
        given = parse_http_list(authorization[len("oauth ") :])
        try:
            self.fields = {name: unescape(value) for name, value in parse_keqv_list(given).items()}
        except (IndexError, ValueError):
            raise RefusedError(400, "oauth_problem=parameter_rejected") from None
        if len(self.fields) != len(given) or self.fields.get("oauth_version", "1.0") != "1.0":
            raise RefusedError(400, "oauth_problem=parameter_rejected")
        if missing := [name for name in REQUIRED if not self.fields.get(name)]:
            raise RefusedError(400, f"oauth_problem=parameter_absent&oauth_parameters_absent={missing[0]}")
        if self.fields["oauth_signature_method"] != "HMAC-SHA1":
            raise RefusedError(400, "oauth_problem=signature_method_rejected")
        if self.fields.get("realm", REALM) != REALM:
            raise RefusedError(400, "oauth_problem=parameter_rejected&oauth_parameters_rejected=realm")
        self.method, self.uri, self.authorization = method, uri, authorization

    @property
    def consumer_key(self) -> str:
        return self.fields["oauth_consumer_key"]

    @property
    def token(self) -> str:
        return self.fields["oauth_token"]

    def check_signature(self, consumer_secret: str, access_secret: str) -> None:
        """Refuse a signature that these two secrets don't make."""
        request = Request(self.uri, self.method)
        request.signature = self.fields["oauth_signature"]
        request.params = signature.collect_parameters(headers={"Authorization": self.authorization})
        if not signature.verify_hmac_sha1(request, consumer_secret, access_secret):
            raise RefusedError(401, "oauth_problem=signature_invalid")

    def check_fresh(self, used: set[tuple[str, str]]) -> None:
        """Refuse a time that isn't now, and what was sent before; remember this one in `used`."""
        moment, nonce = self.fields["oauth_timestamp"], self.fields["oauth_nonce"]
        if not moment.isdigit() or abs(time.time() - int(moment)) > CLOCK_SECONDS:
            raise RefusedError(401, "oauth_problem=timestamp_refused")
        if (moment, nonce) in used:
            raise RefusedError(401, "oauth_problem=nonce_used")
        used.add((moment, nonce))

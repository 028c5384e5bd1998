"""Which account does a request of the administrators' API act for? Named in settings.py, REST_FRAMEWORK."""

from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from enrollment.client_address import client_address, subnet_of
from hexenroll.models import ApiKey

from . import keys, limits

WRONG: Final = _(
    "This API key is unknown, revoked or expired, or its account is locked or has not signed in at the identity "
    "provider for long."
)


class ReadOnlyKeyError(PermissionDenied):
    """The key may look, and change nothing."""

    default_detail = _("This API key is read only: it may look, and change nothing.")
    default_code = "read_only_key"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>` (RFC 6750). No cookie counts, so nobody can ride on one."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        """Return the account of the key and the key; None: there is none.

        Raises:
            AuthenticationFailed: it opens nothing.
            Throttled: too many wrong ones came from this address, or too many requests with this key.
            ReadOnlyKeyError: it is read only, and this would change something.
        """
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            return None
        plain: HttpRequest = request._request
        address = client_address(plain)
        limited = subnet_of(address) or ""
        if wait := limits.wait_of_address(limited):
            raise Throttled(wait)
        key = keys.find(text.strip())
        if key is None:
            limits.count_wrong(limited)
            raise AuthenticationFailed(WRONG)
        if wait := limits.wait_of_key(key.prefix):
            raise Throttled(wait)
        plain.api_key = key  # type: ignore[attr-defined]
        plain.user = key.account
        keys.note_use(key, address)
        if key.is_read_only and request.method not in SAFE_METHODS:
            raise ReadOnlyKeyError
        return key.account, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="hexenroll"'


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the API's description calls it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hxn_<prefix>_<secret>"}

"""Can people sign in with these settings? The system checks hexenroll.E040 to E049 and W040 to W049.

E040 single sign-on without roles, E041 OIDC that lacks something, E042 OIDC that anybody on the way could read or
forge, E043 no way left to sign in; W040 roles without single sign-on, W041 passkeys that no browser allows.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from hexenroll.mail_checks import is_loopback


@register
def check_single_sign_on_is_whole(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return E041 and E042 for an OIDC provider that can't be asked, or not safely."""
    names = ("HEXENROLL_OIDC_URL", "HEXENROLL_OIDC_CLIENT_ID", "HEXENROLL_OIDC_CLIENT_SECRET")
    missing = [name for name in names if not getattr(settings, name)]
    found: list[CheckMessage] = []
    if missing and len(missing) < len(names):
        message = f"Single sign-on by OIDC lacks {' and '.join(missing)}."
        hint = f"Set {' and '.join(missing)}, or unset the others."
        found.append(Error(message, hint=hint, id="hexenroll.E041"))
    url = urlsplit(settings.HEXENROLL_OIDC_URL)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        message = "HEXENROLL_OIDC_URL begins with http://: who is on the way could sign in as anybody."
        found.append(Error(message, hint="Use the provider's https:// address.", id="hexenroll.E042"))
    return found


@register
def check_somebody_can_sign_in(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return E040 and E043 when nobody could sign in, W040 when roles have no effect."""
    has_provider, may_type = bool(settings.SOCIALACCOUNT_PROVIDERS), bool(settings.HEXENROLL_PASSWORD_SIGN_IN)
    has_roles = bool(settings.HEXENROLL_SSO_ROLES)
    found: list[CheckMessage] = []
    if has_provider and not has_roles:
        hint = "Set HEXENROLL_SSO_ROLES, such as it-admins=Administrator;helpdesk=Help desk@contoso.com."
        message = "Single sign-on lets nobody in: no group of the identity provider has a role."
        found.append(Error(message, hint=hint, id="hexenroll.E040"))
    if has_roles and not has_provider:
        hint = "Set HEXENROLL_OIDC_URL and its client, or HEXENROLL_SAML_METADATA_FILE; or unset HEXENROLL_SSO_ROLES."
        message = "HEXENROLL_SSO_ROLES has no effect without single sign-on."
        found.append(Warning(message, hint=hint, id="hexenroll.W040"))
    if not may_type and not has_provider:
        message = "Nobody can sign in: HEXENROLL_PASSWORD_SIGN_IN is off, and there is no single sign-on."
        hint = "Set up single sign-on (docs/sign-in.md), or unset HEXENROLL_PASSWORD_SIGN_IN."
        found.append(Error(message, hint=hint, id="hexenroll.E043"))
    return found


@register
def check_passkeys_can_work(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return W041 when browsers refuse passkeys at this address: it is neither https:// nor this machine."""
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme == "https" or is_loopback(url.hostname or ""):
        return []
    message = f"Passkeys don't work at {settings.PUBLIC_URL}: browsers allow them at https:// addresses only."
    return [Warning(message, hint="Put a proxy with TLS in front (README, Run it).", id="hexenroll.W041")]

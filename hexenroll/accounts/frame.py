"""What do the account's own pages need around them? The console's frame and a title; a context processor."""

from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

ACCOUNTS: Final = "/accounts/"
TITLES: Final = {
    "account_login": _("Sign in"),
    "account_logout": _("Sign out"),
    "account_inactive": _("This account is closed"),
    "account_reauthenticate": _("Is it you?"),
    "account_change_password": _("Change password"),
    "account_set_password": _("Set a password"),
    "account_reset_password": _("Forgotten your password?"),
    "account_reset_password_done": _("Look into your mailbox"),
    "account_reset_password_from_key": _("Set a new password"),
    "account_reset_password_from_key_done": _("Your new password is set"),
    "account_preferences": _("Preferences"),
    "account_sign_in_link": _("Sign in by link"),
    "mfa_index": _("Second step"),
    "mfa_authenticate": _("Second step"),
    "mfa_reauthenticate": _("Is it you?"),
    "mfa_reauthenticate_webauthn": _("Is it you?"),
    "mfa_activate_totp": _("Set up an authenticator app"),
    "mfa_deactivate_totp": _("Remove the authenticator app"),
    "mfa_view_recovery_codes": _("Recovery codes"),
    "mfa_generate_recovery_codes": _("New recovery codes"),
    "mfa_list_webauthn": _("Passkeys"),
    "mfa_add_webauthn": _("Add a passkey"),
    "mfa_edit_webauthn": _("Rename a passkey"),
    "mfa_remove_webauthn": _("Remove a passkey"),
    "usersessions_list": _("Sessions"),
    "openid_connect_callback": _("Sign-in failed"),  # a page of its own only then
    "saml_finish_acs": _("Sign-in failed"),
    "socialaccount_login_error": _("Sign-in failed"),
    "socialaccount_login_cancelled": _("Sign-in cancelled"),
}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the console's frame for the pages under /accounts/, which are none of the admin's; {} for all others."""
    if not request.path_info.startswith(ACCOUNTS):
        return {}
    name = request.resolver_match.url_name if request.resolver_match else None
    return {
        **admin.site.each_context(request),
        "title": TITLES.get(name or "", _("Sign in")),
        "may_sign_in_by_password": settings.HEXENROLL_PASSWORD_SIGN_IN,
        "must_have_second_step": bool(settings.HEXENROLL_REQUIRE_MFA),
    }

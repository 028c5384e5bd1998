"""Who may sign in, and what follows? allauth's questions about accounts: nobody signs up, the worker sends mails."""

import time
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import ResetPasswordForm
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from enrollment.client_address import client_address
from hexenroll.accounts import mails
from hexenroll.accounts.browser_name import browser_name
from hexenroll.accounts.lockout import is_address_locked, lock_out

# What somebody is told by mail when it happens to their account; under allauth's names of its templates.
NOTICES: Final = {
    "account/email/email_changed": _("The e-mail address of your account was changed."),
    "account/email/password_changed": _("Your password was changed."),
    "account/email/password_reset": _("Your password was changed, by a link that was sent to you."),
    "mfa/email/totp_activated": _("An authenticator app was set up for your account."),
    "mfa/email/totp_deactivated": _("The authenticator app was removed from your account."),
    "mfa/email/webauthn_added": _("A passkey was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account."),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made for your account."),
}


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "::"  # the database wants one; a unix socket has none

    def is_ajax(self, request: HttpRequest) -> bool:
        """Answer JSON to the passkeys' script only: others find that nobody is signed in by the page that they get."""
        return bool(super().is_ajax(request)) and request.path_info == reverse("mfa_login_webauthn")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again who it is, unless they have just signed in."""
        newest = max(
            (record["at"] for record in get_authentication_records(self.request, self.request.user)), default=0
        )
        return bool(time.time() - newest > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse an address that tries name after name; what is wrong with one name is django-axes' to count."""
        if is_address_locked(request):
            lock_out(request)
            raise ValidationError(_("Sign-in is locked. Try again later."))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell somebody that their password or their second step has changed; a broken mail server stops nothing."""
        to, what = email or user.email, NOTICES.get(template_prefix)
        if to and what:
            page = {
                "person": user.get_username(),
                "what": what,
                "portal": settings.PUBLIC_URL,
                "address": self.get_client_ip(self.request),
                "browser": browser_name(self.get_http_user_agent(self.request)),
            }
            mails.queue_notice(to, str(what), render_to_string("account/email/notice_message.txt", page))


class PasswordLinkForm(ResetPasswordForm):
    """Asks for a link to set a password. The worker looks whose address it is: the page takes as long for nobody's."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = str(self.cleaned_data["email"])
        mails.queue_password_links(email, get_language() or "en")
        return email

"""What is a person asked for after the password, and who must have it? Authenticator app, recovery codes, passkeys.

The middleware keeps who must have a second step (HEXENROLL_REQUIRE_MFA) out of the console until there is one.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from encrypted_fields.fields import EncryptedCharField

from hexenroll.accounts.sso_settings import ALL, NOBODY

_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# What stays open without it: the account's own pages, and what isn't the console's.
_OPEN: Final = re.compile(r"^/(accounts|static|i|agent|webhooks|healthz)(/|$)|^/admin/(logout|jsi18n)/")
_box: Any = EncryptedCharField()  # the key that one-time passwords of devices are encrypted with


class SecondStepAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return str(_box.f.encrypt(text.encode()).decode())

    def decrypt(self, encrypted_text: str) -> str:
        return str(_box.f.decrypt(encrypted_text.encode()).decode())

    def get_totp_issuer(self) -> str:
        return settings.HEXENROLL_ORGANISATION or self._get_site_name()

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep the last one of somebody who must have one."""
        mine = Authenticator.objects.filter(user=authenticator.user_id, type__in=_FACTORS)
        return settings.HEXENROLL_REQUIRE_MFA == NOBODY or mine.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(number)s") % {"number": number + 1} if number else _("Passkey")


def remove_second_step(person: User) -> int:
    """Remove a person's authenticator app, passkeys and recovery codes, for who has lost them; return how many."""
    return Authenticator.objects.filter(user=person).delete()[0]


def lacks_second_step(request: HttpRequest) -> bool:
    """Tell whether the signed-in person must set up a second step before the console opens.

    Who signed in at an identity provider is asked for it there, unless HEXENROLL_REQUIRE_MFA says everybody.
    """
    if settings.HEXENROLL_REQUIRE_MFA == NOBODY or not request.user.is_authenticated:
        return False
    if settings.HEXENROLL_REQUIRE_MFA != ALL and _came_from_elsewhere(request):
        return False
    # Asked with each page, by an index: an administrator may just have removed it (remove_second_step).
    return not Authenticator.objects.filter(user=request.user, type__in=_FACTORS).exists()


def _came_from_elsewhere(request: HttpRequest) -> bool:
    return any(record["method"] == "socialaccount" for record in get_authentication_records(request, request.user))


class SecondStepMiddleware:
    """Lead who lacks a second step that they must have to the page that sets it up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _OPEN.match(request.path_info) and lacks_second_step(request):
            return redirect("mfa_index")
        return self.get_response(request)

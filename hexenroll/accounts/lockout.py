"""Has somebody guessed too often? django-axes counts for passwords, codes and reauthentication alike, in the database.

Ten wrong ones for a name from an address lock that pair for a quarter of an hour, whatever was guessed; an address that
tries thirty names is locked for all. allauth's own limits of the sign-in are off: they need the cache, and lock sooner.
"""

from datetime import timedelta
from typing import Any, Final

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from enrollment.client_address import limited_address
from hexenroll.error_pages import too_many

NAMES_OF_AN_ADDRESS: Final = 30


def locked_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return what guesses are counted by: the account, however its name is written.

    A name is found in any case, and by its e-mail address, too: each would have guesses of its own otherwise.
    """
    typed = (credentials or {}).get("username") or request.POST.get("login") or request.POST.get("username") or ""
    name = str(typed).strip().replace("\0", "").casefold()[:255]
    if "@" in name:
        names = list(User.objects.filter(email__iexact=name).values_list("username", flat=True)[:2])
        if len(names) == 1:
            return names[0].casefold()
    return name


def is_address_locked(request: HttpRequest) -> bool:
    """Tell whether too many names were tried within a quarter of an hour from the address of a request."""
    since = timezone.now() - (get_cool_off(request) or timedelta())
    tried = AccessAttempt.objects.filter(ip_address=limited_address(request), attempt_time__gt=since)
    return tried.values("username").distinct().count() >= NAMES_OF_AN_ADDRESS


def is_refused_unseen(request: HttpRequest | None) -> bool:
    """Tell whether a sign-in failed because it was locked before; False for the guess that locks it."""
    is_locked = getattr(request, "axes_locked_out", False)
    return bool(is_locked) and getattr(request, "axes_failures_since_start", None) is None


def lock_out(request: HttpRequest) -> None:
    """Have the request answered by `locked_out`, whatever its view answers."""
    request.axes_locked_out = True  # type: ignore[attr-defined]


def locked_out(request: HttpRequest, response: HttpResponseBase, credentials: Any = None) -> HttpResponseBase:
    """429: the answer to whoever is locked out; named in settings.py."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return too_many(
        request,
        _("Sign-in is locked"),
        _("There were too many wrong passwords or codes. Sign-in from here is locked for %(minutes)s minutes.")
        % {"minutes": minutes},
        _("Wait, then try again; “Forgotten your password?” helps if you don’t know it any more."),
        _("An administrator of this server can unlock it at once: manage.py axes_reset_username NAME."),
    )


class LockedForms:
    """The second step's forms: no code is looked at while the account is locked."""

    user: User

    def clean_code(self) -> str:
        request = context.request
        if not AxesProxyHandler.is_allowed(request, {"username": self.user.get_username()}):
            lock_out(request)
            raise ValidationError(_("Sign-in is locked. Try again later."))
        code: str = super().clean_code()  # type: ignore[misc]
        return code


class CodeForm(LockedForms, AuthenticateForm):
    """The second step of a sign-in."""


class CodeAgainForm(LockedForms, ReauthenticateForm):
    """A code before something that matters is changed."""


@receiver(authentication_failed, sender=Authenticator, dispatch_uid="count wrong codes")
def count_wrong_code(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Count a wrong code as a wrong password is counted."""
    user_login_failed.send(sender=__name__, request=request, credentials={"username": user.get_username()})

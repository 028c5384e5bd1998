"""Who asked for the console's sign-in, or for a password that they don't have, and where do they go?"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


@require_safe
def console_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in, and back to the page that was asked for.

    Raises:
        PermissionDenied: who is signed in may not use the console at all: signing in again wouldn't help.
    """
    wanted = request.GET.get("next", "")
    if not request.user.is_authenticated:
        return redirect_to_login(wanted) if wanted else redirect("account_login")
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    return redirect("admin:index")


@login_required
def no_password_here(request: HttpRequest) -> HttpResponse:
    """Tell who has no password, since an identity provider signs them in, that there is none to change."""
    messages.info(request, _("You have no password here: your organisation’s sign-in checks who you are."))
    return redirect("account_preferences")

"""The way in for who has the server's command line: `manage.py sign_in_link NAME` makes a link that signs in once."""

from typing import Final
from urllib.parse import urljoin

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

MINUTES: Final = 15


class _Tokens(PasswordResetTokenGenerator):
    """Good until the person signs in, which changes the time of their last sign-in, or until the time is over."""

    key_salt = "hexenroll.accounts.sign_in_link"

    def check_token(self, user: User | None, token: str | None) -> bool:
        if not super().check_token(user, token):
            return False
        moment = int((token or "").split("-")[0], 36)
        return self._num_seconds(self._now()) - moment <= MINUTES * 60


_tokens = _Tokens()


def sign_in_link(person: User) -> str:
    """Return an address that signs a person in: once, within a quarter of an hour."""
    parts = {"person": user_pk_to_url_str(person), "token": _tokens.make_token(person)}
    return urljoin(settings.PUBLIC_URL, reverse("account_sign_in_link", kwargs=parts))


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_by_link(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Sign in the person of a link; the second step, if they have one, follows."""
    found = _person(person)
    if found is None or not _tokens.check_token(found, token):
        return render(request, "account/sign_in_link.html", {"is_wrong": True, "minutes": MINUTES}, status=403)
    if request.method == "GET":  # programs that look into links before people do must not use it up
        return render(request, "account/sign_in_link.html", {"person": found})
    answer: HttpResponse = perform_login(request, Login(user=found))
    return answer


def _person(number: str) -> User | None:
    try:
        return User.objects.filter(pk=url_str_to_user_pk(number), is_active=True).first()
    except (ValueError, OverflowError):
        return None

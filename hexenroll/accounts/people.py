"""Whose session is it, and is the password right? Django's authentication backend for administrators."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.http import HttpRequest


class PeopleBackend(AuthenticationBackend):
    """Passwords with a user name or an e-mail address, unless they are switched off; permissions as Django's."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        if not settings.HEXENROLL_PASSWORD_SIGN_IN:
            return None
        person: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return person

    def get_user(self, user_id: Any) -> User | None:
        """Return the person of a session with their preferences, in one query; None once the account is closed."""
        person = User.objects.select_related("preferences").filter(pk=user_id).first()
        return person if person and self.user_can_authenticate(person) else None

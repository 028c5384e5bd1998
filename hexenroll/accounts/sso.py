"""Who is it whom an identity provider signs in, and may they come in? allauth's questions about single sign-on.

An account belongs to one subject of one provider; an e-mail address links nothing. It holds what the provider said at
the last sign-in: name, e-mail address, roles and domains (sso_roles.py).
"""

import hashlib
import logging
from typing import Any, Final

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess, Provider
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from hexenroll.accounts import sessions, sso_roles
from hexenroll.error_pages import not_let_in

logger = logging.getLogger(__name__)

NAME_LENGTH: Final = 140  # of 150 that a user name may have: a number may follow


def is_signed_in_elsewhere(person: User) -> bool:
    """Tell whether an identity provider signs a person in, so that they have no password here."""
    return SocialAccount.objects.filter(user=person).exists()


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Return the providers of the settings: none is ever read from the database."""
        found = []
        for kind, described in settings.SOCIALACCOUNT_PROVIDERS.items():
            for fields in described["APPS"]:
                app = SocialApp(provider=kind, **fields)
                is_asked = provider in (None, kind, app.provider_id) and client_id in (None, app.client_id)
                if is_asked:
                    found.append(app)
        return found

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Note whose groups these are, and bind the account to the provider that says so."""
        person: User = super().populate_user(request, sociallogin, data)
        app = sociallogin.provider.app
        account = sociallogin.account
        sociallogin.groups = _groups(_claims(request, account.extra_data), app.settings["groups"])
        told = {name: getattr(person, name) for name in ("first_name", "last_name", "email")}
        sociallogin.wanted_name = person.username or person.email or "person"  # allauth empties one that is taken
        sociallogin.details = {name: value for name, value in told.items() if value}
        issuer = app.settings.get("server_url") or app.settings["idp"]["entity_id"]
        # Another provider may call another person the same.
        account.extra_data = {"issuer": issuer, "subject": account.uid}
        account.uid = hashlib.sha256(f"{issuer}\n{account.uid}".encode()).hexdigest()
        return person

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in who is in a mapped group, with what the mapping says; send away everybody else.

        Raises:
            ImmediateHttpResponse: the answer to who is sent away.
        """
        if sociallogin.state.get("process", AuthProcess.LOGIN) != AuthProcess.LOGIN:
            raise ImmediateHttpResponse(not_let_in(request))
        sociallogin.email_addresses = []  # allauth would send away who has the address of another account
        grant = sso_roles.granted(sociallogin.groups, settings.HEXENROLL_SSO_ROLES)
        person = sociallogin.user
        if not sociallogin.is_existing:
            if grant is None or not sso_roles.has_roles(grant):
                raise ImmediateHttpResponse(not_let_in(request))
            sociallogin.grant = grant
            return
        may_come_in = sso_roles.apply(person, grant)
        # Its API keys, too, may no more than the provider says.
        told: dict[str, Any] = {"is_staff": True, "is_superuser": False, **sociallogin.details}
        for name, value in told.items():
            setattr(person, name, value)
        person.save(update_fields=list(told))  # not by a set statement: the audit log tells what changed
        if not may_come_in:
            sessions.sign_out_everywhere(person)
            raise ImmediateHttpResponse(not_let_in(request))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True  # who is in no mapped group was sent away before

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make the account of somebody who signs in for the first time."""
        person: User = sociallogin.user
        person.username = _free_name(sociallogin.wanted_name)
        person.is_staff = True
        person.set_unusable_password()
        person.save()
        sociallogin.account.user = person
        sociallogin.account.save()
        sso_roles.apply(person, sociallogin.grant)
        return person

    def on_authentication_error(self, request: HttpRequest, provider: Provider, **found: Any) -> None:
        """Log why; the page says what to do."""
        logger.warning("single sign-on failed: %s: %s %s", provider, found.get("error"), found.get("exception") or "")


def _claims(request: HttpRequest, extra_data: dict[str, Any]) -> dict[str, Any]:
    """Return what the provider says of a person: attributes of SAML, or claims of the ID token and of the user info."""
    if not extra_data.keys() & {"userinfo", "id_token"}:
        return extra_data
    token, info = extra_data.get("id_token") or {}, extra_data.get("userinfo") or {}
    if token and info and token.get("sub") != info.get("sub"):  # OpenID Connect Core, 5.3.2
        logger.error("single sign-on refused: the user info is another person's than the ID token")
        raise ImmediateHttpResponse(not_let_in(request))
    return {**token, **info}


def _groups(claims: dict[str, Any], name: str) -> set[str]:
    """Return the groups in a claim; a dotted name leads into it (`realm_access.roles`)."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = [found] if isinstance(found, str) else found
    return {group for group in listed if isinstance(group, str)} if isinstance(listed, list) else set()


def _free_name(wanted: str) -> str:
    """Return a user name that nobody has: the wanted one, with a number if need be."""
    wanted = wanted.strip()[:NAME_LENGTH]
    taken = set(User.objects.filter(username__istartswith=wanted).values_list("username", flat=True))
    folded = {name.casefold() for name in taken}
    if wanted.casefold() not in folded:
        return wanted
    return next(name for number in range(2, len(folded) + 3) if (name := f"{wanted}-{number}").casefold() not in folded)

"""What tests of the sign-in have in common: somebody with a password, and the codes of their authenticator app."""

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client

LOGIN = "/accounts/login/"
PASSWORD = "correct-horse-battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def make_account(name: str = "admin", **facts: object) -> User:
    """Make a superuser who signs in by PASSWORD."""
    return User.objects.create_superuser(name, facts.pop("email", ""), PASSWORD, **facts)  # type: ignore[arg-type]


def code(ahead: int = 0) -> str:
    """Return what an authenticator app with SECRET shows now, or some half minutes ahead."""
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + ahead))


def add_app(person: User) -> None:
    TOTP.activate(person, SECRET)


def add_codes(person: User) -> list[str]:
    """Give a person recovery codes; return them."""
    return list(RecoveryCodes.activate(person).generate_codes())


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session

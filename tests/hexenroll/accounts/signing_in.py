"""What tests of the sign-in have in common: somebody with a password, and the codes of their authenticator app."""

import time
from itertools import count

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client

LOGIN = "/accounts/login/"
PASSWORD = "correct-horse-battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

_numbers = count(1_000_000)


def make_account(name: str = "admin", **facts: object) -> User:
    """Make a superuser who signs in by PASSWORD."""
    # Which codes were used is remembered by number, outside the database that each test leaves as it was.
    return User.objects.create_superuser(name, facts.pop("email", ""), PASSWORD, pk=next(_numbers), **facts)  # type: ignore[arg-type]


def code(secret: str = SECRET) -> str:
    """Return what an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def add_app(person: User) -> None:
    TOTP.activate(person, SECRET)


def add_codes(person: User) -> list[str]:
    """Give a person recovery codes; return them."""
    return list(RecoveryCodes.activate(person).generate_codes())


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session

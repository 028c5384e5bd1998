"""How is a one-time password stored, and how does it travel in a file of bad rows without being read?

Called by the check (every password is encrypted before it is staged) and by the bad-rows file.
"""

from cryptography.fernet import InvalidToken
from django.db import connection
from encrypted_fields.fields import EncryptedCharField

from devices.models import Device

from .problems import CellProblem, ProblemCode

# What a bad-rows file holds in place of a password: the ciphertext, which this portal alone can read again.
SEALED = "sealed:"
_field: EncryptedCharField = Device._meta.get_field("one_time_password")


def encrypt(password: str) -> str:
    """Return a password as the database stores it."""
    return str(_field.get_prep_value(password))


def opened(stored: str) -> str:
    """Return the password that the database stores as `stored`."""
    return str(_field.from_db_value(stored, None, connection))


def unseal(cell: str) -> str:
    """Return the password in `cell`, sealed or not: the rules for passwords hold for both.

    Raises:
        CellProblem: the password was not sealed by this portal.
    """
    if not cell.startswith(SEALED):
        return cell
    try:
        return str(_field.f.decrypt(cell.removeprefix(SEALED).encode()).decode())
    except (InvalidToken, UnicodeError):
        raise CellProblem(ProblemCode.SEALED_PASSWORD) from None


def seal(cell: str) -> str:
    """Return what a file that goes out holds in place of the password in `cell`."""
    if not cell.strip() or cell.startswith(SEALED):
        return cell
    return SEALED + encrypt(cell.encode("utf-8", "replace").decode())

"""How is a one-time password stored, and how does it travel in a file of bad rows without being read?

Called by the check (every password is encrypted before it is staged) and by the bad-rows file.
"""

from cryptography.fernet import InvalidToken
from encrypted_fields.fields import EncryptedCharField

from devices.models import Device

from .problems import CellProblem, ProblemCode

# What a bad-rows file holds in place of a password: the ciphertext, which this portal alone can read again.
SEALED = "sealed:"
_field: EncryptedCharField = Device._meta.get_field("one_time_password")


def encrypt(password: str) -> str:
    """Return a password, or a sealed one, as the database stores it.

    Raises:
        CellProblem: the sealed password was not sealed by this portal.
    """
    if password.startswith(SEALED):
        token = password.removeprefix(SEALED)
        try:
            _field.f.decrypt(token.encode())
        except InvalidToken:
            raise CellProblem(ProblemCode.SEALED_PASSWORD) from None
        return token
    return str(_field.get_prep_value(password))


def seal(cell: str) -> str:
    """Return what a file that goes out holds in place of the password in `cell`."""
    if not cell.strip() or cell.startswith(SEALED):
        return cell
    return SEALED + encrypt(cell)

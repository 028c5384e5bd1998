"""Whose is a device only because the account says so? An import may give such a device its own user, unasked.

Used by the import's check (devices/imports/matching.py), which asks about clashes with users that somebody chose.
"""

from typing import Final

from devices.imports import matching

# Of device `d`: its user is the default one of an account that made it.
IS_DEFAULT: Final = (
    "EXISTS (SELECT 1 FROM enrollment_adedevice listed "
    "JOIN enrollment_adeaccount account ON account.id = listed.account_id "
    "WHERE listed.serial_number = d.serial_number AND listed.platform = d.platform "
    "AND listed.has_made_device AND account.domain_id = d.domain_id AND account.default_user_id = d.user_id)"
)


def register() -> None:
    """Let imports know, when the program starts."""
    matching.STAND_INS.append(IS_DEFAULT)

"""Which approval do the credentials of a request name? Asked by gate.py, inside its transaction.

A link token belongs to one invitation, so to one device. A one-time password belongs to one approval; it is found by
the user's e-mail address. An unknown token, an unknown address and a wrong password take the same work, so that nobody
can tell them apart by the time.
"""

import hmac
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from devices.imports.passwords import encrypt, opened
from devices.models import Device
from devices.prepared import fetch
from invitations.models import Invitation

from .eligibility import Credentials, Request
from .enroll_request import EnrollRequest
from .lookup import Found

# Of one e-mail address: each password that is compared takes some microseconds.
MOST_APPROVALS = 1_000
# Where none is right, so many are compared at least: how many approvals a user has is nobody's business.
COMPARED = 8
# By domain, for which there is an index, as an address is unique in its domain. The approval of the very device that
# asks comes first: a file may give several devices of a user one password, and a user may have more than are compared.
_APPROVALS = f"""
SELECT d.id, d.one_time_password,
    CASE WHEN d.serial_number = %(serial_number)s AND d.platform = %(platform)s THEN 0 ELSE 1 END AS is_another
FROM devices_deviceuser u
JOIN devices_device d ON d.user_id = u.id
WHERE u.domain_id IN (SELECT id FROM devices_domain) AND u.email_key = LOWER(%(email)s)
    AND d.status = '{Device.Status.PRE_APPROVED}' AND d.one_time_password IS NOT NULL
ORDER BY is_another, d.id
LIMIT {MOST_APPROVALS}
"""  # noqa: S608


@dataclass(frozen=True)
class Named:
    """What the credentials came to.

    Attributes:
        outcome: none, wrong, expired or valid.
        device: the locked device whose approval they name; None: they name none.
    """

    outcome: Credentials
    device: Device | None = None

    @property
    def opened(self) -> Device | None:
        """The locked device whose approval valid credentials name."""
        return self.device if self.outcome is Credentials.VALID else None


def named_by_password(email: str, password: str, device: Request) -> int | None:
    """Return the key of the device whose one-time password this is; None: it is nobody's of that address.

    Args:
        email: of the user, in any case.
        password: as it was typed.
        device: that asks; where several have this password, it is its own.
    """
    asked = {"email": email, "serial_number": device.serial_number, "platform": device.platform}
    approvals = fetch(_APPROVALS, asked)
    matches = [key for key, known, _is_another in approvals if _is_password(password, known)]
    if matches:
        return int(matches[0])
    for _more in range(COMPARED - len(approvals)):
        _is_password(password, _decoy())
    return None


def judge(request: EnrollRequest, found: Found, named: int | None) -> Named:
    """Return what the credentials of a request come to, now that what they name is locked.

    Args:
        request: with a token, or with an e-mail address and a password, or with neither.
        found: what is known of it.
        named: the device whose password it is; None: of none, or there is a token.
    """
    if not request.token and not request.email:
        return Named(Credentials.NONE)
    judged = _by_token(found) if request.token else _by_password(request, found, named)
    if judged.outcome is Credentials.WRONG and request.token:
        named_by_password(request.token, request.token, request.device)  # the same work as for a wrong password
    return judged


def _by_token(found: Found) -> Named:
    invitation = found.invitation
    device = found.devices[invitation.device_id] if invitation is not None else None
    if invitation is None or device is None or device.status != Device.Status.PRE_APPROVED:
        return Named(Credentials.WRONG)
    if invitation.state == Invitation.State.EXPIRED:
        return Named(Credentials.EXPIRED, device)
    if invitation.state not in Invitation.USABLE:
        return Named(Credentials.WRONG)  # whether its time would be up by now or not
    return Named(Credentials.EXPIRED if invitation.is_past else Credentials.VALID, device)


def _by_password(request: EnrollRequest, found: Found, named: int | None) -> Named:
    device = found.devices.get(named) if named is not None else None
    stored = found.passwords.get(device.pk) if device is not None else None
    if device is None or stored is None or device.status != Device.Status.PRE_APPROVED:
        return Named(Credentials.WRONG)  # or it was used up while it was compared
    if not _is_password(request.password, stored):
        return Named(Credentials.WRONG)  # the device was given to somebody else, with another one, meanwhile
    if found.invitation is not None and found.invitation.is_past:
        return Named(Credentials.EXPIRED, device)
    return Named(Credentials.VALID, device)


def _is_password(given: str, stored: str) -> bool:
    return hmac.compare_digest(opened(stored).encode(), given.encode())


@lru_cache(maxsize=1)
def _decoy() -> str:
    """Return a password that nobody has, as the database stores it."""
    return encrypt(settings.SECRET_KEY)

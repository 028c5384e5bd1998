"""Which approval do the credentials of a request name? Asked by gate.py, inside its transaction.

A link token belongs to one invitation, so to one device. A one-time password belongs to one approval; it is found by
the user's e-mail address. An unknown token, an unknown address and a wrong password take the same work, so that nobody
can tell them apart by the time.
"""

import hmac
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from devices.imports.passwords import seal, unseal
from devices.models import Device, Domain
from invitations.link_token import hash_of
from invitations.models import Invitation

from .eligibility import Credentials
from .enroll_request import EnrollRequest

State = Invitation.State
# Of one e-mail address: each password that is compared takes some microseconds.
MOST_APPROVALS = 1_000


@dataclass(frozen=True)
class Named:
    """What the credentials came to.

    Attributes:
        outcome: none, wrong, expired or valid.
        device: the locked device whose approval they name; None: they name none.
    """

    outcome: Credentials
    device: Device | None = None


def named_by(request: EnrollRequest) -> Named:
    """Return what the credentials of a request name, and lock it."""
    if request.token:
        found = _by_token(request.token)
    elif request.email:
        found = _by_password(request.email, request.password)
    else:
        return Named(Credentials.NONE)
    if found.outcome is Credentials.WRONG and request.token:
        _is_password(request.token, _decoy())
    return found


def _by_token(token: str) -> Named:
    found = Invitation.objects.filter(token_hash=hash_of(token))
    # The device first, as everybody else who changes both does: else two of them wait for one another.
    device = Device.objects.select_for_update(of=("self",)).filter(pk__in=found.values("device")).first()
    related = found.select_for_update(of=("self",)).select_related("device__user")
    invitation = related.first() if device is not None else None
    if invitation is None or invitation.device.status != Device.Status.PRE_APPROVED:
        return Named(Credentials.WRONG)
    if invitation.state == State.EXPIRED or _is_past(invitation):
        return Named(Credentials.EXPIRED, invitation.device)
    if invitation.state not in Invitation.USABLE:
        return Named(Credentials.WRONG)
    return Named(Credentials.VALID, invitation.device)


def _by_password(email: str, password: str) -> Named:
    # With the domains, for which there is an index, as an address is unique in its domain.
    domains = list(Domain.objects.order_by().values_list("pk", flat=True))
    theirs = Device.objects.pre_approved().filter(user__domain__in=domains, user__email_key=Lower(Value(email)))
    waiting = theirs.exclude(one_time_password=None)
    approvals = list(waiting.order_by("pk").values_list("pk", "one_time_password")[:MOST_APPROVALS])
    # All of them are compared, and one where there is none: how many there are is nobody's business.
    matches = [pk for pk, known in approvals if hmac.compare_digest(known.encode(), password.encode())]
    if not approvals:
        _is_password(password, _decoy())
    if not matches:
        return Named(Credentials.WRONG)
    device = waiting.select_for_update(of=("self",)).select_related("user").filter(pk=matches[0]).first()
    if device is None:
        return Named(Credentials.WRONG)
    invitation = Invitation.objects.live().filter(device=device).first()
    if invitation is not None and _is_past(invitation):
        return Named(Credentials.EXPIRED, device)
    return Named(Credentials.VALID, device)


def _is_past(invitation: Invitation) -> bool:
    return invitation.expires_at is not None and invitation.expires_at <= timezone.now()


def _is_password(given: str, sealed: str) -> bool:
    return hmac.compare_digest(unseal(sealed).encode(), given.encode())


@lru_cache(maxsize=1)
def _decoy() -> str:
    """Return a sealed password that nobody has."""
    return seal(settings.SECRET_KEY)

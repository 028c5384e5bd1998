"""THE GATE: a device asks to come in. Lock, decide, record, answer, in one short transaction; called by the endpoint.

Everything that the decision depends on is read after it was locked, so that of two requests for one device the second
sees what became of the first. The rule itself is in eligibility.py, and knows no database.
"""

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from devices.groups.membership import place
from devices.imports.columns.serial_numbers import is_junk_serial
from devices.imports.sql import one_at_a_time
from devices.models import Device, DeviceUser, Domain
from invitations.link_token import hash_of

from . import entry
from .approval import LONGEST_SERIAL
from .credentials import Named, judge, named_by_password
from .delivery import answer_of
from .eligibility import Credentials, Decision, Facts, KnownDevice, Standing, decide
from .enroll_request import EnrollRequest
from .lookup import Found, look_up
from .models import AnsweredRequest, Conflict
from .reasons import Reason

logger = logging.getLogger(__name__)

STANDINGS = {
    Device.Status.PRE_APPROVED: Standing.PRE_APPROVED,
    Device.Status.ENROLLED: Standing.ENROLLED,
}
TRIES = 3


@dataclass(frozen=True)
class Answer:
    """What the endpoint says (DESIGN.md, section 7).

    Attributes:
        status: of HTTP.
        body: the JSON object.
        credentials: what those of the request came to, whether they are demanded or not.
    """

    status: int
    body: dict[str, Any] = field(repr=False)
    credentials: Credentials = Credentials.NONE


@dataclass(frozen=True)
class Visitor:
    """Who is at the door, as far as the network tells."""

    address: str | None = None
    user_agent: str = ""


def enroll(request: EnrollRequest, visitor: Visitor) -> Answer:
    """Let a device in, or refuse it and say why; the attempt is recorded either way."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return _enroll(request, visitor)
        except (IntegrityError, OperationalError) as error:
            # Two new devices with one serial number, or two requests that waited for one another: the second sees
            # what became of the first.
            if attempt == TRIES:
                raise
            logger.info("a request met another one, and is looked at again: %s", type(error).__name__)
    raise AssertionError("unreachable")


def _enroll(request: EnrollRequest, visitor: Visitor) -> Answer:
    digest = _digest_of(request)
    found, named = _looked_up(request, digest)
    answered = _answered(found)
    known = answered or _known(found)
    owner, newcomer = _owner_of(known, named), _newcomer(named, found)
    theirs = owner or (newcomer if _may_have(newcomer, known, named) else None)
    rules = found.settings.rules
    facts = Facts(
        request=request.device,
        credentials=named.outcome,
        known=_standing_of(known, named, found) if known else None,
        is_approval_over=named.opened is not None and named.opened.pk in found.past_approval,
        is_answered=answered is not None,
        is_blocked=found.is_listed or (known is not None and known.status == Device.Status.BLOCKED),
        enrolled_devices=_enrolled_devices(theirs, known) if rules.device_limits else {},
        newcomers_devices=_enrolled_devices(newcomer, None) if rules.device_limits else {},
    )
    decision = decide(facts, rules)
    said = {
        "now": timezone.now(),
        "address": visitor.address,
        "user_agent": visitor.user_agent[:300],
        "named_user": named.opened.user_id if named.opened else None,
        "device": known.pk if known else None,
        "attempt_domain": _domain_of(named, known),
    }
    if not decision.lets_in:
        if decision.reason is Reason.CONFLICT and known is not None:
            _note_conflict(known, request)
        entry.record(request, decision, said)
        refusal = {"code": decision.reason.value, "message": str(decision.reason.label)}
        return Answer(HTTPStatus.FORBIDDEN, refusal, named.outcome)
    if decision.is_known and known is not None:
        device = _given_to(known, theirs, found)
    else:
        device = _ordinary(request, newcomer, found)
    # A guess is no used credential: its answer, repeated, would count as a right one.
    is_guess = bool(request.email) and named.outcome is Credentials.WRONG
    said["attempt_domain"] = said["attempt_domain"] or device.domain_id  # a device that is on no list has one now
    body = _let_in(request, decision, device, found, "" if is_guess else digest, said)
    return Answer(HTTPStatus.OK, body, Credentials.VALID if decision.reason is Reason.AGAIN else named.outcome)


def _looked_up(request: EnrollRequest, digest: str) -> tuple[Found, Named]:
    """Return what is known of a request, locked, and what its credentials come to."""
    by_password = named_by_password(request.email, request.password, request.device) if request.email else None
    found = look_up(
        request.device,
        request.manufacturer,
        token_hash=hash_of(request.token) if request.token else "",
        named=by_password,
        digest=digest,
    )
    return found, judge(request, found, by_password)


def _answered(found: Found) -> Device | None:
    """Return the device that came in by this very request a moment ago."""
    device = found.devices[found.answered_id] if found.answered_id is not None and found.is_answered else None
    return device if device is not None and device.status == Device.Status.ENROLLED else None


def _known(found: Found) -> Device | None:
    """Return the device with exactly the serial number and platform of the request."""
    return found.devices[found.known_id] if found.known_id is not None else None


def _standing_of(known: Device, named: Named, found: Found) -> KnownDevice:
    return KnownDevice(
        standing=STANDINGS.get(Device.Status(known.status), Standing.GONE),
        ownership=known.ownership,
        is_named=named.opened == known,
        is_past_its_time=known.pk in found.past_approval,
        hardware_uuid=found.hardware_uuid if known.status == Device.Status.ENROLLED else "",
        is_its_users=known.user_id is not None and named.opened is not None and named.opened.user_id == known.user_id,
    )


def _owner_of(known: Device | None, named: Named) -> DeviceUser | None:
    """Return whose the known device is; None: it has nobody, or has left and belongs to whom it comes back with."""
    if known is None or (Device.Status(known.status) not in STANDINGS and named.opened is not None):
        return None
    return known.user


def _newcomer(named: Named, found: Found) -> DeviceUser | None:
    """Return whose a device is that belongs to nobody yet: of the credentials, else of the default user."""
    if named.opened is not None:
        return named.opened.user
    key = found.settings.default_user_id
    return DeviceUser.objects.filter(pk=key).first() if key else None


def _may_have(user: DeviceUser | None, known: Device | None, named: Named) -> bool:
    """Tell whether a known device that is nobody's may become this user's.

    Whoever has credentials takes it into their domain; the default user takes none out of its own.
    """
    is_default = named.opened is None
    return user is None or known is None or not is_default or user.domain_id == known.domain_id


def _domain_of(named: Named, known: Device | None) -> int | None:
    """Return whose administrators see the attempt: those of the credentials' user, else of the device; None: nobody's.

    Where other hardware asks with the serial number of a device, it is the user's domain that learns of it.
    """
    if named.opened is not None and named.opened.user is not None:
        return named.opened.user.domain_id
    return known.domain_id if known is not None else None


def _enrolled_devices(user: DeviceUser | None, known: Device | None) -> dict[str, int]:
    if user is None:
        return {}
    one_at_a_time(f"devices of user {user.pk}")  # two of them at once would both be the last one that is allowed
    enrolled = Device.objects.filter(user=user, status=Device.Status.ENROLLED)
    others = enrolled.exclude(pk=known.pk) if known else enrolled
    return others.by_ownership()


def _ordinary(request: EnrollRequest, user: DeviceUser | None, found: Found) -> Device:
    """Make a device that is on no list."""
    device = Device(
        platform=request.device.platform,
        serial_number=_own_serial(request, found),
        ownership=found.settings.ordinary_ownership,
        source=Device.Source.ENROLLMENT,
        user=user,
        domain_id=user.domain_id if user else Domain.objects.local().pk,
    )
    # `save` would ask for the groups' rules, and most portals have none.
    Device.objects.bulk_create([device])
    if found.has_ruled_groups:
        place(device)
    return device


def _own_serial(request: EnrollRequest, found: Found) -> str | None:
    """Return the serial number that a new, ordinary device keeps: one that belongs to it alone, and has room.

    Where another one takes it at the same time, the insertion fails, and the request is looked at again.
    """
    serial_number = request.device.serial_number or ""
    is_its_own = not is_junk_serial(serial_number) and found.known_id is None
    return serial_number if is_its_own and len(serial_number) <= LONGEST_SERIAL else None


def _given_to(device: Device, user: DeviceUser | None, found: Found) -> Device:
    """Return a known device with its user; what was assigned to it while it was somebody else's is taken back."""
    if user is not None and device.user_id != user.pk:
        if device.user_id:
            device.groups.clear()
            device.policies.clear()
        device.user, device.domain_id = user, user.domain_id
        if found.has_ruled_groups:
            place(device)
    return device


def _let_in(
    request: EnrollRequest, decision: Decision, device: Device, found: Found, digest: str, said: dict[str, Any]
) -> dict[str, Any]:
    until = _until(digest, found, said["now"])
    if until is not None and found.answered_id not in (None, device.pk):
        # An ordinary device leaves its credentials good: the same request comes again when its answer is forgotten.
        AnsweredRequest.objects.filter(digest=digest).delete()
    device.status = Device.Status.ENROLLED.value
    told = answer_of(device)
    token = entry.let_in(request, decision, device, said | {"digest": digest, "until": until}, told)
    return {**told, "device_token": token}


def _until(digest: str, found: Found, now: datetime) -> datetime | None:
    """Return until when the answer is repeated; None: it isn't."""
    minutes = found.settings.retry_minutes
    return now + timedelta(minutes=minutes) if digest and minutes else None


def _digest_of(request: EnrollRequest) -> str:
    """Return what recognises this very request; "" where no credential speaks for it."""
    credential = request.token or f"{request.email.lower()}\0{request.password}"
    if not request.token and not request.email:
        return ""
    device = request.device
    parts = [credential, device.platform, device.serial_number or "", device.hardware_uuid]
    if not device.serial_number and not device.hardware_uuid:
        # What else it tells has to do: two devices of one user, enrolled one after the other, are not one.
        parts += [device.os_version, json.dumps(request.hardware, sort_keys=True)]
    text = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(settings.SALT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _note_conflict(known: Device, request: EnrollRequest) -> None:
    """Put it before an administrator that other hardware asks for the place of an enrolled device."""
    conflict, _is_new = Conflict.objects.update_or_create(
        device=known,
        hardware_uuid=request.device.hardware_uuid,
        defaults={"last_seen_at": timezone.now()},
    )
    if conflict.state == Conflict.State.ACCEPTED:  # other hardware has taken its place since: a new question
        Conflict.objects.filter(pk=conflict.pk).update(state=Conflict.State.OPEN, decided_at=None, decided_by=None)

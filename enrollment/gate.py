"""THE GATE: a device asks to come in. Lock, decide, record, answer, in one short transaction; called by the endpoint.

Everything that the decision depends on is read after it was locked, so that of two requests for one device the second
sees what became of the first. The rule itself is in eligibility.py, and knows no database.
"""

import hashlib
import hmac
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from devices.imports.columns.serial_numbers import is_junk_serial
from devices.imports.sql import one_at_a_time
from devices.models import Device, DeviceInventory, DevicePolicy, DeviceUser, Domain
from devices.policies.effective import document_of
from invitations.redemption import redeem

from . import device_token
from .credentials import Named, named_by
from .eligibility import Credentials, Decision, Facts, KnownDevice, Standing, decide
from .enroll_request import EnrollRequest
from .models import AnsweredRequest, BlockedHardware, Conflict, EnrollmentAttempt, EnrollmentSettings
from .reasons import Reason

logger = logging.getLogger(__name__)

STANDINGS = {
    Device.Status.PRE_APPROVED: Standing.PRE_APPROVED,
    Device.Status.ENROLLED: Standing.ENROLLED,
}
TRIES = 3


@dataclass(frozen=True)
class Answer:
    """What the endpoint says: the HTTP status and the JSON object (DESIGN.md, section 7)."""

    status: int
    body: dict[str, Any] = field(repr=False)


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
    chosen = EnrollmentSettings.objects.current()
    named = named_by(request)
    digest = _digest_of(request)
    answered = _answered(digest) if digest else None
    known = answered or _known(request, named)
    user = _user_of(known, named, chosen)
    if user is not None and chosen.rules.device_limits:
        one_at_a_time(f"devices of user {user.pk}")  # two of them at once would both be the last one that is allowed
    facts = Facts(
        request=request.device,
        credentials=named.outcome,
        known=_standing_of(known, named) if known else None,
        is_answered=answered is not None,
        is_blocked=_is_blocked(request, known),
        enrolled_devices=_enrolled_devices(user, known),
    )
    decision = decide(facts, chosen.rules)
    device = known if decision.is_known else None
    if decision.lets_in:
        device = _let_in(request, decision, device, _user_of(device, named, chosen), chosen, visitor)
        if decision.reason is not Reason.AGAIN:  # the time of a repeated answer doesn't begin anew
            _remember(digest, device, chosen)
    elif decision.reason is Reason.CONFLICT and known is not None:
        _note_conflict(known, request)
    _record(request, visitor, decision, device or known, named)
    return _answer(decision, device)


def _known(request: EnrollRequest, named: Named) -> Device | None:
    """Return the device with exactly the serial number and platform of the request, locked."""
    serial_number, platform = request.device.serial_number, request.device.platform
    if not serial_number or is_junk_serial(serial_number):
        return None
    if named.device is not None and (named.device.serial_number, named.device.platform) == (serial_number, platform):
        return named.device
    same = Device.objects.select_for_update(of=("self",)).select_related("user")
    return same.filter(serial_number=serial_number, platform=platform).first()


def _standing_of(known: Device, named: Named) -> KnownDevice:
    inventory = DeviceInventory.objects.filter(device=known).only("hardware_uuid").first()
    expires_at = known.approval_expires_at
    return KnownDevice(
        standing=STANDINGS.get(Device.Status(known.status), Standing.GONE),
        ownership=known.ownership,
        is_named=named.outcome is Credentials.VALID and named.device == known,
        is_past_its_time=expires_at is not None and expires_at <= timezone.now(),
        hardware_uuid=inventory.hardware_uuid if inventory and known.status == Device.Status.ENROLLED else "",
        is_its_users=_is_its_users(known, named),
    )


def _is_its_users(known: Device, named: Named) -> bool:
    is_valid = named.outcome is Credentials.VALID and named.device is not None
    return bool(is_valid and named.device and known.user_id and named.device.user_id == known.user_id)


def _user_of(known: Device | None, named: Named, chosen: EnrollmentSettings) -> DeviceUser | None:
    """Return whose device it is, or becomes: of the approval, else of the credentials, else the default one.

    A device that has left belongs to whom it comes back with, not to whom it was before.
    """
    if known is not None and known.user is not None and Device.Status(known.status) in STANDINGS:
        return known.user
    if named.outcome is Credentials.VALID and named.device is not None:
        return named.device.user
    return (known.user if known is not None else None) or chosen.default_user


def _enrolled_devices(user: DeviceUser | None, known: Device | None) -> dict[str, int]:
    if user is None:
        return {}
    enrolled = Device.objects.filter(user=user, status=Device.Status.ENROLLED).order_by()
    others = enrolled.exclude(pk=known.pk) if known else enrolled
    return dict(others.values_list("ownership").annotate(number=Count("pk")))


def _is_blocked(request: EnrollRequest, known: Device | None) -> bool:
    if known is not None and known.status == Device.Status.BLOCKED:
        return True
    kinds = {
        BlockedHardware.Kind.SERIAL_NUMBER: request.device.serial_number,
        BlockedHardware.Kind.HARDWARE_UUID: request.device.hardware_uuid,
        BlockedHardware.Kind.MANUFACTURER: request.manufacturer,
    }
    entries = Q()
    for kind, value in kinds.items():
        if value:
            entries |= Q(kind=kind, value=value)
    return bool(entries) and BlockedHardware.objects.filter(entries).exists()


def _let_in(
    request: EnrollRequest,
    decision: Decision,
    device: Device | None,
    user: DeviceUser | None,
    chosen: EnrollmentSettings,
    visitor: Visitor,
) -> Device:
    """Make the device an enrolled one, whose one-time password and invitation are used up."""
    now = timezone.now()
    if device is None:
        device = Device(
            platform=request.device.platform,
            serial_number=_own_serial(request),
            ownership=chosen.ordinary_ownership,
            source=Device.Source.ENROLLMENT,
            domain=user.domain if user else Domain.objects.local(),
        )
    if user is not None and device.user_id != user.pk:
        if device.pk and device.user_id:  # it has left, and comes back with somebody else
            device.groups.clear()
            device.policies.clear()
        device.user, device.domain = user, user.domain
    device.status = Device.Status.ENROLLED
    device.one_time_password = None
    device.save()
    if decision.reason is not Reason.AGAIN:
        DeviceInventory.objects.update_or_create(
            device=device,
            defaults={
                "hardware_uuid": request.device.hardware_uuid,
                "manufacturer": request.manufacturer,
                "model": request.model,
                "os_version": request.device.os_version,
                "hardware": request.hardware,
                "ip_address": visitor.address,
                # Told by whoever had it before.
                **dict.fromkeys(("battery", "latitude", "longitude", "accuracy", "located_at")),
                "method": request.device.method,
                "enrolled_at": now,
                "last_seen_at": now,
            },
        )
        redeem(device.pk)
    return device


def _own_serial(request: EnrollRequest) -> str | None:
    """Return the serial number that a new, ordinary device keeps: one that belongs to it alone."""
    serial_number = request.device.serial_number
    if not serial_number or is_junk_serial(serial_number):
        return None
    taken = Device.objects.filter(serial_number=serial_number, platform=request.device.platform)
    return None if taken.exists() else serial_number


def _digest_of(request: EnrollRequest) -> str:
    """Return what recognises this very request; "" where no credential speaks for it."""
    credential = request.token or f"{request.email.lower()}\0{request.password}"
    if not request.token and not request.email:
        return ""
    device = request.device
    parts = (credential, device.platform, device.serial_number or "", device.hardware_uuid)
    text = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(settings.SALT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _answered(digest: str) -> Device | None:
    """Return the device that came in by this very request a moment ago, locked."""
    answered = AnsweredRequest.objects.filter(digest=digest, until__gt=timezone.now()).values("device")
    enrolled = Device.objects.filter(status=Device.Status.ENROLLED, pk__in=answered)
    return enrolled.select_for_update(of=("self",)).select_related("user").first()


def _remember(digest: str, device: Device, chosen: EnrollmentSettings) -> None:
    """Remember the request for as long as a lost answer is repeated."""
    if digest and chosen.retry_minutes:
        now = timezone.now()
        until = now + timedelta(minutes=chosen.retry_minutes)
        # An ordinary device leaves its credentials good: the same request may come again when this one is forgotten.
        over = Q(until__lte=now) | ~Q(device__status=Device.Status.ENROLLED)
        AnsweredRequest.objects.filter(over, digest=digest).exclude(device=device).delete()
        AnsweredRequest.objects.update_or_create(device=device, defaults={"digest": digest, "until": until})


def _note_conflict(known: Device, request: EnrollRequest) -> None:
    """Put it before an administrator that other hardware asks for the place of an enrolled device."""
    conflict, _is_new = Conflict.objects.update_or_create(
        device=known,
        hardware_uuid=request.device.hardware_uuid,
        defaults={"last_seen_at": timezone.now()},
    )
    if conflict.state == Conflict.State.ACCEPTED:  # other hardware has taken its place since: a new question
        Conflict.objects.filter(pk=conflict.pk).update(state=Conflict.State.OPEN, decided_at=None, decided_by=None)


def _record(request: EnrollRequest, visitor: Visitor, decision: Decision, device: Device | None, named: Named) -> None:
    said = request.device
    is_valid = named.outcome is Credentials.VALID and named.device is not None
    EnrollmentAttempt.objects.create(
        serial_number=said.serial_number or "",
        platform=said.platform,
        os_version=said.os_version,
        method=said.method,
        management_mode=said.management_mode,
        hardware_uuid=said.hardware_uuid,
        manufacturer=request.manufacturer,
        model=request.model,
        is_let_in=decision.lets_in,
        reason=decision.reason,
        user=named.device.user if is_valid and named.device else None,
        device=device,
        address=visitor.address,
        user_agent=visitor.user_agent[:300],
    )


def _answer(decision: Decision, device: Device | None) -> Answer:
    if device is None or not decision.lets_in:
        return Answer(403, {"code": decision.reason.value, "message": str(decision.reason.label)})
    document = document_of(device)
    _deliver(device, document)
    user = device.user
    return Answer(
        200,
        {
            "device_id": device.pk,
            "status": Device.Status.ENROLLED.value,
            "device_token": device_token.issue(device.pk),
            "name": str(device),
            "user": {"name": user.name, "email": user.email} if user else None,
            **document,
        },
    )


def _deliver(device: Device, document: dict[str, Any]) -> None:
    """Write down which versions of which policies the answer carries."""
    DevicePolicy.objects.bulk_create(
        [
            DevicePolicy(device=device, policy_id=policy["id"], version=policy["version"])
            for policy in document["policies"]
        ],
        update_conflicts=True,
        unique_fields=["device", "policy"],
        update_fields=["version", "state", "message", "changed_at"],
    )

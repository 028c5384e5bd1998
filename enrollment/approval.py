"""Can the device of a refused attempt be approved, and would its next try succeed? Asked by the page of the attempt.

What would become of the next try is asked of the rule itself, so that this page never promises anything else.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.imports.columns.serial_numbers import is_junk_serial
from devices.models import Device, DeviceUser
from devices.scope import scope_of, visible
from devices.vocabulary import Platform

from .eligibility import Credentials, Facts, KnownDevice, Request, Standing, decide
from .models import BlockedHardware, EnrollmentAttempt, EnrollmentSettings
from .reasons import Reason

LONGEST_SERIAL = Device._meta.get_field("serial_number").max_length or 0
# Of one user; more than these are found in the list of devices.
WAITING_SHOWN = 10
# With these its serial number isn't compared with the list: approving it would change nothing.
NOT_COMPARED = frozenset(
    {
        Reason.PLATFORM_NOT_SUPPORTED,
        Reason.ANDROID_GENERIC_METHOD,
        Reason.ANDROID_PROFILE_OWNER,
        Reason.ORDINARY,
    }
)


OTHER_DOMAIN = gettext_lazy(
    "Its serial number can't be used: a device of another domain has it. Ask somebody who works in all domains."
)


@dataclass(frozen=True)
class Prospect:
    """What approving the device of an attempt would come to.

    Attributes:
        obstacle: why it can't be approved; "": it can.
        warning: why its next try would be refused nevertheless; "": it would come in.
        known: the device that has its serial number already.
        waiting: pre-approved devices of the user whose credentials it used: one of them may be meant.
    """

    obstacle: str = ""
    warning: str = ""
    known: Device | None = None
    waiting: tuple[Device, ...] = ()


def prospect(attempt: EnrollmentAttempt, person: Any) -> Prospect:
    """Return what approving the device of an attempt would come to.

    Args:
        attempt: the refused one.
        person: who would approve; of devices in other domains they learn nothing but that the serial number is taken.
    """
    known = known_device(attempt)
    if known is not None and not scope_of(person).has(known.domain_id):
        return Prospect(str(OTHER_DOMAIN))
    obstacle = _obstacle(attempt, known)
    if obstacle:
        return Prospect(obstacle, known=known)
    ownership = known.ownership if known else EnrollmentSettings.objects.current().ordinary_ownership
    next_reason = outlook(attempt, ownership, known.user if known else attempt.user)
    if next_reason in NOT_COMPARED:
        text = _("Its serial number is not compared with the list, so that approving it would change nothing.")
        return Prospect(f"{text} {next_reason.label}" if next_reason is not Reason.ORDINARY else text, known=known)
    if next_reason is Reason.BLOCKED:
        return Prospect(_("It is on the block list. Take it off first."), known=known)
    warning = str(next_reason.label) if next_reason is not Reason.APPROVED else ""
    return Prospect("", warning, known, _waiting(attempt, person) if known is None else ())


def known_device(attempt: EnrollmentAttempt) -> Device | None:
    """Return the device with exactly the serial number and platform of an attempt."""
    if not attempt.serial_number:
        return None
    same = Device.objects.select_related("user").filter(serial_number=attempt.serial_number, platform=attempt.platform)
    return same.defer("custom_attributes", "one_time_password").first()


def outlook(attempt: EnrollmentAttempt, ownership: str, user: DeviceUser | None) -> Reason:
    """Return what the rule would say to the next try, once the device is approved and has good credentials."""
    request = Request(
        platform=attempt.platform,
        serial_number=attempt.serial_number or None,
        os_version=attempt.os_version,
        method=attempt.method,
        management_mode=attempt.management_mode,
        hardware_uuid=attempt.hardware_uuid,
    )
    enrolled = Device.objects.filter(user=user, status=Device.Status.ENROLLED)
    facts = Facts(
        request=request,
        credentials=Credentials.VALID,
        known=KnownDevice(Standing.PRE_APPROVED, ownership, is_named=True),
        is_blocked=_is_blocked(attempt),
        enrolled_devices=enrolled.by_ownership() if user else {},
    )
    return decide(facts, EnrollmentSettings.objects.current().rules).reason


def _obstacle(attempt: EnrollmentAttempt, known: Device | None) -> str:
    """Return why no device can be approved by an attempt, whatever the settings are."""
    if attempt.is_let_in:
        return _("It was let in.")
    if not attempt.serial_number:
        return _("It told no serial number, by which it could be recognised.")
    if is_junk_serial(attempt.serial_number):
        return _("This is no serial number of its own: many devices report it. Such devices are never recognised.")
    if len(attempt.serial_number) > LONGEST_SERIAL:
        return _("A serial number has %(count)s characters at most.") % {"count": LONGEST_SERIAL}
    if attempt.platform not in Platform.values:
        return _("It told no platform that is known here.")
    if known is not None and known.status == Device.Status.BLOCKED:
        return _("The device with this serial number is blocked. Unblock it first.")
    if known is not None and known.status == Device.Status.ENROLLED:
        return _("A device with this serial number is enrolled already. Decide the conflict, or hand the device over.")
    return ""


def _waiting(attempt: EnrollmentAttempt, person: Any) -> tuple[Device, ...]:
    if attempt.user is None:
        return ()
    theirs = Device.objects.pre_approved().filter(user=attempt.user, platform=attempt.platform)
    waiting = visible(theirs, person)
    return tuple(waiting.defer("custom_attributes", "one_time_password")[:WAITING_SHOWN])


def _is_blocked(attempt: EnrollmentAttempt) -> bool:
    values = blockable(attempt)
    entries = Q()
    for kind, value in values.items():
        entries |= Q(kind=kind, value=value)
    return bool(values) and BlockedHardware.objects.filter(entries).exists()


def blockable(attempt: EnrollmentAttempt) -> dict[str, str]:
    """Return by what the device of an attempt can be blocked: kind of BlockedHardware, and the value that it told."""
    kinds = BlockedHardware.Kind
    told = {
        kinds.SERIAL_NUMBER.value: attempt.serial_number,
        kinds.HARDWARE_UUID.value: attempt.hardware_uuid,
        kinds.MANUFACTURER.value: attempt.manufacturer,
    }
    return {kind: value for kind, value in told.items() if value}

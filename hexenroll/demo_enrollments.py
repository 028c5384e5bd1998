"""Which of the demo's devices have enrolled, what do they report, and who was refused? Called by demo.py.

Inventories, what became of policies, attempts of several reasons, a conflict, a lockout, an entry of the block list.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from devices.models import Device, DeviceInventory, DevicePolicy
from devices.policies.effective import effective_of
from enrollment.limits import LOCKED
from enrollment.methods import ManagementMode, Method
from enrollment.models import BlockedHardware, Conflict, EnrollmentAttempt, Lockout
from enrollment.reasons import LETS_IN, Reason
from invitations.models import Invitation

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PLACES = {"Berlin": (52.5163, 13.3777), "Lisbon": (38.7139, -9.1394)}
# Manufacturer, model, OS version, GiB of memory.
MODELS = {
    "ios": ("Apple", "iPhone15,4", "18.6.2", 6),
    "macos": ("Apple", "Mac15,12", "15.6.1", 16),
    "tvos": ("Apple", "AppleTV14,1", "18.6", 4),
    "android": ("Google", "Pixel 8", "15", 8),
    "linux": ("LENOVO", "21HM004GGE", "12", 32),
}
AGENT = "hexenroll-agent/1.0 Python/3.11"
NO_WPA3 = "This device does not know WPA 3: the network “northwind” was left out."
STOLEN = "R58N71STOLEN"
# Of every hundred policies on devices.
BECAME = {DevicePolicy.State.APPLIED: 88, DevicePolicy.State.DELIVERED: 8, DevicePolicy.State.FAILED: 4}


def long_ago(devices: QuerySet[Device], randomness: Random) -> None:
    """Write what devices report that have enrolled by their invitations, or by an administrator's hand."""
    enrolled = devices.filter(status__in=(Device.Status.ENROLLED, Device.Status.DISENROLLED))
    redeemed = Invitation.objects.filter(state=Invitation.State.REDEEMED).values_list("device", "redeemed_at")
    enrolled_at = {device: at for device, at in redeemed if at}
    made = list(enrolled.select_related("user").prefetch_related("groups").order_by("pk"))
    inventories = [_inventory(device, enrolled_at.get(device.pk), randomness) for device in made]
    DeviceInventory.objects.bulk_create(inventories)
    EnrollmentAttempt.objects.bulk_create(
        _attempt(Reason.APPROVED, inventory.device, inventory, at=inventory.enrolled_at) for inventory in inventories
    )
    _policies([inventory for inventory in inventories if inventory.device.status == Device.Status.ENROLLED], randomness)


def today(devices: QuerySet[Device], randomness: Random) -> None:
    """Write who was refused since yesterday, and why; one asks for the place of an enrolled device."""
    expected = list(devices.filter(status=Device.Status.PRE_APPROVED, user__isnull=False).order_by("-pk")[:40])
    of = {platform: [device for device in expected if device.platform == platform] for platform in MODELS}
    BlockedHardware.objects.create(
        kind=BlockedHardware.Kind.SERIAL_NUMBER, value=STOLEN, note="Reported stolen in Lisbon."
    )
    refused = [*_refused(of), _conflict(devices, randomness)]
    now = timezone.now()
    for attempt in refused:
        device = attempt.device  # the one with this very serial number, if there is one
        attempt.device = device if device and device.pk and device.serial_number == attempt.serial_number else None
        if attempt.reason != Reason.CONFLICT:  # which says when it was seen
            attempt.at = now - MINUTE * randomness.randrange(2, 20 * 60)
    EnrollmentAttempt.objects.bulk_create(sorted(refused, key=lambda attempt: attempt.at))
    user = of["macos"][0].user
    _lockout(user.email if user else "nobody@example.com", now - 5 * HOUR)


def _refused(of: dict[str, list[Device]]) -> list[EnrollmentAttempt]:
    """Return an attempt for each of many reasons.

    Args:
        of: devices that are expected, by platform.
    """
    mac, phone, tablet = of["macos"][0], of["android"][0], of["ios"][1]
    stranger = Device(serial_number="C02ZN0TLSTED", platform="macos")
    stolen = Device(serial_number=STOLEN, platform="android")
    return [
        # What a scanner or a person who typed it made of the serial number.
        _attempt(Reason.NOT_PRE_APPROVED, mac, serial_number=str(mac.serial_number).lower()),
        _attempt(Reason.NOT_PRE_APPROVED, stranger),
        _attempt(Reason.BAD_CREDENTIALS, stranger, user=None),
        _attempt(Reason.BLOCKED, stolen),
        _attempt(Reason.ANDROID_GENERIC_METHOD, phone, serial_number="", method=Method.EMAIL, os_version="10"),
        _attempt(
            Reason.ANDROID_PROFILE_OWNER,
            phone,
            serial_number="",
            os_version="12",
            method=Method.QR,
            management_mode=ManagementMode.PROFILE_OWNER,
        ),
        _attempt(
            Reason.PLATFORM_NOT_SUPPORTED, Device(serial_number="5CG1234WIN", platform="windows"), model="EliteBook"
        ),
        _attempt(Reason.INVITATION_EXPIRED, of["ios"][0]),
        _attempt(
            Reason.INVALID,
            Device(serial_number=tablet.serial_number, platform="ios"),
            platform="iOS",
            problem="platform: This must be one of: android, ios, macos, linux, tvos, windows.",
        ),
    ]


def _lockout(account: str, began_at: datetime) -> None:
    """Write that somebody guessed, or mistyped, at an account; it is over."""
    until = began_at + timedelta(seconds=LOCKED)
    Lockout.objects.create(key="demo", account=account, address="203.0.113.9", began_at=began_at, until=until)


def _conflict(devices: QuerySet[Device], randomness: Random) -> EnrollmentAttempt:
    """Let other hardware ask for the place of an enrolled computer; return its attempt."""
    device = devices.filter(status=Device.Status.ENROLLED, platform="linux", user__isnull=False).earliest("pk")
    uuid, now = _uuid(randomness), timezone.now()
    Conflict.objects.create(device=device, hardware_uuid=uuid, first_seen_at=now - 3 * HOUR, last_seen_at=now - HOUR)
    return _attempt(Reason.CONFLICT, device, hardware_uuid=uuid, at=now - HOUR)


def _inventory(device: Device, enrolled_at: datetime | None, randomness: Random) -> DeviceInventory:
    manufacturer, model, os_version, memory = MODELS[device.platform]
    now = timezone.now()
    enrolled_at = enrolled_at or now - DAY * randomness.randrange(2, 30)
    last_seen = now - MINUTE * randomness.randrange(1, 300)
    if device.status == Device.Status.DISENROLLED:
        last_seen = enrolled_at + (now - enrolled_at) / 2
    made = DeviceInventory(
        device=device,
        hardware_uuid=_uuid(randomness),
        manufacturer=manufacturer,
        model=model,
        os_version=os_version,
        hardware={"memory_bytes": memory * 2**30, "host_name": f"nw-{device.pk:04}"},
        ip_address=f"198.51.100.{randomness.randrange(1, 255)}",
        method=Method.AGENT if device.platform in ("macos", "linux") else Method.EMAIL,
        enrolled_at=enrolled_at,
        last_seen_at=last_seen,
    )
    offices = [PLACES[group.name] for group in device.groups.all() if group.name in PLACES]
    if device.platform != "tvos":
        made.battery = randomness.randrange(12, 100) / 100
    if offices and device.ownership == Device.Ownership.CORPORATE:
        latitude, longitude = offices[0]
        made.latitude = latitude + randomness.uniform(-0.02, 0.02)
        made.longitude = longitude + randomness.uniform(-0.02, 0.02)
        made.accuracy, made.located_at = randomness.choice((12, 30, 65)), last_seen
    return made


def _policies(inventories: Iterable[DeviceInventory], randomness: Random) -> None:
    """Write what became of the policies of enrolled devices."""
    by_device = {inventory.device_id: inventory for inventory in inventories}
    rows = []
    for device, effective in effective_of(list(by_device), with_content=False).items():
        for policy in effective.policies:
            state = randomness.choices(list(BECAME), list(BECAME.values()))[0]
            is_wifi = policy.name == "Office Wi-Fi"
            if state == DevicePolicy.State.FAILED and not is_wifi:
                state = DevicePolicy.State.APPLIED
            rows.append(
                DevicePolicy(
                    device_id=device,
                    policy_id=policy.id,
                    # Some have not come back since it changed.
                    version=policy.version if randomness.random() < 0.9 else max(1, policy.version - 1),
                    state=state,
                    message=NO_WPA3 if state == DevicePolicy.State.FAILED else "",
                    changed_at=by_device[device].enrolled_at + MINUTE,
                )
            )
    DevicePolicy.objects.bulk_create(rows)


def _attempt(
    reason: Reason,
    device: Device,
    inventory: DeviceInventory | None = None,
    **said: object,
) -> EnrollmentAttempt:
    """Return an attempt of a device, not saved; `said` is what it says otherwise."""
    manufacturer, model, os_version, _memory = MODELS.get(device.platform, ("HP", "", "11", 16))
    is_agent = device.platform in ("macos", "linux")
    values: dict[str, object] = {
        "serial_number": device.serial_number or "",
        "platform": device.platform,
        "os_version": inventory.os_version if inventory else os_version,
        "method": Method.AGENT if is_agent else Method.EMAIL,
        "hardware_uuid": inventory.hardware_uuid if inventory else "",
        "manufacturer": manufacturer,
        "model": model,
        "is_let_in": reason in LETS_IN,
        "reason": reason,
        "user": device.user,
        "device": device,
        "address": inventory.ip_address if inventory else "203.0.113.9",
        "user_agent": AGENT if is_agent else "",
    }
    return EnrollmentAttempt(**(values | said))


def _uuid(randomness: Random) -> str:
    return str(UUID(int=randomness.getrandbits(128), version=4)).upper()

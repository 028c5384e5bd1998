"""What does Apple tell of one device of the portal? Shown on its page, and in its history.

A device may stand in the lists of several accounts; whose domain somebody doesn't work in tells them nothing.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from devices.models import Device
from devices.policies.effective import APPLE_PLATFORMS
from devices.scope import visible
from enrollment.device_timeline import SOURCES
from enrollment.models import AdeDevice
from invitations.timeline import Entry

VIEW = "enrollment.view_adedevice"


def listings_of(device: Device, person: Any) -> list[AdeDevice]:
    """Return what Apple tells of a device, account by account; first the one that pre-approved it."""
    if not device.serial_number or device.platform not in APPLE_PLATFORMS or not person.has_perm(VIEW):
        return []
    same = AdeDevice.objects.filter(serial_number=device.serial_number, platform=device.platform)
    found = visible(same, person).select_related("account__assignment", "wanted_profile")
    secret = ("account__private_key", "account__server_token", "account__certificate")
    return list(found.defer(*secret).order_by("-has_made_device", "pk"))


def history(device: Device, person: Any, most: int) -> Iterator[Entry]:
    """Yield when Apple gave a device to an account, when that one pre-approved it, and what became of its profile."""
    listings = listings_of(device, person)
    if device.source == Device.Source.ADE:
        made = next((found for found in listings if found.has_made_device), None)
        title = _("Added by Apple ADE")
        if made is not None:
            title = _("Listed by Apple for the ADE account “%(name)s”, and pre-approved") % {"name": made.account}
        yield Entry(device.created_at, title, "playlist_add_check")
    for found in listings[:most]:
        named = {"name": found.account}
        if found.device_assigned_date is not None:
            title = _("Given to the ADE account “%(name)s” at Apple") % named
            yield Entry(found.device_assigned_date, title, "shopping_bag", text=found.device_assigned_by)
        if found.profile_assign_time is not None:
            yield Entry(found.profile_assign_time, _("Enrollment profile assigned at Apple"), "assignment")
        if found.profile_push_time is not None:
            yield Entry(found.profile_push_time, _("Enrollment profile fetched from Apple"), "assignment_turned_in")


def register() -> None:
    """Let the history of a device tell of it, when the program starts."""
    SOURCES.append(history)

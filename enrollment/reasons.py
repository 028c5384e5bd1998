"""What is a device told when it asks to come in, and why? Stored with each attempt, shown, and sent as `code`."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """Why a device was let in, or refused (DESIGN.md, section 7). The codes are part of the API."""

    APPROVED = "approved", _("It is on the list.")
    ORDINARY = "ordinary", _("It is not on the list, and need not be: only pre-approved devices are not demanded.")
    AGAIN = "again", _("It asked a second time, because the first answer got lost.")
    RETURNED = "returned", _("It is enrolled already and asked anew, with the same hardware.")

    INVALID = "invalid", _("The request can't be understood.")
    TOO_MANY = "too_many", _("Too many requests. Wait, then try again.")
    UNAVAILABLE = "unavailable", _("The server can't answer now. Wait, then try again.")
    BAD_CREDENTIALS = "bad_credentials", _("The link, or the e-mail address and one-time password, are not valid.")
    INVITATION_EXPIRED = "invitation_expired", _("The invitation has expired. Ask for a new one.")
    BLOCKED = "blocked", _("The device is blocked.")
    PLATFORM_NOT_SUPPORTED = "platform_not_supported", _("Devices of this platform can't be enrolled here.")
    ANDROID_GENERIC_METHOD = (
        "android_generic_method",
        _("Android 10 and later hide the serial number from this way of enrolling: the device can't be recognised."),
    )
    ANDROID_PROFILE_OWNER = (
        "android_profile_owner",
        _("Android 12 and later hide the serial number in a work profile: the device can't be recognised."),
    )
    NOT_PRE_APPROVED = "not_pre_approved", _("The device is not on the list of pre-approved devices.")
    APPROVAL_EXPIRED = "approval_expired", _("The approval of the device has expired.")
    CONFLICT = "conflict", _("A device with this serial number is enrolled already, with other hardware.")
    DEVICE_LIMIT = "device_limit", _("The user has as many devices as are allowed.")
    OS_TOO_OLD = "os_too_old", _("The operating system is too old. Update it, then try again.")
    OWNERSHIP_NOT_ALLOWED = "ownership_not_allowed", _("Devices of this ownership can't be enrolled here.")


# Which ones let a device in.
LETS_IN = frozenset({Reason.APPROVED, Reason.ORDINARY, Reason.AGAIN, Reason.RETURNED})

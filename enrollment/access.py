"""With what does a device that was just approved show who it is? Called by the pages that approve devices."""

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceUser
from invitations import one_time_password
from invitations.actions import Options, invite_devices

from .hand_over import forget_credentials


class Access(models.TextChoices):
    """How its user gets what the device needs to come in."""

    NONE = "none", _("Nothing: what it has is still good, or it needs none")
    EMAIL = "email", _("An invitation by e-mail")
    SMS = "sms", _("An invitation by SMS")
    PASSWORD = "password", _("A one-time password, which the next page shows once")


def obstacle(access: str, user: DeviceUser | None) -> str:
    """Return why a user can't be given access in this way; "": they can."""
    if access == Access.NONE:
        return ""
    if user is None:
        return str(_("Choose the device user: invitations and passwords belong to somebody."))
    if access == Access.SMS and not user.mobile:
        return str(_("This device user has no mobile number."))
    if access in (Access.EMAIL, Access.PASSWORD) and not user.email:
        return str(_("This device user has no e-mail address."))
    return ""


def give(device: Device, access: str, person: User | None) -> str:
    """Give the user of a pre-approved device what it needs to come in; within a transaction.

    Args:
        device: a pre-approved device with a user.
        access: of Access.
        person: who does it.

    Returns:
        The one-time password, to be shown once; "" where none was made.

    Raises:
        invitations.actions.ActionError: it can't be invited.
        HandOverError: an invitation is being sent right now, with another password in it.
    """
    if access == Access.PASSWORD:
        forget_credentials(device, person)  # an invitation that expires later would take the password with it
        password = one_time_password.generate()
        device.one_time_password = password
        device.save(update_fields=["one_time_password"])
        return password
    if access in (Access.EMAIL, Access.SMS):
        invite_devices([device.pk], Options(channel=access, include_invited=True), person)
    return ""

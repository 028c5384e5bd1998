"""Which ways lead a device to the endpoint? Words of its requests (DESIGN.md, section 7); free of models."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Method(TextChoices):
    """How a device enrolls."""

    EMAIL = "email", _("Invitation by e-mail")
    SMS = "sms", _("Invitation by SMS")
    SELF = "self", _("Self enrollment")
    QR = "qr", _("QR code")
    ADE = "ade", _("Apple Automated Device Enrollment")
    ZERO_TOUCH = "zero_touch", _("Android zero-touch")
    AGENT = "agent", _("Agent")


class ManagementMode(TextChoices):
    """How far Android Enterprise gives the device into the organisation's hand."""

    PROFILE_OWNER = "profile_owner", _("Work profile (profile owner)")
    DEVICE_OWNER = "device_owner", _("Fully managed (device owner)")

"""The words that devices are described with, in one spelling for model, file, API and screen.

Free of models, so that the CSV contract (`imports.columns`) can be read without a database.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Platform(TextChoices):
    """The operating systems that hexenroll knows; a CSV spells them exactly so."""

    ANDROID = "android", _("Android")
    IOS = "ios", _("iOS and iPadOS")
    MACOS = "macos", _("macOS")
    LINUX = "linux", _("Linux")
    TVOS = "tvos", _("tvOS")
    WINDOWS = "windows", _("Windows")


class Ownership(TextChoices):
    """Who owns the device."""

    PERSONAL = "personal", _("Personal")
    CORPORATE = "corporate", _("Corporate")


class Channel(TextChoices):
    """How a device user is invited."""

    NONE = "none", _("No invitation")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class Language(TextChoices):
    """The languages that device users are written to."""

    ENGLISH = "en", _("English")
    GERMAN = "de", _("German")


class Duplicates(TextChoices):
    """What happens to a row whose device user or device is in the portal already (MISSION.md, section 1)."""

    REPLACE = "replace", _("Replace")
    SKIP = "skip", _("Skip")
    KEEP = "keep", _("Keep the user, add the device")


# Pre-approval can't match these by serial number: their rows are refused unless an administrator takes
# them out of the exclusion list of Enroll > Settings.
EXCLUDED_PLATFORMS = frozenset({Platform.WINDOWS.value})
# Stands between two names of groups or policies in one cell of a file.
NAME_SEPARATOR = ";"

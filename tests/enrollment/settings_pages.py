"""The page Enroll > Settings as its tests fill it in."""

from typing import Any

from django.urls import reverse

from enrollment.admin.settings_page import digest_of
from enrollment.models import EnrollmentSettings
from enrollment.settings_change import proposed, version_of
from enrollment.settings_values import values_of

# What is ticked is sent, and nothing for what isn't.
TICKS = ("pre_approved_devices_only", "require_credentials", "allow_personal", "allow_corporate")


def url() -> str:
    return reverse("enroll:settings")


def filled(button: str = "save", **changes: Any) -> dict[str, Any]:
    """Return what the page sends: the settings as they are, but for `changes`, by the names of its fields.

    Args:
        button: that was pressed.
        changes: None: the field isn't sent.
    """
    settings = EnrollmentSettings.objects.current()
    data: dict[str, Any] = {name: "true" for name in TICKS if getattr(settings, name)}
    for name in ("personal_limit", "corporate_limit", "approval_days", "retry_minutes"):
        data[name] = "" if getattr(settings, name) is None else str(getattr(settings, name))
    data |= {name: getattr(settings, name) for name in ("ordinary_ownership", "returning")}
    data["default_user"] = ""
    data["allowed_platforms"] = settings.allowed_platforms
    data |= {f"minimum_os-{platform}": version for platform, version in settings.minimum_os.items()}
    for number, exclusion in enumerate(settings.exclusions):
        data |= {f"exclusion-{number}-{part}": value for part, value in exclusion.items()}
    data |= {"seen": version_of(settings), button: "1", **changes}
    return {name: value for name, value in data.items() if value is not None}


def shown_for(**values: Any) -> str:
    """Return what the page sends along once it showed what these values, by setting, would refuse."""
    return digest_of(values_of(proposed(EnrollmentSettings.objects.current(), values)))


def saved() -> EnrollmentSettings:
    """Return the settings as they are in the database."""
    return EnrollmentSettings.objects.get()

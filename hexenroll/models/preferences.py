"""In which language and time zone does an administrator work?"""

from typing import ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_time_zone(value: str) -> None:
    """Accept a name of the IANA time zone database.

    Raises:
        ValidationError: there is no such zone.
    """
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is no time zone. Choose one such as Europe/Berlin."), params={"value": value}
        )


class Preferences(models.Model):
    """What one person chose for the console; without a row, what the browser and the portal say."""

    OWNED_BY: ClassVar[str] = "person"

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences", verbose_name=_("person")
    )
    language = models.CharField(
        _("language"), max_length=5, blank=True, help_text=_("Empty: the one that your browser asks for.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("In which dates are shown. Empty: the portal's, UTC."),
    )

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return str(self.person)

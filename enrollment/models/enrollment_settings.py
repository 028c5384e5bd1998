"""By which settings is a device judged that asks to come in? Enroll > Settings; one row."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import DeviceUser
from devices.vocabulary import Ownership, Platform
from enrollment.eligibility import Exclusion, Rules

# MISSION.md, section 2: what pre-approval can't match.
DEFAULT_EXCLUSIONS: tuple[dict[str, Any], ...] = (
    {"platform": "android", "os_from": "10", "methods": ["email", "sms", "self", "qr"], "management_modes": []},
    {"platform": "android", "os_from": "12", "methods": [], "management_modes": ["profile_owner"]},
    {"platform": "windows", "os_from": "", "methods": [], "management_modes": []},
)


def every_platform() -> list[str]:
    return list(Platform.values)


def default_exclusions() -> list[dict[str, Any]]:
    return [dict(exclusion) for exclusion in DEFAULT_EXCLUSIONS]


class EnrollmentSettingsManager(models.Manager["EnrollmentSettings"]):
    def current(self) -> "EnrollmentSettings":
        """Return the row, made with its defaults if there is none."""
        return self.get_or_create(pk=EnrollmentSettings.THE_ROW)[0]


class EnrollmentSettings(models.Model):
    """Enroll > Settings. There is one row, made with the first look at it."""

    THE_ROW: ClassVar[int] = 1

    class Returning(models.TextChoices):
        SAME_HARDWARE = "same_hardware", _("Let it in again, if its hardware is the same")
        ASK = "ask", _("Show it as a conflict; an administrator decides")

    pre_approved_devices_only = models.BooleanField(
        _("Pre-approved Devices Only"),
        default=False,
        help_text=_("A device that is not on the list is refused, whatever its credentials."),
    )
    require_credentials = models.BooleanField(
        _("one-time password or link required"),
        default=True,
        help_text=_("Without it, the serial number alone decides: it is a claim that anybody can make."),
    )
    default_user = models.ForeignKey(
        DeviceUser,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default device user"),
        help_text=_("Of ordinary devices that come without credentials."),
    )
    exclusions = models.JSONField(
        _("exclusions"),
        default=default_exclusions,
        blank=True,
        help_text=_("Devices that can't be recognised by their serial number."),
    )
    ordinary_ownership = models.CharField(
        _("ownership of ordinary devices"), max_length=10, choices=Ownership, default=Ownership.PERSONAL
    )
    allow_personal = models.BooleanField(_("personal devices"), default=True)
    allow_corporate = models.BooleanField(_("corporate devices"), default=True)
    personal_limit = models.PositiveIntegerField(
        _("personal devices of one user"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    corporate_limit = models.PositiveIntegerField(
        _("corporate devices of one user"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    allowed_platforms = models.JSONField(_("platforms"), default=every_platform)
    minimum_os = models.JSONField(
        _("minimum OS version"), default=dict, blank=True, help_text=_("By platform, such as 14.5 for macOS.")
    )
    approval_days = models.PositiveIntegerField(
        _("approvals are valid for days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(36_500)],
        help_text=_("Empty: until they are used."),
    )
    returning = models.CharField(
        _("an enrolled device that enrolls again"), max_length=13, choices=Returning, default=Returning.SAME_HARDWARE
    )
    retry_minutes = models.PositiveSmallIntegerField(
        _("answers are repeated for minutes"),
        default=15,
        validators=[MaxValueValidator(1_440)],
        help_text=_("A device whose answer got lost may ask again with the same credentials."),
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = EnrollmentSettingsManager()

    class Meta:
        verbose_name = _("enrollment settings")
        verbose_name_plural = _("enrollment settings")

    def __str__(self) -> str:
        return str(_("Enrollment settings"))

    @property
    def rules(self) -> Rules:
        """What the decision depends on."""
        allowed = {Ownership.PERSONAL: self.allow_personal, Ownership.CORPORATE: self.allow_corporate}
        limits = {Ownership.PERSONAL: self.personal_limit, Ownership.CORPORATE: self.corporate_limit}
        return Rules(
            pre_approved_devices_only=self.pre_approved_devices_only,
            require_credentials=self.require_credentials,
            exclusions=tuple(
                Exclusion(
                    exclusion["platform"],
                    exclusion.get("os_from", ""),
                    frozenset(exclusion.get("methods", ())),
                    frozenset(exclusion.get("management_modes", ())),
                )
                for exclusion in self.exclusions
            ),
            allowed_platforms=frozenset(self.allowed_platforms),
            allowed_ownerships=frozenset(ownership.value for ownership, is_allowed in allowed.items() if is_allowed),
            ordinary_ownership=self.ordinary_ownership,
            device_limits={ownership.value: limit for ownership, limit in limits.items() if limit is not None},
            minimum_os={platform: version for platform, version in self.minimum_os.items() if version},
            may_return=self.returning == self.Returning.SAME_HARDWARE,
        )

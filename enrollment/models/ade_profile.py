"""What does a new ADE device ask its user, and which server manages it? An enrollment profile at Apple.

How much of it Apple was told says AdeDevice, device by device; that somebody tells it now, AdeAssignment.
"""

from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .ade_account import AdeAccount


class AdeProfile(models.Model):
    """An enrollment profile, as it is to be at Apple; another content is another profile there.

    The lengths are Apple's: https://developer.apple.com/documentation/devicemanagement/define-profile
    """

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("account__domain",)

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be sent to Apple")
        DEFINED = "defined", _("Defined at Apple")
        FAILED = "failed", _("Refused by Apple")

    account = models.ForeignKey(
        AdeAccount,
        models.CASCADE,
        related_name="profiles",
        verbose_name=_("ADE account"),
        help_text=_("Devices of this account can get it. It can't be changed later."),
    )
    name = models.CharField(
        _("name"), max_length=125, help_text=_("Shown here, and kept with the profile at Apple. Users don't see it.")
    )
    url = models.URLField(
        _("address of the MDM server"),
        max_length=2_000,
        help_text=_("Where a device asks for its management profile when it is set up. It begins with https://."),
    )
    is_supervised = models.BooleanField(
        _("supervised"),
        default=True,
        help_text=_("The organisation may restrict more. iOS 13, macOS 11 and later are supervised anyway."),
    )
    is_mandatory = models.BooleanField(
        _("mandatory"),
        default=True,
        help_text=_("The user can't skip the management. iOS 13 and later never lets anybody skip it."),
    )
    is_mdm_removable = models.BooleanField(
        _("user may remove the management"),
        default=False,
        help_text=_("Apple demands it where devices are not supervised."),
    )
    await_device_configured = models.BooleanField(
        _("wait for the configuration"),
        default=False,
        help_text=_("The Setup Assistant waits until the MDM server says that the device is configured."),
    )
    auto_advance_setup = models.BooleanField(
        _("set up without anybody"),
        default=False,
        help_text=_(
            "A Mac (macOS 11 and later, on Ethernet) or an Apple TV goes through the Setup Assistant by itself. It "
            "needs language and region."
        ),
    )
    org_magic = models.CharField(
        _("organisation's mark"),
        max_length=256,
        blank=True,
        help_text=_("Tells the MDM server which of its services a device belongs to. Most servers need none."),
    )
    department = models.CharField(
        _("department"), max_length=125, blank=True, help_text=_("Or location; shown on the device.")
    )
    support_phone_number = models.CharField(
        _("support phone"), max_length=50, blank=True, help_text=_("Shown on the device, for users who need help.")
    )
    support_email_address = models.EmailField(
        _("support e-mail address"), max_length=250, blank=True, help_text=_("Shown on the device.")
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        help_text=_("Of Mac and Apple TV: the code of a language in small letters, such as en."),
    )
    region = models.CharField(
        _("region"),
        max_length=10,
        blank=True,
        help_text=_("Of Mac and Apple TV: the code of a country in capital letters, such as US."),
    )
    skip_setup_items = models.JSONField(
        _("steps to skip"),
        default=list,
        blank=True,
        help_text=_("What the Setup Assistant doesn't ask. Apple's names are in ade/skip_keys.py."),
    )

    uuid = models.CharField(_("UUID at Apple"), max_length=64, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False, help_text=_("Apple's word for it."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("enrollment profile")
        verbose_name_plural = _("enrollment profiles")
        ordering = ("account", "name")
        permissions = (("assign_adeprofile", "Can assign enrollment profiles to ADE devices"),)
        constraints = (
            models.UniqueConstraint(
                fields=("account", "name"),
                name="ade_profile_unique",
                violation_error_message=_("This account has an enrollment profile of this name."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class AdeAssignmentQuerySet(models.QuerySet["AdeAssignment"]):
    def put_off(self) -> Self:
        """Those whose next try is later: Apple asked for it, or didn't answer as it should."""
        return self.filter(next_at__gt=timezone.now())


class AdeAssignment(models.Model):
    """Who tells Apple about the enrollment profiles of an account, and when is the next try? One row an account."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("account__domain",)

    account = models.OneToOneField(
        AdeAccount,
        models.CASCADE,
        primary_key=True,
        related_name="assignment",
        verbose_name=_("ADE account"),
    )
    claim = models.UUIDField(
        null=True, help_text=_("Of the worker that has it: whoever finds another one here leaves it alone.")
    )
    process = models.CharField(max_length=200, blank=True, help_text=_("Of the worker: see outbox/process.py."))
    alive_at = models.DateTimeField(_("last sign of life"), null=True)
    next_at = models.DateTimeField(_("not before"), null=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0, help_text=_("In a row that have failed."))
    error = models.CharField(_("error"), max_length=64, blank=True, help_text=_("Code of Apple's, or of ade/errors."))

    objects = AdeAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment of enrollment profiles")
        verbose_name_plural = _("assignments of enrollment profiles")

    def __str__(self) -> str:
        return str(self.account)

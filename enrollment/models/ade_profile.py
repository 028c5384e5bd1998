"""What does a new ADE device ask its user, and which server manages it? An enrollment profile at Apple."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from .ade_account import AdeAccount


class AdeProfile(models.Model):
    """An enrollment profile, as it is to be at Apple; another content is another profile there."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("account__domain",)

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be sent to Apple")
        DEFINED = "defined", _("Defined at Apple")
        FAILED = "failed", _("Refused by Apple")

    account = models.ForeignKey(AdeAccount, models.CASCADE, related_name="profiles", verbose_name=_("ADE account"))
    name = models.CharField(_("name"), max_length=125, help_text=_("Shown at Apple and here."))
    url = models.URLField(_("address of the MDM server"), help_text=_("Where a device asks for its management; https."))
    is_supervised = models.BooleanField(_("supervised"), default=True, help_text=_("Apple supervises ADE devices."))
    is_mandatory = models.BooleanField(_("mandatory"), default=True, help_text=_("The user can't skip the enrollment."))
    is_mdm_removable = models.BooleanField(
        _("user may remove the management"), default=False, help_text=_("Only where it is not mandatory.")
    )
    await_device_configured = models.BooleanField(
        _("wait for the configuration"),
        default=False,
        help_text=_("The Setup Assistant waits until the MDM server lets it go on."),
    )
    org_magic = models.CharField(_("organisation's mark"), max_length=255, blank=True)
    department = models.CharField(_("department"), max_length=125, blank=True, help_text=_("Shown on the device."))
    support_phone_number = models.CharField(
        _("support phone"), max_length=50, blank=True, help_text=_("Shown on the device.")
    )
    support_email_address = models.EmailField(
        _("support e-mail address"), max_length=250, blank=True, help_text=_("Shown on the device.")
    )
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Of tvOS; such as en."))
    region = models.CharField(_("region"), max_length=10, blank=True, help_text=_("Of tvOS; such as US."))
    skip_setup_items = models.JSONField(
        _("steps to skip"), default=list, blank=True, help_text=_("Keys of the Setup Assistant's steps.")
    )

    uuid = models.CharField(_("UUID at Apple"), max_length=64, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    next_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("enrollment profile")
        verbose_name_plural = _("enrollment profiles")
        ordering = ("account", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "name"),
                name="ade_profile_unique",
                violation_error_message=_("This account has an enrollment profile of this name."),
            ),
        )

    def __str__(self) -> str:
        return self.name

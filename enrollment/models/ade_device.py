"""Which devices does Apple list for an account, and what became of each here? Written page by page by the sync.

The device of the portal is found by serial number and platform, not by a key: it may be deleted, or be there before.
"""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.vocabulary import Platform

from .ade_account import AdeAccount
from .ade_profile import AdeProfile


class AdeDeviceQuerySet(models.QuerySet["AdeDevice"]):
    def listed(self) -> Self:
        """Devices that Apple lists now."""
        return self.filter(is_listed=True)

    def due_for_profile(self, now: datetime) -> Self:
        """Devices about whose enrollment profile Apple has to be told something, and can be."""
        is_time = models.Q(assign_after=None) | models.Q(assign_after__lte=now)
        can_be = models.Q(wanted_profile=None) | models.Q(wanted_profile__state=AdeProfile.State.DEFINED)
        return self.filter(is_time, can_be, is_listed=True, assign_state__in=AdeDevice.OPEN)


class AdeDevice(models.Model):
    """A device as Apple tells of it."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("account__domain",)

    class Approval(models.TextChoices):
        """What pre-approval has made of it."""

        WAITING = "waiting", _("Not pre-approved by this account")
        ASKED = "asked", _("Being pre-approved")
        MADE = "made", _("Pre-approved by this account")
        KNOWN = "known", _("Was in the portal already")
        OTHER_ACCOUNT = "other_account", _("Pre-approved by another account")
        UNSUPPORTED = "unsupported", _("Platform is not supported")
        UNUSABLE = "unusable", _("Serial number can't be used")
        WITHDRAWN = "withdrawn", _("Withdrawn: Apple lists it no longer")
        KEPT = "kept", _("Kept, though Apple lists it no longer")

    class AssignState(models.TextChoices):
        """How far the enrollment profile is the one that was chosen here."""

        NONE = "none", _("Nothing to do")
        WAITING = "waiting", _("Waiting")
        ASSIGNED = "assigned", _("Assigned")
        REMOVED = "removed", _("Removed")
        NOT_ACCESSIBLE = "not_accessible", _("Not accessible")
        FAILED = "failed", _("Failed")
        THROTTLED = "throttled", _("Slowed down by Apple")

    # Apple is told, now or when it is time.
    OPEN: ClassVar[frozenset[str]] = frozenset({AssignState.WAITING, AssignState.FAILED, AssignState.THROTTLED})

    account = models.ForeignKey(
        AdeAccount, models.CASCADE, related_name="devices", db_index=False, verbose_name=_("ADE account")
    )
    serial_number = models.CharField(_("serial number"), max_length=64)
    platform = models.CharField(
        _("platform"), max_length=10, choices=Platform, blank=True, help_text=_("Empty: not supported.")
    )
    model = models.CharField(_("model"), max_length=255, blank=True)
    description = models.CharField(_("description"), max_length=255, blank=True)
    color = models.CharField(_("colour"), max_length=64, blank=True)
    asset_tag = models.CharField(_("asset tag"), max_length=255, blank=True)
    os = models.CharField(_("operating system"), max_length=32, blank=True)
    device_family = models.CharField(_("device family"), max_length=64, blank=True)
    profile_status = models.CharField(_("profile at Apple"), max_length=16, blank=True)
    profile_uuid = models.CharField(_("profile's UUID at Apple"), max_length=64, blank=True)
    profile_assign_time = models.DateTimeField(_("profile assigned"), null=True)
    profile_push_time = models.DateTimeField(_("profile fetched"), null=True)
    device_assigned_date = models.DateTimeField(_("given to this server"), null=True)
    device_assigned_by = models.CharField(_("given by"), max_length=255, blank=True)
    op_date = models.DateTimeField(
        null=True, help_text=_("Of the newest change that Apple told; an older one changes nothing.")
    )

    is_listed = models.BooleanField(_("listed by Apple"), default=True)
    removed_at = models.DateTimeField(_("no longer listed since"), null=True)
    approval = models.CharField(_("pre-approval"), max_length=13, choices=Approval, default=Approval.WAITING)
    has_made_device = models.BooleanField(
        default=False, help_text=_("The device of the portal was made for it, and gets the account's policies.")
    )
    seen_by = models.BigIntegerField(null=True, help_text=_("Mark of the last sync that read it."))

    wanted_profile = models.ForeignKey(
        AdeProfile,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="devices",
        verbose_name=_("enrollment profile"),
        help_text=_("That it shall have; empty: none of ours."),
    )
    assign_state = models.CharField(_("assignment"), max_length=14, choices=AssignState, default=AssignState.NONE)
    assign_after = models.DateTimeField(
        _("not before"), null=True, help_text=_("Apple asked to wait until then, or a try has failed.")
    )

    objects = AdeDeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("ADE device")
        verbose_name_plural = _("ADE devices")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("account", "serial_number"), name="ade_device_unique"),)
        indexes = (
            # The device of the portal looks for its account: its policies, its page, another account's claim.
            models.Index(fields=("serial_number", "platform"), name="ade_device_by_serial"),
            models.Index(fields=("account", "-id"), name="ade_device_order"),  # the list of one account
            models.Index(fields=("account", "approval", "id"), name="ade_device_by_approval"),  # counts; approve.py
            # What is to be told to Apple; what waits for its time (profiles.py).
            models.Index(
                fields=("account", "id"),
                condition=models.Q(assign_state__in=("waiting", "failed", "throttled")),
                name="ade_device_assigning",
            ),
            # What is to get its account's default profile, or lost its own: profiles.want_default, after each sync.
            models.Index(
                fields=("account", "id"),
                condition=models.Q(is_listed=True, assign_state="none")
                | models.Q(~models.Q(assign_state="none"), is_listed=False),
                name="ade_device_unsettled",
            ),
        )

    def __str__(self) -> str:
        return self.serial_number

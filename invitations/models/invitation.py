"""Who was told about which device, did it arrive, and what came of it? One row is one line of the outbox, too."""

from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device, ImportBatch
from devices.vocabulary import Language

from .sending import Sending


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def live(self) -> Self:
        """Invitations that may still lead to an enrollment: at most one for each device."""
        return self.filter(state__in=Invitation.LIVE)

    def by_state(self) -> dict[str, int]:
        """Return how many there are in each state; states without any are left out."""
        return dict(self.order_by().values_list("state").annotate(number=models.Count("pk")))

    def unreached(self) -> Self:
        """Messages that failed or came back, to users of devices that still wait, and that no newer one replaces."""
        waiting = Device.Status.PRE_APPROVED
        lost = (Invitation.State.FAILED, Invitation.State.BOUNCED)
        return self.of_present_domain().filter(state__in=lost, device__status=waiting, replaced_by=None)

    def of_present_domain(self) -> Self:
        """Invitations of devices that are still of the domain in which their users were invited."""
        return self.filter(domain_id=models.F("device__domain"))

    def usable(self) -> Self:
        """Invitations whose link opens: a message went out, or may have gone out."""
        return self.filter(state__in=Invitation.USABLE)


class Invitation(models.Model):
    """One message to the user of one device, and what became of it.

    Inviting the same device again makes a new invitation and revokes the live one: the content of an invitation, its
    token included, never changes. The transitions are in outbox/, delivery_status.py and actions.py.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        BOUNCED = "bounced", _("Bounced")
        OPENED = "opened", _("Opened")
        REDEEMED = "redeemed", _("Used")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")
        REVOKED = "revoked", _("Revoked")

    class RevokedBecause(models.TextChoices):
        PERSON = "person", _("Revoked by an administrator")
        REPLACED = "replaced", _("Replaced by a newer invitation")
        CANCELLED = "cancelled", _("The sending was cancelled")
        DEVICE = "device", _("The device is not waiting for its enrollment any more")
        APPROVAL = "approval", _("The approval of the device has expired")

    # A device that went over to another domain takes no message to its former user along.
    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain_id", "device__domain")
    # What may still lead to an enrollment.
    LIVE: ClassVar[frozenset[str]] = frozenset(
        {State.QUEUED, State.SENDING, State.SENT, State.DELIVERED, State.BOUNCED, State.OPENED}
    )
    # The same in SQL, written out: the partial index on it serves no parameter.
    LIVE_SQL: ClassVar[str] = ", ".join(f"'{state}'" for state in sorted(LIVE))
    # Whose link opens. One that is being sent may have arrived before that was written down.
    USABLE: ClassVar[frozenset[str]] = LIVE - {State.QUEUED}
    # A message went out and its fate is not known to the end; the provider's word may still come.
    ON_ITS_WAY: ClassVar[frozenset[str]] = frozenset({State.SENT, State.DELIVERED, State.OPENED})
    # What a person may send again: everything but the used ones, and those that are in a worker's hand right now.
    RESENDABLE: ClassVar[frozenset[str]] = frozenset(State.values) - {State.REDEEMED, State.SENDING}
    REVOCABLE: ClassVar[frozenset[str]] = LIVE - {State.SENDING}

    # Names the message to the outside: the token and the Message-ID are made from it (link_token.py).
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    sending = models.ForeignKey(
        Sending, models.CASCADE, related_name="invitations", db_index=False, verbose_name=_("sending")
    )
    # Not indexed: invitation_of_device begins with it.
    device = models.ForeignKey(
        Device, models.CASCADE, related_name="invitations", db_index=False, verbose_name=_("device")
    )
    # No foreign key, whose check each row of a sending would pay for.
    domain_id = models.BigIntegerField(
        _("domain"), null=True, editable=False, help_text=_("Of the device when its user was invited.")
    )
    # Filtered by, for the counts of a batch.
    batch = models.ForeignKey(
        ImportBatch,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="invitations",
        verbose_name=_("import batch"),
    )
    replaces = models.OneToOneField(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Channel)
    recipient = models.CharField(
        _("recipient"), max_length=254, help_text=_("E-mail address, or phone number as E.164.")
    )
    language = models.CharField(_("language"), max_length=5, choices=Language)
    token_hash = models.CharField(
        max_length=64, editable=False, help_text=_("SHA-256 of the link's token, in hexadecimal digits.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    state_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    revoked_because = models.CharField(_("reason"), max_length=10, choices=RevokedBecause, blank=True, editable=False)

    # --- the outbox ---
    # When something is to be sent: the message while it is queued, a reminder afterwards. NULL: nothing is.
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(
        _("attempts"), default=0, editable=False, help_text=_("Of the message that is to be sent, or was sent last.")
    )
    # The lane (outbox/lanes.py) that has it in hand: whose holder is gone, the message may or may not have been sent.
    holder = models.UUIDField(null=True, editable=False)
    provider_id = models.CharField(
        _("provider's number"), max_length=255, blank=True, help_text=_("Of the message that was sent last.")
    )
    last_error = models.TextField(_("last error"), blank=True)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    reminders = models.PositiveSmallIntegerField(_("reminders"), default=0, help_text=_("Sent so far."))

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Empty: until so many days after it is sent.")
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    bounced_at = models.DateTimeField(_("bounced"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True, help_text=_("The page behind the link."))
    redeemed_at = models.DateTimeField(_("used"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-created_at", "-id")
        permissions = (
            ("send_invitation", "Can invite device users, and resend, revoke and extend invitations"),
            ("export_invitation", "Can export invitations"),
        )
        constraints = (
            # Found by it when the link is followed. (With unique=True PostgreSQL gets a second index, for LIKE.)
            models.UniqueConstraint(fields=("token_hash",), name="invitation_token_unique"),
            # Two sendings at once, or a double click: the second finds the first's invitation, or fails as a whole.
            models.UniqueConstraint(
                fields=("device",),
                condition=models.Q(state__in=("queued", "sending", "sent", "delivered", "bounced", "opened")),
                name="invitation_live_unique",
            ),
        )
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="invitation_order"),  # the list
            models.Index(fields=("device", "state"), name="invitation_of_device"),  # which devices were invited?
            models.Index(fields=("sending", "state"), name="invitation_of_sending"),  # progress, pause, cancel
            models.Index(fields=("batch", "state"), name="invitation_of_batch"),  # the batch's counts
            models.Index(  # outbox/claim.py
                fields=("channel", "next_attempt_at", "id"),
                condition=models.Q(next_attempt_at__isnull=False),
                name="invitation_due",
            ),
            models.Index(  # outbox/tend.py: what a dead worker left
                fields=("holder",), condition=models.Q(holder__isnull=False), name="invitation_held"
            ),
            models.Index(fields=("state", "expires_at"), name="invitation_expiry"),  # outbox/expiry.py
            models.Index(  # delivery_status.py
                fields=("provider_id",), condition=~models.Q(provider_id=""), name="invitation_provider_id"
            ),
            models.Index(fields=("recipient", "state"), name="invitation_recipient"),  # reach.py: what came after it
            models.Index(  # reach.py: a message to that address bounced
                fields=("recipient",), condition=models.Q(bounced_at__isnull=False), name="invitation_bounced"
            ),
        )

    def __str__(self) -> str:
        return f"{self.recipient} ({self.get_state_display()})"

    def note(self, kind: str, text: str = "", person: User | None = None) -> None:
        """Add an event to the timeline; `text` is for the administrator and never holds a secret."""
        InvitationEvent.objects.create(invitation=self, kind=kind, text=text, person=person)


class InvitationEvent(models.Model):
    """Something that happened to an invitation and that its own columns don't tell."""

    class Kind(models.TextChoices):
        RETRY = "retry", _("Could not be sent yet")
        FAILED = "failed", _("Could not be sent")
        UNCERTAIN = "uncertain", _("Sent again after a crash")
        NO_ANSWER = "no_answer", _("Not confirmed: it may have arrived")
        REMINDED = "reminded", _("Reminder sent")
        REVOKED = "revoked", _("Revoked")
        EXTENDED = "extended", _("Extended")
        PROVIDER = "provider", _("Said by the provider")
        COMPLAINED = "complained", _("Marked as unwanted by the recipient")

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="events", verbose_name=_("invitation"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("event"), max_length=10, choices=Kind)
    text = models.TextField(_("text"), blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("event of an invitation")
        verbose_name_plural = _("events of an invitation")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return str(self.get_kind_display())

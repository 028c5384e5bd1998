"""Which invitations were asked for at one go, by whom, and may they go out now?"""

from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Domain, ImportBatch
from devices.models.moving import Moving
from devices.vocabulary import Language


class SendingQuerySet(models.QuerySet["Sending"]):
    def in_work(self) -> Self:
        """Sendings that a worker has, or should have, in hand."""
        return self.filter(state__in=Sending.IN_WORK)


class Sending(Moving):
    """Invitations that were asked for at one go: they are paused, resumed and cancelled together."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")
        EMAIL_OR_SMS = "email_or_sms", _("E-mail, and SMS where no address works")

    class State(models.TextChoices):
        QUEUEING = "queueing", _("Preparing")
        RUNNING = "running", _("Sending")
        PAUSED = "paused", _("Paused")
        CANCELLING = "cancelling", _("Cancelling")
        CANCELLED = "cancelled", _("Cancelled")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    # Where a worker moves on (queueing.py).
    IN_WORK: ClassVar[frozenset[str]] = frozenset({State.QUEUEING, State.CANCELLING})
    # What a person may still stop.
    OPEN: ClassVar[frozenset[str]] = frozenset({State.QUEUEING, State.RUNNING, State.PAUSED})

    # Made with the form: a second click on its button is the same sending.
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, default=Channel.EMAIL)
    batch = models.ForeignKey(
        ImportBatch,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="sendings",
        verbose_name=_("import batch"),
        help_text=_("Whose ticked rows are invited. Empty: the chosen devices."),
    )
    domain = models.ForeignKey(
        Domain,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,
        related_name="+",
        verbose_name=_("domain"),
        help_text=_("Of all its devices. Empty: they are of several, and only people with all domains see it."),
    )
    devices = models.JSONField(default=list, editable=False, help_text=_("Numbers of the chosen devices."))
    include_invited = models.BooleanField(
        _("invite again"),
        default=False,
        help_text=_("Devices that were invited before get a new invitation; the link of the old one is dead."),
    )
    language = models.CharField(
        _("language"), max_length=5, choices=Language, blank=True, help_text=_("Empty: the one of the user's domain.")
    )
    starts_at = models.DateTimeField(
        _("starts"), null=True, blank=True, help_text=_("Not before then. Empty: at once.")
    )
    validity_days = models.PositiveSmallIntegerField(
        _("valid for days"),
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("From when the message goes out."),
    )
    remind_after_days = models.PositiveSmallIntegerField(
        _("remind after days"),
        default=0,
        validators=[MaxValueValidator(365)],
        help_text=_("An invitation that is not used by then is sent again, and again after as many days. 0: never."),
    )
    remind_at_most = models.PositiveSmallIntegerField(
        _("reminders at most"), default=0, validators=[MaxValueValidator(10)]
    )
    # Indexed for outbox/tend.py, which looks every few seconds.
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUEING, db_index=True)
    state_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False, help_text=_("Last sign of the worker that has it."))
    attempts = models.PositiveSmallIntegerField(default=0, editable=False, help_text=_("Workers that began this step."))
    counts = models.JSONField(
        _("counts"),
        default=dict,
        help_text=_("`queued`: number of invitations; `unreachable`: number of devices by the reason."),
    )
    failure = models.JSONField(default=dict, blank=True, help_text=_("Why it failed: code and message."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sent by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SendingQuerySet.as_manager()

    class Meta:
        verbose_name = _("sending")
        verbose_name_plural = _("sendings")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("-created_at", "-id"), name="sending_order"),)  # the list

    def __str__(self) -> str:
        return str(_("Sending %(id)s") % {"id": self.pk})

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

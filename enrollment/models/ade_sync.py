"""Which sync of an ADE account is under way, how far is it, and how did the last ones end?"""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .ade_account import AdeAccount


class AdeSyncQuerySet(models.QuerySet["AdeSync"]):
    def hurriable(self) -> Self:
        """Those that wait for the next try, though Apple didn't ask for it: a person needn't wait as long."""
        waiting = self.filter(state=AdeSync.State.QUEUED, next_at__gt=timezone.now())
        return waiting.filter(is_asked_to_wait=False)


class AdeSync(models.Model):
    """One sync of an account, from the wish to its end; a killed one is taken up where its last page was saved."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("account__domain",)

    class Kind(models.TextChoices):
        FULL = "full", _("Full")
        DELTA = "delta", _("Changes")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Phase(models.TextChoices):
        """What it does; a killed one goes on there."""

        LIST = "list", _("Reading the whole list")
        GONE = "gone", _("Removing what is no longer listed")
        CHANGES = "changes", _("Reading the changes")

    OPEN: ClassVar[frozenset[str]] = frozenset({State.QUEUED, State.RUNNING})

    account = models.ForeignKey(AdeAccount, models.CASCADE, related_name="syncs", verbose_name=_("ADE account"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.QUEUED)
    claim = models.UUIDField(
        null=True, help_text=_("Of the worker that has it: whoever finds another one here leaves it alone.")
    )
    process = models.CharField(max_length=200, blank=True, help_text=_("Of the worker: see outbox/process.py."))
    phase = models.CharField(_("phase"), max_length=7, choices=Phase)
    is_begun_anew = models.BooleanField(default=False, help_text=_("Apple refused a cursor, once in this sync."))
    pages = models.PositiveIntegerField(_("pages"), default=0)
    fetched = models.PositiveIntegerField(_("devices read"), default=0)
    added = models.PositiveIntegerField(_("added"), default=0)
    modified = models.PositiveIntegerField(_("modified"), default=0)
    deleted = models.PositiveIntegerField(_("removed"), default=0)
    pre_approved = models.PositiveIntegerField(_("pre-approved"), default=0)
    withdrawn = models.PositiveIntegerField(_("withdrawn"), default=0)
    takes_empty = models.BooleanField(
        default=False, help_text=_("Somebody asked for the whole list: an empty one is believed.")
    )
    tries = models.PositiveSmallIntegerField(_("tries"), default=0, help_text=_("In a row that have failed."))
    error = models.CharField(_("error"), max_length=40, blank=True, help_text=_("Code of Apple's, or of ade/errors."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
        help_text=_("Empty: the clock."),
    )
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    next_at = models.DateTimeField(_("not before"), null=True)
    is_asked_to_wait = models.BooleanField(default=False, help_text=_("Apple said for how long, at the last try."))
    alive_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = AdeSyncQuerySet.as_manager()

    class Meta:
        verbose_name = _("ADE sync")
        verbose_name_plural = _("ADE syncs")
        ordering = ("-id",)
        constraints = (  # one at a time for each account, whoever asks
            models.UniqueConstraint(
                fields=("account",), condition=models.Q(state__in=("queued", "running")), name="ade_sync_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def mark(self) -> int:
        """What the devices that it has read are marked with; begun anew, it doesn't know those of before."""
        return -self.pk if self.is_begun_anew else self.pk

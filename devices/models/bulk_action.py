"""What is to be done to many devices at once, and how far is it? The row that the page and the worker share."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BulkAction(models.Model):
    """One change of all devices that were ticked, or that match a filter; done by a worker, chunk by chunk."""

    OWNED_BY: ClassVar[str] = "created_by"  # others see it with all domains: its devices may be of any

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN: ClassVar[frozenset[str]] = frozenset({State.QUEUED, State.RUNNING})

    kind = models.CharField(_("action"), max_length=40)  # of devices/bulk; higher layers add theirs
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    query = models.TextField(_("filters"), blank=True, help_text=_("Of the list whose devices are meant."))
    chosen = models.JSONField(
        _("ticked devices"), null=True, blank=True, help_text=_("Their numbers; empty: all that match the filters.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    position = models.BigIntegerField(
        _("position"), default=0, help_text=_("Number of the last device that is done: a worker that follows goes on.")
    )
    # What filters by days mean, whenever a worker comes to it: those of who asked, counted from when they asked.
    as_of = models.DateTimeField(default=timezone.now, editable=False)
    time_zone = models.CharField(max_length=64, blank=True, default="", editable=False)
    last = models.BigIntegerField(_("last"), default=0, help_text=_("Number of the newest device when it was asked."))
    total = models.PositiveIntegerField(_("devices"), default=0)
    done = models.PositiveIntegerField(_("looked at"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    skipped = models.JSONField(_("left out"), default=dict, blank=True, help_text=_("How many, by reason."))
    last_error = models.TextField(_("error"), blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    alive_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        ordering = ("-id",)
        indexes = (  # what a crash left behind
            models.Index(fields=("id",), condition=models.Q(state__in=("queued", "running")), name="bulk_action_open"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

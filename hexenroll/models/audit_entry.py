"""Who did what to which object, from where, and what was it before and after? Written by django-auditlog and audit/."""

from typing import ClassVar

from auditlog.models import AbstractLogEntry
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(AbstractLogEntry):
    """One change; never changed itself."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain_id",)

    class By(models.TextChoices):
        """Through what it was done."""

        PERSON = "person", _("Person")
        API_KEY = "api_key", _("API key")
        DEVICE = "device", _("Device")
        JOB = "job", _("Job")
        COMMAND = "command", _("Command line")

    by = models.CharField(_("through"), max_length=10, choices=By, default=By.JOB)
    actor_name = models.CharField(
        _("by"), max_length=200, blank=True, help_text=_("As it was called then: accounts and keys may be deleted.")
    )
    # No foreign key: an entry outlives the domain.
    domain_id = models.BigIntegerField(_("domain"), null=True, blank=True)

    class Meta(AbstractLogEntry.Meta):
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ("-timestamp", "-id")
        indexes = (
            models.Index(fields=("-timestamp", "-id"), name="audit_order"),  # the list
            models.Index(
                fields=("content_type", "object_id", "-timestamp"), name="audit_of_object"
            ),  # a device's history
            models.Index(fields=("domain_id", "-timestamp", "-id"), name="audit_domain"),  # the list, in some domains
        )

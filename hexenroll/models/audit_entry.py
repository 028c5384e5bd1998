"""Who did what to which object, from where, and what was it before and after? Written by audit/writing.py alone."""

from typing import ClassVar, NoReturn

from auditlog.models import AbstractLogEntry
from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from hexenroll.audit.writing import AuditEntries

from .audit_by import By


class AuditEntry(AbstractLogEntry):
    """One change; never changed itself.

    Its links are numbers without a promise (DO_NOTHING): what is deleted leaves the entries about it as they are.
    """

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain_id",)
    By = By

    content_type = models.ForeignKey(
        "contenttypes.ContentType", models.DO_NOTHING, db_constraint=False, related_name="+", verbose_name=_("kind")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("account"),
    )
    by = models.CharField(_("through"), max_length=10, choices=By, default=By.JOB)
    actor_name = models.CharField(
        _("by"), max_length=200, blank=True, help_text=_("As it was called then: accounts and keys may be deleted.")
    )
    # No foreign key: an entry outlives the domain.
    domain_id = models.BigIntegerField(_("domain"), null=True, blank=True)

    objects = AuditEntries()

    class Meta(AbstractLogEntry.Meta):
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-timestamp", "-id")
        default_permissions = ("view",)  # nobody adds, changes or deletes one
        permissions = (("export_auditentry", "Can export the audit log"),)
        indexes = (
            models.Index(fields=("-timestamp", "-id"), name="audit_order"),  # the list
            models.Index(
                fields=("content_type", "object_id", "-timestamp"), name="audit_of_object"
            ),  # a device's history
            models.Index(fields=("domain_id", "-timestamp", "-id"), name="audit_domain"),  # the list, in some domains
            models.Index(fields=("actor", "-timestamp", "-id"), name="audit_actor"),  # the list, of one account
            models.Index(Upper("object_repr"), name="audit_repr_upper"),  # the search for an object by its name
        )

    def __str__(self) -> str:
        return self.object_repr or str(_("Entry %(number)s") % {"number": self.pk})

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise NotImplementedError("Entries of the audit log are removed by audit/retention.py alone.")

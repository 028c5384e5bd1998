"""What does the audit log know of one object? Asked by the pages of devices, users and others."""

from django.db.models import Model, QuerySet

from hexenroll.models import AuditEntry


def entries_of(instance: Model) -> QuerySet[AuditEntry]:
    """Return the entries about an object, the newest first; the caller narrows them to what somebody may see."""
    return AuditEntry.objects.get_for_object(instance).order_by("-timestamp", "-id")

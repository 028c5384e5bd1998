"""How long is the audit log kept? Asked by the clock, once a night.

The database refuses to change or delete an entry (migration 0002); the row of hexenroll_audit_release, which nobody
else ever sees because it is gone before the transaction ends, lets this deletion through.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from hexenroll.models import AuditEntry

CHUNK = 5_000


def forget() -> int:
    """Remove entries older than HEXENROLL_AUDIT_KEEP_DAYS days, in chunks; return how many."""
    over = timezone.now() - timedelta(days=settings.HEXENROLL_AUDIT_KEEP_DAYS)
    old = AuditEntry.objects.filter(timestamp__lt=over).order_by("timestamp", "id").values_list("pk", flat=True)
    count = 0
    while numbers := list(old[:CHUNK]):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO hexenroll_audit_release (id) VALUES (1)")
            removed = AuditEntry.objects.filter(pk__in=numbers)._raw_delete("default")
            cursor.execute("DELETE FROM hexenroll_audit_release")
        count += removed
    return count

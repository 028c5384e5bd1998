"""Whose links are void because an import gave the device to another user? Called as an import is committed."""

from typing import Final

from django.db import connection
from django.utils import timezone

from devices.imports.sql import execute
from devices.models import ImportBatch, ImportSnapshot

from .models import Invitation

# Of the devices that the import overwrote, those that were somebody else's.
_GIVEN_AWAY: Final = f"""
SELECT s.object_id FROM devices_importsnapshot s JOIN devices_device d ON d.id = s.object_id
WHERE s.batch_id = %(batch)s AND s.kind = '{ImportSnapshot.Kind.DEVICE}'
    AND CAST(s.before->>'user_id' AS bigint) IS DISTINCT FROM d.user_id
"""  # noqa: S608
# What went out to the former user, unless the file brought another one.
_FORGET: Final = f"""
UPDATE devices_device SET one_time_password = NULL
WHERE id IN ({_GIVEN_AWAY} AND s.before->>'one_time_password' = d.one_time_password) AND id IN (
    SELECT device_id FROM invitations_invitation
    WHERE state IN ({Invitation.LIVE_SQL}) AND holder IS NULL AND (state <> '{Invitation.State.QUEUED}' OR attempts > 0)
)
"""  # noqa: S608
_REVOKE: Final = f"""
UPDATE invitations_invitation
SET state = '{Invitation.State.REVOKED}', revoked_because = '{Invitation.RevokedBecause.DEVICE}',
    state_changed_at = %(now)s, next_attempt_at = NULL
WHERE state IN ({Invitation.LIVE_SQL}) AND holder IS NULL AND device_id IN ({_GIVEN_AWAY})
"""  # noqa: S608


def withdraw(batch: ImportBatch) -> int:
    """End the invitations of former users of devices, in the transaction that commits the import; return how many.

    An invitation that a worker has in hand right now goes out. The devices' time of change stays, for undo.
    """
    if not ImportSnapshot.objects.filter(batch=batch, kind=ImportSnapshot.Kind.DEVICE).exists():
        return 0
    parameters = {"batch": batch.pk, "now": connection.ops.adapt_datetimefield_value(timezone.now())}
    execute(_FORGET, parameters)
    return execute(_REVOKE, parameters)

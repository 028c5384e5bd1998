"""May an import still be undone? Not once one of its devices' users was told; asked by devices.imports.undo."""

from django.db.models import Q, QuerySet
from django.utils.translation import ngettext

from devices.models import Device, ImportBatch

from .models import Invitation


def sent_since(batch: ImportBatch, devices: QuerySet[Device], *, lock: bool) -> str:
    """Return why an import with invitations that went out, or may have gone out, can't be undone; "" when it can.

    Those that still wait go with their devices.
    """
    theirs = Invitation.objects.filter(device__in=devices.order_by().values("pk"))
    invitations = theirs.filter(created_at__gte=batch.committed_at)
    if lock:
        # The outbox skips what is locked: none of these is sent until they are gone.
        locked = invitations.select_for_update(of=("self",)).order_by("pk").values_list("pk")
        for _pk in locked.iterator(chunk_size=10_000):
            pass
    gone_out = invitations.exclude(state=Invitation.State.QUEUED).filter(
        Q(state=Invitation.State.SENDING) | Q(attempts__gt=0)
    )
    count = gone_out.count()
    if not count:
        return ""
    text = ngettext(
        "%(count)s device user of this import has been invited.",
        "%(count)s device users of this import have been invited.",
        count,
    )
    return text % {"count": count}

"""May an import still be undone? Not once one of its devices' users was told; asked by devices.imports.undo.

| the invitation                                                   | keeps the import |
|------------------------------------------------------------------|------------------|
| was sent, delivered, opened, bounced                             | yes              |
| is being sent                                                    | yes              |
| may have arrived: nobody answered, or the worker died over it    | yes              |
| waits, for the first time or after an answer that says so        | no               |
| failed: it was refused for good, or the provider reports so      | no               |
"""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import ngettext

from devices.models import Device, ImportBatch

from .models import Invitation, InvitationEvent

State = Invitation.State
Kind = InvitationEvent.Kind
WENT_OUT = Invitation.USABLE | {State.REDEEMED}


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
    in_doubt = InvitationEvent.objects.filter(invitation=OuterRef("pk"), kind__in=(Kind.UNCERTAIN, Kind.NO_ANSWER))
    went_out = Q(state__in=WENT_OUT) | (Q(sent_at__isnull=False) & ~Q(state=State.FAILED))
    has_shown = Q(delivered_at__isnull=False) | Q(opened_at__isnull=False) | Q(bounced_at__isnull=False)
    if count := invitations.filter(went_out | has_shown).count():
        text = ngettext(
            "%(count)s device user of this import has been invited.",
            "%(count)s device users of this import have been invited.",
            count,
        )
        return text % {"count": count}
    count = invitations.filter(Exists(in_doubt)).count()
    if not count:
        return ""
    text = ngettext(
        "A message to %(count)s device user of this import may have arrived.",
        "Messages to %(count)s device users of this import may have arrived.",
        count,
    )
    return text % {"count": count}

"""What is the audit log told of invitations and sendings? Called by actions.py and many.py."""

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from devices.changes import VARIOUS, WORDS, Action, announce

from .models import Invitation, Sending

REVOKED: Final = "invitation.revoked"
EXTENDED: Final = "invitation.extended"
BEGUN: Final = "sending.begun"
PAUSED: Final = "sending.paused"
RESUMED: Final = "sending.resumed"
CANCELLED: Final = "sending.cancelled"
WORDS.update(
    {
        REVOKED: _("Revoked"),
        EXTENDED: _("Prolonged"),
        BEGUN: _("Began to invite"),
        PAUSED: _("Paused"),
        RESUMED: _("Went on"),
        CANCELLED: _("Cancelled"),
    }
)


def tell_of_invitations(numbers: Sequence[int], what: str, person: Any) -> None:
    """Tell that a person revoked or prolonged invitations; what the portal does by itself is in their own history.

    Args:
        numbers: of the invitations.
        what: REVOKED or EXTENDED.
        person: who did it; None: the portal.
    """
    if person is None:
        return
    fields = {"state": (VARIOUS, Invitation.State.REVOKED)} if what == REVOKED else {}
    announce(Invitation, Action.CHANGED, what, ids=list(numbers), fields=fields, person=person)


def tell_of_sending(sending: Sending, what: str, person: Any = None) -> None:
    """Tell what was done with a sending."""
    action = Action.CREATED if what == BEGUN else Action.CHANGED
    announce(Sending, action, what, ids=[sending.pk], person=person, source=sending.batch)

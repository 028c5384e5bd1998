"""Does an invitation's link still lead anywhere, and if not, why? Asked by invitation_page.py."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from invitations.models import Invitation

State = Invitation.State


class Standing(TextChoices):
    """What a link is worth. The labels are the titles of the pages; what they tell is true of nobody in particular."""

    OPEN = "open", _("Enroll your device")
    NOT_READY = "not_ready", _("This link is not ready yet")
    UNKNOWN = "unknown", _("This link is not known")
    EXPIRED = "expired", _("This link has expired")
    USED = "used", _("This link has been used")
    REPLACED = "replaced", _("There is a newer invitation")
    REVOKED = "revoked", _("This link has been withdrawn")
    NOT_WAITING = "not_waiting", _("This link leads nowhere any more")
    FAILED = "failed", _("This link does not work")


@dataclass(frozen=True)
class ClosedPage:
    """The page of a link that leads nowhere: its HTTP status, what happened, and what to do."""

    status: HTTPStatus
    why: str | Promise
    what_to_do: str | Promise


_ask = _("Ask whoever sent you the message for a new invitation.")
CLOSED: Final[dict[Standing, ClosedPage]] = {
    Standing.NOT_READY: ClosedPage(
        HTTPStatus.NOT_FOUND,
        _("The message with this link is still on its way through the server."),
        _("Open the link again in a few minutes."),
    ),
    Standing.UNKNOWN: ClosedPage(
        HTTPStatus.NOT_FOUND,
        _("No invitation has this address. A part of the link may be missing."),
        _("Tap the link in the message, or copy all of it. If that does not help, ask for a new invitation."),
    ),
    Standing.EXPIRED: ClosedPage(
        HTTPStatus.GONE, _("An invitation is valid for a limited time, and this one has run out."), _ask
    ),
    Standing.USED: ClosedPage(
        HTTPStatus.GONE,
        _("The invitation has done its work: a device was enrolled with it."),
        _("There is nothing more to do. If it was not you, tell your IT department at once."),
    ),
    Standing.REPLACED: ClosedPage(
        HTTPStatus.GONE,
        _("You were sent another invitation after this one, and only the newest works."),
        _("Look for the newest message and use the link in it."),
    ),
    Standing.REVOKED: ClosedPage(HTTPStatus.GONE, _("The invitation was withdrawn by those who had sent it."), _ask),
    Standing.NOT_WAITING: ClosedPage(
        HTTPStatus.GONE,
        _("The device that the invitation was for is not waiting for its enrollment any more."),
        _("Ask your IT department if you think that it should be."),
    ),
    Standing.FAILED: ClosedPage(HTTPStatus.GONE, _("The message with this link could not be sent as it should."), _ask),
}
_OF_REVOKED: Final[dict[str, Standing]] = {
    Invitation.RevokedBecause.REPLACED: Standing.REPLACED,
    Invitation.RevokedBecause.DEVICE: Standing.NOT_WAITING,
    Invitation.RevokedBecause.APPROVAL: Standing.NOT_WAITING,
}


def standing_of(invitation: Invitation | None, now: datetime) -> Standing:
    """Tell what the link of an invitation is worth at this moment.

    | the first that applies                                             | answer               |
    |--------------------------------------------------------------------|----------------------|
    | nobody was ever sent this token                                    | unknown              |
    | it was used, or its device is enrolled                             | used                 |
    | it was replaced by a newer one                                     | replaced             |
    | it was revoked as its device, or the approval, is gone             | not_waiting          |
    | it was revoked by a person, or with its sending                    | revoked              |
    | it could not be sent                                               | failed               |
    | its time is up, whether that was written down already or not       | expired              |
    | its device is blocked or disenrolled, or its approval has expired  | not_waiting          |
    | it waits to be sent, and was never tried                           | not_ready            |
    | else                                                               | open                 |

    Args:
        invitation: with its device; None: no invitation has the token.
        now: the time, with its zone.
    """
    if invitation is None:
        return Standing.UNKNOWN
    device = invitation.device
    if invitation.state == State.REDEEMED or device.status == Device.Status.ENROLLED:
        return Standing.USED
    if invitation.state == State.REVOKED:
        return _OF_REVOKED.get(invitation.revoked_because, Standing.REVOKED)
    if invitation.state == State.FAILED:
        return Standing.FAILED
    if invitation.state == State.EXPIRED or _is_past(invitation.expires_at, now):
        return Standing.EXPIRED
    if device.status != Device.Status.PRE_APPROVED or _is_past(device.approval_expires_at, now):
        return Standing.NOT_WAITING
    # One that was tried and waits again may have arrived: its server took it, and only the answer was lost.
    return Standing.NOT_READY if invitation.state == State.QUEUED and not invitation.attempts else Standing.OPEN


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now

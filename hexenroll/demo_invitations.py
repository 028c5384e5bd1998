"""What became of the invitations of the demo's imports? Called by demo.py; nothing is sent, neither now nor later.

In every state that lasts: the invitations of an old import, of a recent one, and of one whose sending is paused.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.utils import timezone

from devices.models import Device, ImportBatch
from invitations import one_time_password
from invitations.link_token import hash_of, token_of
from invitations.models import Invitation, InvitationEvent, Sending

State = Invitation.State
Kind = InvitationEvent.Kind
Because = Invitation.RevokedBecause

VALID_DAYS = 7
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# What became of those who did not enroll by an old import; how far those of a recent one are.
UNUSED = {State.EXPIRED: 12, State.FAILED: 2, State.REVOKED: 1}
RECENT = (*[State.SENT] * 4, *[State.DELIVERED] * 8, *[State.OPENED] * 9, *[State.BOUNCED] * 2, State.FAILED)
GREYLISTED = "The mail server put it off: 451 4.7.1 Greylisted, please try again later."
NO_SUCH_USER = "The mail server refused the recipient: 550 5.1.1 No such user here."
UNREACHABLE = "The provider could not deliver it: the number is switched off, or does not exist."
# Which stamps a message gets on its way into a state, in their order.
STAMPS: dict[str, tuple[str, ...]] = {
    State.SENT: ("sent_at",),
    State.EXPIRED: ("sent_at",),
    State.REVOKED: ("sent_at",),
    State.BOUNCED: ("sent_at", "bounced_at"),
    State.DELIVERED: ("sent_at", "delivered_at"),
    State.OPENED: ("sent_at", "delivered_at", "opened_at"),
    State.REDEEMED: ("sent_at", "delivered_at", "opened_at", "redeemed_at"),
}


def long_ago(batch: ImportBatch, randomness: Random) -> None:
    """Write the invitations of an import whose devices have enrolled by them, or never will."""
    states = {
        Device.Status.ENROLLED: State.REDEEMED,
        Device.Status.DISENROLLED: State.REDEEMED,
        Device.Status.BLOCKED: State.REVOKED,
    }
    unused = lambda: randomness.choices(list(UNUSED), list(UNUSED.values()))[0]  # noqa: E731
    told = [(device, states.get(Device.Status(device.status)) or unused()) for device in _devices(batch)]
    begun = batch.committed_at or timezone.now()
    _write(_sending(batch, Invitation.Channel.EMAIL, Sending.State.DONE, begun), told, randomness)


def recently(batch: ImportBatch, randomness: Random) -> None:
    """Write the invitations of an import whose users were told today; one of them asked for another message."""
    begun = timezone.now() - timedelta(hours=9)
    sending = _sending(batch, Invitation.Channel.SMS, Sending.State.DONE, begun)
    told = _write(sending, list(zip(_devices(batch), RECENT, strict=False)), randomness)
    lost = next(invitation for invitation in told if invitation.state == State.DELIVERED)
    again = _sending(batch, Invitation.Channel.EMAIL, Sending.State.DONE, begun + timedelta(hours=5))
    lost.state, lost.revoked_because, lost.state_changed_at = State.REVOKED, Because.REPLACED, again.created_at
    lost.save()
    newer = _write(again, [(lost.device, State.OPENED)], randomness)[0]
    Invitation.objects.filter(pk=newer.pk).update(replaces=lost)


def paused(batch: ImportBatch, randomness: Random) -> None:
    """Write the invitations of an import whose sending was paused before the first message."""
    sending = _sending(batch, Invitation.Channel.EMAIL, Sending.State.PAUSED, timezone.now())
    _write(sending, [(device, State.QUEUED) for device in _devices(batch)], randomness)


def _devices(batch: ImportBatch) -> Sequence[Device]:
    return list(Device.objects.filter(import_batch=batch).select_related("user", "domain").order_by("pk"))


def _sending(batch: ImportBatch, channel: str, state: str, begun: datetime) -> Sending:
    sending = Sending.objects.create(
        batch=batch, channel=channel, state=state, validity_days=VALID_DAYS, created_by=batch.committed_by
    )
    Sending.objects.filter(pk=sending.pk).update(created_at=begun, state_changed_at=begun)
    sending.created_at = begun
    return sending


def _write(sending: Sending, told: Iterable[tuple[Device, State]], randomness: Random) -> list[Invitation]:
    """Write one invitation for each device, in the state given with it, with what happened until then."""
    invitations = [_invitation(sending, device, state, randomness) for device, state in told]
    begun = sending.created_at
    Invitation.objects.bulk_create(invitations)
    Invitation.objects.filter(sending=sending).update(created_at=begun)
    InvitationEvent.objects.bulk_create(
        event for invitation in invitations for event in _events(invitation, randomness)
    )
    for invitation in invitations:
        invitation.created_at = begun
        password = one_time_password.generate() if invitation.state in Invitation.LIVE else None
        Device.objects.filter(pk=invitation.device_id).update(one_time_password=password)
    sending.counts = {"queued": len(invitations), "unreachable": {}}
    sending.save(update_fields=["counts"])
    return invitations


def _invitation(sending: Sending, device: Device, state: State, randomness: Random) -> Invitation:
    public_id, user = uuid4(), device.user
    if user is None:
        raise ValueError(f"{device} has no user")
    made = Invitation(
        public_id=public_id,
        token_hash=hash_of(token_of(public_id)),
        sending=sending,
        batch=sending.batch,
        device=device,
        domain_id=device.domain_id,
        channel=sending.channel,
        recipient=user.email if sending.channel == Invitation.Channel.EMAIL else str(user.mobile),
        language=device.domain.language,
        state=state,
        attempts=0 if state == State.QUEUED else 1,
        next_attempt_at=sending.created_at if state == State.QUEUED else None,
    )
    at = sending.created_at
    for stamp in STAMPS.get(state, ()):
        at += timedelta(minutes=randomness.randrange(1, 60))
        setattr(made, stamp, at)
    if made.sent_at:
        made.expires_at = made.sent_at + timedelta(days=VALID_DAYS)
    if state in (State.FAILED, State.BOUNCED):
        made.last_error, made.error_code = _error(sending.channel)
    if state == State.REVOKED:
        made.revoked_because = Because.PERSON if device.status == Device.Status.PRE_APPROVED else Because.DEVICE
        at = sending.created_at + DAY
    made.state_changed_at = made.expires_at if state == State.EXPIRED and made.expires_at else at
    return made


def _error(channel: str) -> tuple[str, str]:
    return (NO_SUCH_USER, "550") if channel == Invitation.Channel.EMAIL else (UNREACHABLE, "twilio 30003")


def _events(invitation: Invitation, randomness: Random) -> Iterable[InvitationEvent]:
    begun, person = invitation.sending.created_at, invitation.sending.created_by

    def event(kind: Kind, later: timedelta, text: str = "", *, is_ours: bool = False) -> InvitationEvent:
        at = begun + later
        return InvitationEvent(invitation=invitation, kind=kind, at=at, text=text, person=person if is_ours else None)

    if invitation.state == State.FAILED:
        yield event(Kind.FAILED, MINUTE, invitation.last_error)
    elif invitation.channel == Invitation.Channel.EMAIL and invitation.sent_at and randomness.random() < 0.1:
        yield event(Kind.RETRY, MINUTE / 2, GREYLISTED)
    if invitation.state == State.REVOKED and invitation.revoked_because == Because.PERSON:
        yield event(Kind.REVOKED, DAY, is_ours=True)
    if invitation.state == State.EXPIRED and randomness.random() < 0.2:
        yield event(Kind.REMINDED, 3 * DAY)

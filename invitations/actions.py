"""What may a person do with invitations? Called by the pages and by the import's --invite.

Inviting only writes a Sending and tells a worker, however many devices there are. Each action that can't be taken is an
ActionError that says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, ImportBatch
from devices.scope import scope_of
from devices.vocabulary import Language

from .lock_order import lock_devices
from .models import Invitation, InvitationEvent, Sending
from .outbox.dispatch import call_workers, tell
from .outbox.expiry import forget_passwords
from .outbox.reminders import plan_again
from .told import BEGUN, CANCELLED, EXTENDED, PAUSED, RESUMED, REVOKED, tell_of_invitations, tell_of_sending

Kind = InvitationEvent.Kind
State = Invitation.State
LONGEST_DAYS = 365
# Devices that are asked for together, of how many domains they are.
CHUNK = 10_000


class ActionError(Exception):
    """It can't be done now; the text says why and what to do."""


@dataclass(frozen=True)
class Options:
    """How devices are invited. What is None comes from the settings.

    Attributes:
        channel: of Sending.Channel.
        language: of vocabulary.Language; "": each user's domain's own.
        starts_at: nothing goes out before; None: at once.
        validity_days: 1 to 365, counted from when a message goes out.
        remind_after_days: 0 to 365; 0: no reminders.
        remind_at_most: 0 to 10.
        include_invited: devices that were invited before get a new invitation.
    """

    channel: str
    language: str = ""
    starts_at: datetime | None = None
    validity_days: int | None = None
    remind_after_days: int | None = None
    remind_at_most: int | None = None
    include_invited: bool = False


def invite_batch(
    batch: ImportBatch,
    options: Options,
    person: User | None,
    *,
    request_key: UUID | None = None,
    tell_worker: bool = True,
) -> Sending:
    """Invite the users of the ticked rows of an import.

    Args:
        batch: a committed import.
        options: how.
        person: who does it.
        request_key: of the form that asks; a second call with the same key returns the first one's sending.
        tell_worker: False where the caller prepares the sending itself.

    Raises:
        ActionError: the import is not committed, or an option is impossible.
    """
    if batch.state not in (ImportBatch.State.COMMITTED, ImportBatch.State.COMMITTING):
        raise ActionError(_("Only the devices of a finished import can be invited."))
    return _begin(Sending(batch=batch, domain_id=batch.domain_id), options, person, request_key, tell_worker)


def invite_devices(
    devices: Iterable[int],
    options: Options,
    person: User | None,
    *,
    request_key: UUID | None = None,
    tell_worker: bool = True,
) -> Sending:
    """Invite the users of chosen devices, given by their numbers; otherwise as invite_batch.

    Raises:
        ActionError: there is no device, or an option is impossible.
    """
    numbers = sorted(set(devices))
    if not numbers:
        raise ActionError(_("Choose at least one device."))
    return _begin(Sending(devices=numbers, domain_id=_one_domain(numbers)), options, person, request_key, tell_worker)


def invite_each_domain(
    devices: Iterable[int], options: Options, person: User | None, *, request_key: UUID | None = None
) -> list[Sending]:
    """Invite as invite_devices, by a sending for each domain where the person doesn't work in all of them.

    Whoever works in some domains sees, and can stop, only what is of one domain.

    Raises:
        ActionError: there is no device, or an option is impossible.
    """
    numbers = sorted(set(devices))
    by_domain: dict[int, list[int]] = {}
    if person is not None and not scope_of(person).is_everything:
        for start in range(0, len(numbers), CHUNK):
            some = Device.objects.filter(pk__in=numbers[start : start + CHUNK]).order_by("pk")
            for number, domain in some.values_list("pk", "domain"):
                by_domain.setdefault(domain, []).append(number)
    if len(by_domain) < 2:
        return [invite_devices(numbers, options, person, request_key=request_key)]
    with transaction.atomic():
        return [
            _begin(
                Sending(devices=theirs, domain_id=domain),
                options,
                person,
                uuid5(request_key, str(domain)) if request_key else None,
                True,
            )
            for domain, theirs in sorted(by_domain.items())
        ]


def pause(sending: Sending) -> None:
    """Let nothing more of a sending go out for now; what a worker has in hand right now still does.

    Raises:
        ActionError: it is not running.
    """
    if not sending.move(source=Sending.State.RUNNING, target=Sending.State.PAUSED):
        raise ActionError(_("Only a sending that runs can be paused."))
    tell_of_sending(sending, PAUSED)


def resume(sending: Sending) -> None:
    """Go on with a paused sending.

    Raises:
        ActionError: it is not paused.
    """
    if not sending.move(source=Sending.State.PAUSED, target=Sending.State.RUNNING):
        raise ActionError(_("Only a paused sending can go on."))
    tell_of_sending(sending, RESUMED)
    for channel in Invitation.Channel:
        transaction.on_commit(partial(call_workers, channel))


def cancel(sending: Sending) -> None:
    """Revoke the invitations of a sending that have not gone out, and send no reminders.

    Raises:
        ActionError: it is over already.
    """
    fresh: dict[str, object] = {"heartbeat_at": None, "attempts": 0}
    if not sending.move(source=Sending.OPEN, target=Sending.State.CANCELLING, **fresh):
        raise ActionError(_("This sending is over: revoke its invitations instead."))
    tell_of_sending(sending, CANCELLED)
    transaction.on_commit(partial(tell, "prepare_sending", sending.pk))


def resend(invitation: Invitation, person: User | None, *, request_key: UUID | None = None) -> Sending:
    """Invite the user of the same device once more, as before; the link of the old invitation is dead.

    Args:
        invitation: the old one.
        person: who does it.
        request_key: as for invite_batch.

    Raises:
        ActionError: the invitation was used, is being sent, or its device is not waiting for its enrollment.
    """
    if invitation.state not in Invitation.RESENDABLE:
        raise ActionError(_("An invitation that was used, or is being sent right now, can't be sent again."))
    if invitation.device.status != Device.Status.PRE_APPROVED:
        raise ActionError(_("The device is not waiting for its enrollment: there is nothing to invite to."))
    # It may name a million devices.
    sending = Sending.objects.defer("devices", "counts").get(pk=invitation.sending_id)
    options = as_before(sending, invitation.channel)
    return invite_devices([invitation.device_id], options, person, request_key=request_key)


def as_before(sending: Sending, channel: str) -> Options:
    """Return the options of sending one of its invitations again: as it was sent, by one channel, and at once."""
    return Options(
        channel=channel,
        language=sending.language,
        validity_days=sending.validity_days,
        remind_after_days=sending.remind_after_days,
        remind_at_most=sending.remind_at_most,
        include_invited=True,
    )


def revoke(invitation: Invitation, person: User | None) -> None:
    """End an invitation: its link is dead, and so is the one-time password once the message has gone out.

    Raises:
        ActionError: it is over already, or is being sent right now.
    """
    with transaction.atomic():
        lock_devices([invitation.device_id])
        free = Invitation.objects.filter(pk=invitation.pk, state__in=Invitation.REVOCABLE, holder=None)
        # Locked and read anew: it may have gone out since the caller looked.
        found = free.select_for_update().values_list("state", "attempts").first()
        if found is None:
            raise ActionError(_("An invitation that is over, or is being sent right now, can't be revoked."))
        free.update(
            state=State.REVOKED,
            revoked_because=Invitation.RevokedBecause.PERSON,
            state_changed_at=timezone.now(),
            next_attempt_at=None,
        )
        invitation.note(Kind.REVOKED, person=person)
        tell_of_invitations([invitation.pk], REVOKED, person)
        state, attempts = found
        if state != State.QUEUED or attempts:
            forget_passwords([invitation.device_id])
    invitation.refresh_from_db()


def extend(invitation: Invitation, days: int, person: User | None) -> None:
    """Let an invitation that was sent be valid for so many days from now, and remind of it again if there is room.

    Args:
        invitation: a live one.
        days: 1 to 365.
        person: who does it.

    Raises:
        ActionError: it is over, was not sent yet, is valid for longer, or the number of days is impossible.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise ActionError(_("An invitation can be extended by 1 to %(days)s days.") % {"days": LONGEST_DAYS})
    now = timezone.now()
    until = now + timedelta(days=days)
    with transaction.atomic():
        mine = Invitation.objects.filter(pk=invitation.pk)
        live = mine.usable().filter(expires_at__gt=now)
        if not live.filter(expires_at__lt=until).update(expires_at=until):
            if live.exists():
                raise ActionError(_("The invitation is valid for longer than that already. Nothing was changed."))
            raise ActionError(_("Only an invitation that was sent and is still valid can be extended. Send it again."))
        plan_again(mine, now)
        invitation.note(Kind.EXTENDED, until.isoformat(timespec="minutes"), person)
        tell_of_invitations([invitation.pk], EXTENDED, person)
    invitation.refresh_from_db()


def _begin(
    sending: Sending, options: Options, person: User | None, request_key: UUID | None, tell_worker: bool
) -> Sending:
    """Write a sending for a worker to prepare, and tell one after the commit."""
    _must_be_possible(options)
    sending.request_key = request_key or uuid4()
    sending.channel = options.channel
    sending.language = options.language
    sending.starts_at = options.starts_at
    sending.include_invited = options.include_invited
    sending.validity_days = _or(options.validity_days, settings.HEXENROLL_INVITATION_DAYS)
    sending.remind_after_days = _or(options.remind_after_days, settings.HEXENROLL_REMIND_AFTER_DAYS)
    sending.remind_at_most = _or(options.remind_at_most, settings.HEXENROLL_REMIND_AT_MOST)
    sending.created_by = person
    is_new = request_key is None or not Sending.objects.filter(request_key=request_key).exists()
    Sending.objects.bulk_create([sending], ignore_conflicts=True)
    begun = Sending.objects.get(request_key=sending.request_key)
    if is_new:
        tell_of_sending(begun, BEGUN, person)
    if tell_worker:
        transaction.on_commit(partial(tell, "prepare_sending", begun.pk))
    return begun


def _one_domain(numbers: list[int]) -> int | None:
    """Return the domain of devices; None: they are of several."""
    found: set[int] = set()
    for start in range(0, len(numbers), CHUNK):
        some = Device.objects.filter(pk__in=numbers[start : start + CHUNK]).order_by()
        found.update(some.values_list("domain", flat=True).distinct()[:2])
        if len(found) > 1:
            return None
    return found.pop() if found else None


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _must_be_possible(options: Options) -> None:
    """Check the options.

    Raises:
        ActionError: one of them is impossible.
    """
    if options.channel not in Sending.Channel.values:
        raise ActionError(_("Choose e-mail or SMS."))
    if options.language and options.language not in Language.values:
        raise ActionError(_("There are no messages in that language."))
    if options.validity_days is not None and not 1 <= options.validity_days <= LONGEST_DAYS:
        raise ActionError(_("An invitation can be valid for 1 to %(days)s days.") % {"days": LONGEST_DAYS})
    if options.remind_after_days is not None and not 0 <= options.remind_after_days <= LONGEST_DAYS:
        raise ActionError(_("A reminder can be sent after 1 to %(days)s days; 0: never.") % {"days": LONGEST_DAYS})
    if options.remind_at_most is not None and not 0 <= options.remind_at_most <= 10:
        raise ActionError(_("There can be 0 to 10 reminders."))

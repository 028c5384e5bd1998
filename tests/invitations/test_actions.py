"""What may a person do with invitations, and what is refused in words?"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from devices.models import Device, ImportBatch
from invitations import actions, many, queueing
from invitations.actions import ActionError, Options
from invitations.channels.outcome import RefusedError, TryLaterError
from invitations.models import Invitation, InvitationEvent, Sending
from invitations.outbox import tend
from tests.devices.importing import checked_rows, committed, device, row, undone
from tests.factories import DeviceFactory, ImportBatchFactory, InvitationFactory, SendingFactory
from tests.invitations.outbox import Provider, provider, state_of, worked

pytestmark = pytest.mark.django_db
__all__ = ["provider"]

State = Invitation.State


def prepared(sending: Sending) -> Sending:
    queueing.run(sending.pk)
    sending.refresh_from_db()
    return sending


def test_a_sending_remembers_who_asked_for_it_and_takes_the_rest_from_the_settings(administrator: User) -> None:
    sending = actions.invite_devices([DeviceFactory.create().pk], Options(channel="email"), administrator)
    assert (sending.created_by, sending.state) == (administrator, Sending.State.QUEUEING)
    assert (sending.validity_days, sending.remind_after_days) == (7, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channel": "pigeon"}, "Choose e-mail or SMS."),
        ({"language": "tlh"}, "There are no messages in that language."),
        ({"validity_days": 0}, "An invitation can be valid for 1 to 365 days."),
        ({"validity_days": 366}, "An invitation can be valid for 1 to 365 days."),
        ({"remind_after_days": -1}, "A reminder can be sent after 1 to 365 days; 0: never."),
        ({"remind_at_most": 11}, "There can be 0 to 10 reminders."),
    ],
)
def test_an_impossible_choice_is_refused_in_words(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ActionError) as error:
        actions.invite_devices([1], Options(**({"channel": "email"} | options)), None)
    assert str(error.value) == message
    assert not Sending.objects.exists()


def test_nobody_is_invited_to_nothing() -> None:
    with pytest.raises(ActionError, match="Choose at least one device"):
        actions.invite_devices([], Options(channel="email"), None)


@pytest.mark.parametrize("state", [ImportBatch.State.READY, ImportBatch.State.UNDONE, ImportBatch.State.FAILED])
def test_only_a_finished_import_is_invited(state: str) -> None:
    batch = ImportBatchFactory.create(state=state)
    with pytest.raises(ActionError, match="finished import"):
        actions.invite_batch(batch, Options(channel="email"), None)


def test_a_paused_sending_sends_nothing_until_it_goes_on(provider: Provider) -> None:
    invitation = InvitationFactory.create()
    actions.pause(invitation.sending)
    assert worked().sent == 0
    actions.resume(invitation.sending)
    assert worked().sent == 1


def test_only_what_runs_is_paused_and_only_what_is_paused_goes_on() -> None:
    sending = SendingFactory.create(state=Sending.State.DONE)
    with pytest.raises(ActionError, match="Only a sending that runs"):
        actions.pause(sending)
    with pytest.raises(ActionError, match="Only a paused sending"):
        actions.resume(sending)
    with pytest.raises(ActionError, match="is over"):
        actions.cancel(sending)


def test_a_cancelled_sending_takes_back_what_waits_and_leaves_what_was_sent(provider: Provider) -> None:
    sending = SendingFactory.create()
    sent = InvitationFactory.create(sending=sending, state=State.SENT, next_attempt_at=timezone.now())
    waiting = InvitationFactory.create(sending=sending)
    actions.cancel(sending)
    assert worked().sent == 0
    assert prepared(sending).state == Sending.State.CANCELLED
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.state, waiting.revoked_because) == (State.REVOKED, Invitation.RevokedBecause.CANCELLED)
    assert (sent.state, sent.next_attempt_at) == (State.SENT, None)


def test_a_cancelled_sending_waits_for_what_is_in_a_workers_hand() -> None:
    holder = "9f3c4a52-6f43-4a39-8b1e-0a4c7d1c2b11"
    held = InvitationFactory.create(state=State.SENDING, holder=holder)
    actions.cancel(held.sending)
    assert prepared(held.sending).state == Sending.State.CANCELLING
    Invitation.objects.update(holder=None, state=State.SENT)
    assert prepared(held.sending).state == Sending.State.CANCELLED


def test_a_sending_that_is_cancelled_before_it_was_prepared_invites_nobody() -> None:
    sending = actions.invite_devices([DeviceFactory.create().pk], Options(channel="email"), None)
    actions.cancel(sending)
    assert prepared(sending).state == Sending.State.CANCELLED
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("state", [State.QUEUED, State.SENT, State.BOUNCED, State.FAILED, State.EXPIRED, State.REVOKED])
def test_a_resent_invitation_has_a_new_link_and_the_old_one_is_dead(state: str, administrator: User) -> None:
    old = InvitationFactory.create(state=state)
    prepared(actions.resend(old, administrator))
    new = Invitation.objects.live().get()
    assert new != old
    assert new.token_hash != old.token_hash
    assert state_of(old) not in Invitation.LIVE
    assert new.replaces == old


@pytest.mark.parametrize("how", ["one", "many"])
def test_what_is_sent_again_is_sent_as_before(how: str) -> None:
    before = {"language": "de", "validity_days": 3, "remind_after_days": 1, "remind_at_most": 2}
    old = InvitationFactory.create(state=State.EXPIRED, sending=SendingFactory.create(**before))
    if how == "one":
        sending = actions.resend(old, None)
    else:
        [sending] = many.resend(Invitation.objects.all(), None).sendings
    assert {name: getattr(sending, name) for name in before} == before
    prepared(sending)
    new = Invitation.objects.live().get()
    assert (new.language, new.replaces) == ("de", old)


@pytest.mark.parametrize("state", [State.REDEEMED, State.SENDING])
def test_one_that_was_used_or_is_being_sent_is_not_resent(state: str) -> None:
    with pytest.raises(ActionError, match="used, or is being sent"):
        actions.resend(InvitationFactory.create(state=state), None)


def test_nobody_is_invited_again_once_the_device_enrolled() -> None:
    invitation = InvitationFactory.create(state=State.SENT, device__status=Device.Status.ENROLLED)
    with pytest.raises(ActionError, match="not waiting for its enrollment"):
        actions.resend(invitation, None)


def test_a_revoked_invitation_loses_its_password_and_says_who_did_it(administrator: User) -> None:
    invitation = InvitationFactory.create(state=State.SENT, device__one_time_password="quiet-otter-12")
    actions.revoke(invitation, administrator)
    assert (invitation.state, invitation.revoked_because) == (State.REVOKED, Invitation.RevokedBecause.PERSON)
    event = invitation.events.get()
    assert (event.kind, event.person) == (InvitationEvent.Kind.REVOKED, administrator)
    assert Device.objects.get().one_time_password is None


def test_one_that_went_out_since_the_page_was_made_loses_its_password() -> None:
    invitation = InvitationFactory.create(device__one_time_password="quiet-otter-12")
    Invitation.objects.update(state=State.SENT, attempts=1)
    actions.revoke(invitation, None)
    assert Device.objects.get().one_time_password is None


def test_one_that_was_never_sent_leaves_the_password_of_the_file_in_place() -> None:
    invitation = InvitationFactory.create(device__one_time_password="quiet-otter-12")
    actions.revoke(invitation, None)
    assert Device.objects.get().one_time_password == "quiet-otter-12"


@pytest.mark.parametrize("state", [State.REDEEMED, State.FAILED, State.EXPIRED, State.REVOKED, State.SENDING])
def test_one_that_is_over_is_not_revoked(state: str) -> None:
    with pytest.raises(ActionError, match="over, or is being sent"):
        actions.revoke(InvitationFactory.create(state=state), None)


def test_a_valid_invitation_is_extended(administrator: User) -> None:
    soon = timezone.now() + timedelta(hours=1)
    invitation = InvitationFactory.create(state=State.OPENED, expires_at=soon)
    actions.extend(invitation, 30, administrator)
    assert invitation.expires_at is not None
    assert timedelta(days=29) < invitation.expires_at - timezone.now() <= timedelta(days=30)
    assert invitation.events.get().kind == InvitationEvent.Kind.EXTENDED


def test_an_extension_never_shortens() -> None:
    late = timezone.now() + timedelta(days=30)
    invitation = InvitationFactory.create(state=State.SENT, expires_at=late)
    with pytest.raises(ActionError, match="valid for longer than that already"):
        actions.extend(invitation, 7, None)
    assert many.extend(Invitation.objects.all(), 7, None).skipped == {many.Skipped.VALID_LONGER: 1}
    invitation.refresh_from_db()
    assert invitation.expires_at == late
    assert not invitation.events.exists()


@pytest.mark.parametrize("how", ["one", "many"])
@pytest.mark.parametrize(
    ("wish", "changes", "is_planned"),
    [
        ({"remind_after_days": 5, "remind_at_most": 1}, {}, True),
        ({"remind_after_days": 5, "remind_at_most": 1}, {"reminders": 1}, False),
        ({"remind_after_days": 5, "remind_at_most": 1}, {"state": State.BOUNCED}, False),
        ({"remind_after_days": 0, "remind_at_most": 1}, {}, False),
        ({"remind_after_days": 7, "remind_at_most": 1}, {}, False),
        ({"remind_after_days": 5, "remind_at_most": 1, "state": Sending.State.CANCELLED}, {}, False),
    ],
)
def test_who_has_longer_is_reminded_again_where_there_is_room(
    wish: dict[str, Any], changes: dict[str, Any], is_planned: bool, how: str
) -> None:
    known = {"state": State.SENT, "expires_at": timezone.now() + timedelta(hours=1), "next_attempt_at": None}
    invitation = InvitationFactory.create(sending=SendingFactory.create(**wish), **(known | changes))
    if how == "one":
        actions.extend(invitation, 7, None)
    else:
        many.extend(Invitation.objects.all(), 7, None)
    invitation.refresh_from_db()
    assert (invitation.next_attempt_at is not None) == is_planned
    if invitation.next_attempt_at:
        assert timedelta(days=4) < invitation.next_attempt_at - timezone.now() <= timedelta(days=5)


def test_who_complained_is_not_reminded_because_of_an_extension() -> None:
    sending = SendingFactory.create(remind_after_days=5, remind_at_most=1)
    soon = timezone.now() + timedelta(hours=1)
    invitation = InvitationFactory.create(sending=sending, state=State.SENT, expires_at=soon, next_attempt_at=None)
    invitation.note(InvitationEvent.Kind.COMPLAINED)
    actions.extend(invitation, 7, None)
    assert invitation.next_attempt_at is None


@pytest.mark.parametrize(("state", "hours"), [(State.EXPIRED, 1), (State.SENT, -1), (State.QUEUED, 1)])
def test_one_that_is_over_or_was_not_sent_is_not_extended(state: str, hours: int) -> None:
    invitation = InvitationFactory.create(state=state, expires_at=timezone.now() + timedelta(hours=hours))
    with pytest.raises(ActionError, match="sent and is still valid"):
        actions.extend(invitation, 7, None)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_nothing_is_extended_by_an_impossible_time(days: int) -> None:
    with pytest.raises(ActionError, match="1 to 365 days"):
        actions.extend(InvitationFactory.create(state=State.SENT), days, None)


def test_an_import_whose_users_were_invited_is_not_undone(provider: Provider) -> None:
    batch = committed(checked_rows(row(1), row(2)))
    prepared(actions.invite_batch(batch, Options(channel="email"), None))
    worked()
    undone(batch)
    assert batch.state == ImportBatch.State.COMMITTED
    assert batch.failure["message"] == "Nothing was undone: 2 device users of this import have been invited."


def invited(provider: Provider, *answers: Exception) -> ImportBatch:
    """Import one row, and invite its user, whose messages are answered so."""
    batch = committed(checked_rows(row(1)))
    prepared(actions.invite_batch(batch, Options(channel="email"), None))
    provider.answers[""] = list(answers)
    for _answer in answers:
        Invitation.objects.exclude(next_attempt_at=None).update(next_attempt_at=timezone.now())
        worked()
    return batch


UNANSWERED = TryLaterError("It may have arrived all the same.", "no answer", may_have_arrived=True)
GREYLISTED = TryLaterError("Greylisted.", "451")
REFUSED = RefusedError("There is no such mailbox.", "550")


@pytest.mark.parametrize("answers", [(UNANSWERED,), (UNANSWERED, GREYLISTED), (UNANSWERED, REFUSED)])
def test_an_import_is_not_undone_where_a_message_may_have_arrived(
    provider: Provider, answers: tuple[Exception, ...]
) -> None:
    batch = invited(provider, *answers)
    undone(batch)
    assert batch.failure["message"] == (
        "Nothing was undone: A message to 1 device user of this import may have arrived."
    )


def test_an_import_is_not_undone_where_the_last_attempt_may_have_arrived(
    provider: Provider, settings: Settings
) -> None:
    settings.HEXENROLL_SEND_ATTEMPTS = 1
    batch = invited(provider, UNANSWERED)
    assert Invitation.objects.get().state == State.FAILED
    undone(batch)
    assert "may have arrived" in batch.failure["message"]


def test_an_import_is_not_undone_where_a_worker_died_over_a_message() -> None:
    batch = committed(checked_rows(row(1)))
    prepared(actions.invite_batch(batch, Options(channel="email"), None))
    Invitation.objects.update(state=State.SENDING, holder="9f3c4a52-6f43-4a39-8b1e-0a4c7d1c2b11")
    tend.put_back()
    assert Invitation.objects.get().state == State.QUEUED
    undone(batch)
    assert "may have arrived" in batch.failure["message"]


@pytest.mark.parametrize("answers", [(GREYLISTED,), (REFUSED,), (GREYLISTED, REFUSED)])
def test_an_import_whose_messages_were_refused_is_undone(provider: Provider, answers: tuple[Exception, ...]) -> None:
    batch = invited(provider, *answers)
    undone(batch)
    assert batch.state == ImportBatch.State.UNDONE


def test_an_import_is_undone_together_with_the_invitations_that_wait() -> None:
    batch = committed(checked_rows(row(1), row(2)))
    prepared(actions.invite_batch(batch, Options(channel="email"), None))
    undone(batch)
    assert batch.state == ImportBatch.State.UNDONE
    assert not Invitation.objects.exists()


def test_an_invitation_from_before_the_import_does_not_keep_it_from_being_undone() -> None:
    known = DeviceFactory.create(serial_number=row(1)["serial_number"], platform=row(1)["platform"])
    InvitationFactory.create(device=known, state=State.SENT, attempts=1)
    batch = committed(checked_rows(row(1)), "replace")
    undone(batch)
    assert batch.state == ImportBatch.State.UNDONE
    assert device(1).name == known.name

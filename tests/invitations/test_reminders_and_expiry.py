"""When is somebody reminded, when does an invitation end, and what goes with it?"""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from devices.models import Device
from invitations.channels.outcome import RefusedError, TryLaterError
from invitations.delivery_status import StatusEvent, record
from invitations.messages.message import Mail, Message
from invitations.models import Invitation, InvitationEvent
from invitations.outbox import expiry
from tests.factories import InvitationFactory, SendingFactory
from tests.invitations.outbox import Provider, provider, state_of, worked

pytestmark = pytest.mark.django_db
__all__ = ["provider"]

State = Invitation.State
DAY = timedelta(days=1)


@pytest.fixture
def invitation(provider: Provider) -> Invitation:
    """Return an invitation that was sent, and that may be reminded of twice, each two days later."""
    made = InvitationFactory.create(
        sending=SendingFactory.create(remind_after_days=2, remind_at_most=2, validity_days=7),
        device__one_time_password="quiet-otter-12",
    )
    worked()
    made.refresh_from_db()
    assert provider.recipients == [made.recipient]
    return made


def its_time_comes() -> None:
    Invitation.objects.exclude(next_attempt_at=None).update(next_attempt_at=timezone.now())


def test_nobody_is_reminded_unless_that_was_chosen(provider: Provider) -> None:
    InvitationFactory.create()
    worked()
    assert Invitation.objects.get().next_attempt_at is None


def test_the_first_reminder_comes_after_the_chosen_days(invitation: Invitation) -> None:
    assert invitation.next_attempt_at is not None
    assert 1.99 * DAY < invitation.next_attempt_at - timezone.now() <= 2 * DAY


def test_a_reminder_holds_the_same_link_and_another_message_id(provider: Provider, invitation: Invitation) -> None:
    its_time_comes()
    worked()
    first, reminder = provider.messages
    assert isinstance(first, Mail)
    assert isinstance(reminder, Mail)
    link = next(word for word in first.text.split() if "/i/" in word)
    assert link in reminder.text
    assert first.message_id != reminder.message_id


def test_a_reminder_leaves_the_state_as_it_is(provider: Provider, invitation: Invitation) -> None:
    Invitation.objects.update(state=State.OPENED)
    its_time_comes()
    worked()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.reminders) == (State.OPENED, 1)
    assert invitation.events.get().kind == InvitationEvent.Kind.REMINDED


def test_there_are_never_more_reminders_than_chosen(provider: Provider, invitation: Invitation) -> None:
    for _day in range(5):
        its_time_comes()
        worked()
    assert len(provider.messages) == 1 + 2
    invitation.refresh_from_db()
    assert (invitation.reminders, invitation.next_attempt_at) == (2, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.REDEEMED},
        {"state": State.REVOKED},
        {"state": State.BOUNCED},
        {"state": State.EXPIRED},
        {"expires_at": timezone.now()},
    ],
)
def test_nobody_is_reminded_of_an_invitation_that_is_over(
    provider: Provider, invitation: Invitation, changes: dict[str, object]
) -> None:
    Invitation.objects.update(**changes)
    its_time_comes()
    worked()
    assert len(provider.messages) == 1
    assert Invitation.objects.get().next_attempt_at is None


@pytest.mark.parametrize("changes", [{"status": Device.Status.ENROLLED}, {"approval_expires_at": timezone.now()}])
def test_nobody_is_reminded_once_the_device_enrolled_or_its_approval_expired(
    provider: Provider, invitation: Invitation, changes: dict[str, object]
) -> None:
    Device.objects.update(**changes)
    its_time_comes()
    worked()
    assert len(provider.messages) == 1


def test_a_reminder_that_is_refused_is_the_last(provider: Provider, invitation: Invitation) -> None:
    provider.answers[""] = [RefusedError("The mailbox was closed.")]
    its_time_comes()
    worked()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.next_attempt_at) == (State.SENT, None)


def test_a_reminder_that_may_go_later_is_tried_again(provider: Provider, invitation: Invitation) -> None:
    provider.answers[""] = [TryLaterError("Greylisted.")]
    its_time_comes()
    worked()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.reminders) == (State.SENT, 0)
    assert invitation.next_attempt_at is not None
    its_time_comes()
    worked()
    assert len(provider.messages) == 2


def test_the_attempts_of_a_reminder_count_from_its_own_beginning(
    provider: Provider, settings: Settings, invitation: Invitation
) -> None:
    settings.HEXENROLL_SEND_ATTEMPTS = 3
    Invitation.objects.update(attempts=2)
    provider.answers[""] = [TryLaterError("Greylisted."), TryLaterError("Greylisted.")]
    for attempts in (1, 2):
        its_time_comes()
        worked()
        invitation.refresh_from_db()
        assert (invitation.attempts, invitation.next_attempt_at is not None) == (attempts, True)
    its_time_comes()
    worked()
    invitation.refresh_from_db()
    assert (invitation.attempts, invitation.reminders, len(provider.messages)) == (3, 1, 2)


def test_a_complaint_that_comes_while_a_reminder_is_in_hand_ends_the_reminders(
    provider: Provider, invitation: Invitation
) -> None:
    def complain(message: Message) -> None:
        assert Invitation.objects.get().holder is not None
        assert record(invitation.provider_id, StatusEvent.COMPLAINED, at=timezone.now())

    provider.before = complain
    its_time_comes()
    worked()
    provider.before = lambda message: None
    its_time_comes()
    worked()
    assert len(provider.messages) == 1 + 1
    assert Invitation.objects.get().next_attempt_at is None


def test_no_reminder_is_planned_for_after_the_end(provider: Provider) -> None:
    InvitationFactory.create(sending=SendingFactory.create(remind_after_days=7, remind_at_most=1, validity_days=7))
    worked()
    assert Invitation.objects.get().next_attempt_at is None


def test_an_invitation_past_its_time_expires_and_its_password_goes(invitation: Invitation) -> None:
    assert expiry.expire() == 0
    Invitation.objects.update(expires_at=timezone.now())
    assert expiry.expire() == 1
    assert state_of(invitation) == State.EXPIRED
    assert Device.objects.get().one_time_password is None


def test_one_that_expires_while_it_waits_for_a_reminder_loses_its_password(
    provider: Provider, invitation: Invitation
) -> None:
    Invitation.objects.update(expires_at=timezone.now(), next_attempt_at=timezone.now())
    worked()
    assert state_of(invitation) == State.EXPIRED
    assert len(provider.messages) == 1
    assert Device.objects.get().one_time_password is None


def test_one_that_is_revoked_with_the_approval_loses_its_password(provider: Provider, invitation: Invitation) -> None:
    Device.objects.update(approval_expires_at=timezone.now())
    its_time_comes()
    worked()
    assert state_of(invitation) == State.REVOKED
    assert Device.objects.get().one_time_password is None


def test_the_password_of_a_device_that_was_invited_again_stays(invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now(), state=State.REVOKED)
    InvitationFactory.create(device=invitation.device)
    assert expiry.expire() == 0
    assert Device.objects.get().one_time_password == "quiet-otter-12"


def test_one_that_is_in_a_workers_hand_does_not_expire_under_it(invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now(), holder="9f3c4a52-6f43-4a39-8b1e-0a4c7d1c2b11")
    assert expiry.expire() == 0

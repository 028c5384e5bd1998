"""What becomes of the messages that a worker had in hand when it died?"""

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from invitations.models import Invitation, InvitationEvent, Lane, Sending
from invitations.outbox import lanes, tend
from invitations.outbox.lanes import take_lane
from invitations.outbox.process import is_dead, this_process
from tests.factories import InvitationFactory, SendingFactory
from tests.invitations.outbox import Provider, provider, state_of, worked

pytestmark = pytest.mark.django_db
__all__ = ["provider"]

State = Invitation.State


def lane(process: str, *, seconds: float) -> UUID:
    """Make a lane that a process holds for so many seconds yet."""
    holder = uuid4()
    lease_until = timezone.now() + timedelta(seconds=seconds)
    Lane.objects.create(channel="email", number=1, holder=holder, process=process, lease_until=lease_until)
    return holder


def gone() -> str:
    """Return the name of a process of this machine that is not there any more: its number was given anew."""
    return this_process().rpartition(":")[0] + ":1"


def test_this_process_lives_and_one_of_another_machine_is_not_known_to_be_dead() -> None:
    assert not is_dead(this_process())
    assert not is_dead("another machine:pid:[1]:17:4711")
    assert is_dead(gone())


def test_what_a_dead_worker_held_waits_again_and_its_first_may_be_there_twice() -> None:
    holder = lane(gone(), seconds=60)
    first, second = (InvitationFactory.create(state=State.SENDING, holder=holder) for _number in range(2))
    assert tend.put_back() == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert [(one.state, one.holder) for one in (first, second)] == [(State.QUEUED, None)] * 2
    assert (first.attempts, second.attempts) == (1, 0)
    assert first.events.get().kind == InvitationEvent.Kind.UNCERTAIN
    assert not second.events.exists()


def test_what_a_living_worker_holds_is_left_alone() -> None:
    holder = lane(this_process(), seconds=60)
    invitation = InvitationFactory.create(state=State.SENDING, holder=holder)
    assert tend.put_back() == 0
    assert state_of(invitation) == State.SENDING


def test_a_worker_of_another_machine_is_waited_for_until_its_lease_is_over() -> None:
    holder = lane("another machine:pid:[1]:17:4711", seconds=60)
    invitation = InvitationFactory.create(state=State.SENDING, holder=holder)
    assert tend.put_back() == 0
    Lane.objects.update(lease_until=timezone.now())
    assert tend.put_back() == 1
    assert state_of(invitation) == State.QUEUED


def test_a_second_sending_of_the_same_message_is_the_same_message(provider: Provider) -> None:
    invitation = InvitationFactory.create()
    worked()
    # Its worker died before it could write down that the message was sent.
    Invitation.objects.update(state=State.SENDING, holder=lane_of_the_dead(), next_attempt_at=timezone.now())
    tend.put_back()
    worked()
    assert len(provider.messages) == 2
    assert provider.messages[0] == provider.messages[1]
    assert state_of(invitation) == State.SENT


def lane_of_the_dead() -> UUID:
    holder = uuid4()
    Lane.objects.update(holder=holder, process=gone(), lease_until=timezone.now() + timedelta(minutes=1))
    return holder


def test_a_reminder_that_a_dead_worker_held_keeps_the_state_of_its_invitation() -> None:
    invitation = InvitationFactory.create(state=State.OPENED, holder=lane(gone(), seconds=60))
    tend.put_back()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.holder) == (State.OPENED, None)


def test_who_lost_the_lane_sends_nothing_more(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    invitations = InvitationFactory.create_batch(3)
    provider.before = lambda message: monkeypatch.setattr("invitations.outbox.lanes.HeldLane.is_held", False)
    worked()
    assert provider.recipients == [invitations[0].recipient]
    assert state_of(invitations[2]) == State.SENDING, "left to tend"


def test_who_lost_the_lane_claims_nothing_more(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = InvitationFactory.create_batch(2)
    monkeypatch.setattr("invitations.outbox.lanes.HeldLane.bundle", 1)
    provider.before = lambda message: monkeypatch.setattr("invitations.outbox.lanes.HeldLane.is_held", False)
    worked()
    assert state_of(waiting[1]) == State.QUEUED


def test_a_sending_of_which_nothing_waits_is_done(provider: Provider) -> None:
    InvitationFactory.create()
    waiting = InvitationFactory.create(next_attempt_at=timezone.now() + timedelta(hours=1))
    worked()
    assert tend.finish() == 1
    assert Sending.objects.get(state=Sending.State.RUNNING) == waiting.sending


def test_a_paused_sending_stays_paused() -> None:
    SendingFactory.create(state=Sending.State.PAUSED)
    assert tend.finish() == 0


def test_a_lane_is_lost_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    with take_lane("email") as held:
        assert held is not None
        assert held.is_held
        awake = lanes._seconds()
        monkeypatch.setattr(lanes, "_seconds", lambda: awake + 91)
        assert not held.is_held


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux only")
def test_the_clock_of_a_lane_goes_on_while_the_machine_sleeps() -> None:
    assert lanes._seconds() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=5)

"""What happens when two workers send at once, or people stop, revoke and undo while a worker sends?"""

import time
from collections import Counter
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from devices.imports import commit, steps, undo
from devices.models import Device, ImportBatch
from invitations import actions, queueing
from invitations.messages.message import Message
from invitations.models import Invitation, Lane, Sending
from invitations.outbox import lanes, tend
from tests.factories import DeviceFactory, InvitationFactory, SendingFactory
from tests.faults.test_two_at_once import at_once, committing, content
from tests.invitations.outbox import Provider, provider, worked

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["provider"]

State = Invitation.State
BUNDLE = 100  # that a worker claims at once
COUNT = 250
EMAIL = actions.Options(channel="email")


@pytest.fixture
def sending(provider: Provider) -> Sending:
    """Return a sending whose messages take a moment each, so that others come in between."""
    made = SendingFactory.create()
    InvitationFactory.create_batch(COUNT, sending=made)
    provider.before = lambda message: time.sleep(0.002)
    return made


def states() -> dict[str, int]:
    return Invitation.objects.by_state()


def assert_nothing_is_in_hand() -> None:
    assert not Invitation.objects.exclude(holder=None).exists()
    assert State.SENDING not in states()


def assert_no_message_went_twice(provider: Provider) -> None:
    assert [recipient for recipient, times in Counter(provider.recipients).items() if times > 1] == []


def assert_one_live_invitation_a_device() -> None:
    live = Counter(Invitation.objects.live().values_list("device", flat=True))
    assert set(live.values()) == {1}
    assert len(live) == Device.objects.count()


def test_two_workers_send_each_message_once(provider: Provider, sending: Sending) -> None:
    tallies = at_once(worked, worked)
    assert [tally.had_lane for tally in tallies] == [True, True]
    assert sum(tally.sent for tally in tallies) == COUNT
    assert states() == {State.SENT: COUNT}
    assert_no_message_went_twice(provider)
    assert_nothing_is_in_hand()


def test_more_workers_than_lanes_send_each_message_once(
    provider: Provider, sending: Sending, settings: Settings
) -> None:
    settings.HEXENROLL_EMAIL_CONCURRENCY = 2
    tallies = at_once(*[worked] * 4)
    assert sum(tally.sent for tally in tallies) == COUNT
    assert_no_message_went_twice(provider)


def test_nothing_goes_out_after_it_was_revoked(provider: Provider, sending: Sending) -> None:
    begun: dict[str, float] = {}
    revoked: dict[str, float] = {}

    def note(message: Message) -> None:
        begun[message.recipient] = time.monotonic()
        time.sleep(0.002)

    def revoke_from_the_end() -> None:
        for invitation in Invitation.objects.order_by("-pk"):
            try:
                actions.revoke(invitation, None)
            except actions.ActionError:
                continue
            revoked[invitation.recipient] = time.monotonic()

    provider.before = note
    results = at_once(worked, worked, revoke_from_the_end)
    assert results[2] is None
    assert [who for who, at in revoked.items() if begun.get(who, 0.0) > at] == []
    assert revoked
    expected = {State.REVOKED: len(revoked), State.SENT: COUNT - len(revoked)}
    assert states() == {state: number for state, number in expected.items() if number}
    assert_nothing_is_in_hand()


def test_what_is_in_hand_when_a_sending_is_paused_goes_out_and_the_rest_waits(
    provider: Provider, sending: Sending
) -> None:
    waiting = []

    def pause() -> None:
        time.sleep(0.1)
        actions.pause(sending)
        waiting.append(Invitation.objects.filter(holder=None, state=State.QUEUED).count())

    results = at_once(worked, pause)
    assert results[1] is None
    assert states() == {State.QUEUED: waiting[0], State.SENT: COUNT - waiting[0]}
    assert waiting[0] > 0
    assert_nothing_is_in_hand()
    actions.resume(sending)
    worked()
    assert states() == {State.SENT: COUNT}
    assert_no_message_went_twice(provider)


def test_a_sending_that_is_cancelled_while_it_goes_out_is_sent_or_revoked_to_the_last(
    provider: Provider, sending: Sending
) -> None:
    def cancel() -> None:
        time.sleep(0.1)
        actions.cancel(sending)
        while Sending.objects.get(pk=sending.pk).state == Sending.State.CANCELLING:
            queueing.run(sending.pk)
            time.sleep(0.05)

    results = at_once(worked, worked, cancel)
    assert results[2] is None
    found = states()
    assert set(found) <= {State.SENT, State.REVOKED}
    assert found[State.REVOKED] > 0
    assert len(provider.messages) == found.get(State.SENT, 0)  # none, where cancelling was faster
    sent = set(Invitation.objects.filter(state=State.SENT).values_list("recipient", flat=True))
    assert set(provider.recipients) == sent


def test_who_is_invited_again_while_the_first_message_goes_out_has_one_live_invitation(
    provider: Provider, sending: Sending
) -> None:
    def invite_all_again() -> None:
        options = actions.Options(channel="email", include_invited=True)
        numbers = Device.objects.values_list("pk", flat=True)
        again = actions.invite_devices(numbers, options, None, tell_worker=False)
        queueing.run(again.pk)

    results = at_once(worked, invite_all_again, worked)
    assert results[1] is None
    assert_one_live_invitation_a_device()
    worked()
    assert_nothing_is_in_hand()
    assert set(states()) <= {State.SENT, State.REVOKED}
    assert states()[State.SENT] == COUNT
    written = Counter(provider.recipients)
    assert max(written.values()) <= 2
    # Who got two has two invitations, of which the first is dead.
    twice = {recipient for recipient, times in written.items() if times == 2}
    dead = Invitation.objects.filter(state=State.REVOKED, attempts__gt=0)
    assert set(dead.values_list("recipient", flat=True)) == twice


def test_two_sendings_of_the_same_devices_at_once_invite_each_once() -> None:
    DeviceFactory.create_batch(COUNT)
    numbers = list(Device.objects.values_list("pk", flat=True))
    both = [actions.invite_devices(numbers, EMAIL, None, tell_worker=False) for _click in range(2)]
    assert at_once(*[lambda pk=one.pk: queueing.run(pk) for one in both]) == [None, None]
    assert_one_live_invitation_a_device()
    for one in both:
        one.refresh_from_db()
    assert sorted(one.counts["queued"] for one in both) == [0, COUNT]
    assert sorted(one.counts["unreachable"].get("invited_already", 0) for one in both) == [0, COUNT]


def test_two_workers_that_get_the_same_sending_prepare_it_once() -> None:
    DeviceFactory.create_batch(COUNT)
    numbers = Device.objects.values_list("pk", flat=True)
    sending = actions.invite_devices(numbers, EMAIL, None, tell_worker=False)
    assert at_once(*[lambda: queueing.run(sending.pk)] * 3) == [None] * 3
    assert states() == {State.QUEUED: COUNT}
    assert_one_live_invitation_a_device()


@pytest.mark.parametrize("head_start", [0.0, 0.05, 0.2])
def test_an_import_is_undone_with_nobody_told_or_is_not_undone(provider: Provider, head_start: float) -> None:
    batch = committing(content(range(COUNT)))
    commit.run(batch.pk)
    batch.refresh_from_db()
    sending = actions.invite_batch(batch, EMAIL, None, tell_worker=False)
    queueing.run(sending.pk)
    steps.start_undo(batch, None, tell_worker=False)
    provider.before = lambda message: time.sleep(0.002)

    def take_back() -> None:
        time.sleep(head_start)
        undo.run(batch.pk)

    results = at_once(worked, take_back)
    assert not isinstance(results[0], Exception), results
    batch.refresh_from_db()
    if batch.state == ImportBatch.State.UNDONE:
        assert provider.messages == []
        assert not Device.objects.exists()
    else:
        assert batch.state == ImportBatch.State.COMMITTED
        worked()
        assert states() == {State.SENT: COUNT}
        assert len(provider.messages) == COUNT


def test_a_worker_whose_lane_was_given_to_another_stops_before_its_next_message(
    provider: Provider, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "RENEWED_EVERY", 0.01)

    def lose_the_lane(message: Message) -> None:
        Lane.objects.update(holder=uuid4())
        time.sleep(0.3)

    provider.before = lose_the_lane
    assert worked().sent == 1
    assert tend.put_back() == BUNDLE - 1
    Lane.objects.update(holder=None)
    provider.before = lambda message: None
    worked()
    assert states() == {State.SENT: COUNT}
    assert_no_message_went_twice(provider)

"""Does every invitation that waits go out once, whatever its provider answers?"""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from devices.models import Device
from invitations.channels.outcome import Accepted, ProviderDownError, RefusedError, TryLaterError
from invitations.messages.message import Message
from invitations.models import Invitation, InvitationEvent, Lane, Sending
from invitations.outbox.claim import claim
from invitations.outbox.lanes import take_lane, troubles
from tests.factories import InvitationFactory, SendingFactory
from tests.invitations.outbox import Provider, provider, state_of, worked

pytestmark = pytest.mark.django_db
__all__ = ["provider"]

State = Invitation.State


def hour(number: float) -> timedelta:
    return timedelta(hours=number)


def test_what_waits_is_sent_over_one_connection(provider: Provider) -> None:
    invitations = InvitationFactory.create_batch(3)
    tally = worked()
    assert (tally.sent, provider.opened) == (3, 1)
    assert [state_of(invitation) for invitation in invitations] == [State.SENT] * 3
    assert provider.recipients == [invitation.recipient for invitation in invitations]


def test_a_sent_invitation_knows_when_until_when_and_the_providers_number(provider: Provider) -> None:
    invitation = InvitationFactory.create(sending__validity_days=3)
    provider.answers[""] = [Accepted("42")]
    worked()
    invitation.refresh_from_db()
    now = timezone.now()
    assert invitation.provider_id == "42"
    assert invitation.attempts == 1
    assert invitation.sent_at is not None
    assert now - hour(0.1) < invitation.sent_at <= now
    assert invitation.expires_at is not None
    assert now + hour(71.9) < invitation.expires_at <= now + hour(72)
    assert (invitation.holder, invitation.next_attempt_at) == (None, None)


def test_nothing_is_sent_before_its_time(provider: Provider) -> None:
    InvitationFactory.create(next_attempt_at=timezone.now() + hour(1))
    assert worked().sent == 0


@pytest.mark.parametrize("state", [Sending.State.PAUSED, Sending.State.CANCELLING, Sending.State.CANCELLED])
def test_nothing_of_a_sending_that_was_stopped_is_sent(provider: Provider, state: str) -> None:
    InvitationFactory.create(sending=SendingFactory.create(state=state))
    assert worked().sent == 0


def test_each_channel_sends_its_own(provider: Provider) -> None:
    InvitationFactory.create()
    sms = InvitationFactory.create(channel="sms", recipient="+491701234567")
    worked("sms")
    assert provider.recipients == ["+491701234567"]
    assert state_of(sms) == State.SENT


def test_a_refused_message_has_failed_and_holds_up_no_other(provider: Provider) -> None:
    bad, good = InvitationFactory.create_batch(2)
    provider.answers[bad.recipient] = [RefusedError("There is no such mailbox.", "550")]
    worked()
    bad.refresh_from_db()
    assert (bad.state, bad.last_error, bad.error_code) == (State.FAILED, "There is no such mailbox.", "550")
    assert bad.events.get().kind == InvitationEvent.Kind.FAILED
    assert state_of(good) == State.SENT


def test_a_message_that_may_go_later_waits_longer_each_time(provider: Provider) -> None:
    invitation = InvitationFactory.create()
    provider.answers[""] = [TryLaterError("Greylisted.", "451") for _attempt in range(3)]
    waits = []
    for attempt in range(1, 4):
        Invitation.objects.update(next_attempt_at=timezone.now())
        worked()
        invitation.refresh_from_db()
        assert (invitation.state, invitation.attempts) == (State.QUEUED, attempt)
        assert invitation.next_attempt_at is not None
        waits.append((invitation.next_attempt_at - timezone.now()).total_seconds())
    assert 20 < waits[0] < 40 < waits[1] < 75 < waits[2] < 150
    assert invitation.last_error == "Greylisted."
    Invitation.objects.update(next_attempt_at=timezone.now())
    worked()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.last_error) == (State.SENT, "")


def test_a_provider_that_says_when_is_not_asked_sooner(provider: Provider) -> None:
    invitation = InvitationFactory.create()
    provider.answers[""] = [TryLaterError("Too many.", "429", retry_after=1_800)]
    worked()
    invitation.refresh_from_db()
    assert invitation.next_attempt_at is not None
    assert invitation.next_attempt_at > timezone.now() + hour(0.49)


def test_a_message_that_is_never_taken_is_given_up(provider: Provider, settings: Settings) -> None:
    settings.HEXENROLL_SEND_ATTEMPTS = 2
    invitation = InvitationFactory.create()
    provider.answers[""] = [TryLaterError("The mailbox is full.", "452") for _attempt in range(2)]
    for _attempt in range(2):
        Invitation.objects.update(next_attempt_at=timezone.now())
        worked()
    invitation.refresh_from_db()
    assert invitation.state == State.FAILED
    assert invitation.last_error == "Given up after 2 attempts. The last answer: The mailbox is full."


def test_a_provider_that_can_not_be_used_costs_no_message_an_attempt(provider: Provider) -> None:
    invitations = InvitationFactory.create_batch(3)
    provider.answers[""] = [Accepted("1"), ProviderDownError("The server refuses the password.", "535")]
    tally = worked()
    assert (tally.sent, tally.provider_is_down) == (1, True)
    first, *others = (Invitation.objects.get(pk=invitation.pk) for invitation in invitations)
    assert first.state == State.SENT
    assert [(other.state, other.attempts, other.holder) for other in others] == [(State.QUEUED, 0, None)] * 2
    assert [trouble.text for trouble in troubles()] == ["The server refuses the password."]


def test_what_several_workers_meet_at_once_is_one_trouble(settings: Settings) -> None:
    settings.HEXENROLL_EMAIL_CONCURRENCY = 2
    for troubles_in_a_row in (1, 2):
        with take_lane("email") as one, take_lane("email") as other:
            assert one is not None
            assert other is not None
            one.pause(ProviderDownError("The server is busy.", "421"))
            other.pause(ProviderDownError("The server is busy.", "421"))
        assert set(Lane.objects.filter(channel="email").values_list("troubles", flat=True)) == {troubles_in_a_row}
        (trouble,) = troubles()
        assert trouble.until < timezone.now() + timedelta(seconds=15 * 1.2 * troubles_in_a_row)
        Lane.objects.update(paused_until=timezone.now())


def test_the_time_of_a_message_begins_when_its_provider_can_be_used(provider: Provider) -> None:
    invitation = InvitationFactory.create()
    provider.answers[""] = [ProviderDownError("The server refuses the password.", "535")]
    worked()
    invitation.refresh_from_db()
    assert (invitation.state, invitation.expires_at) == (State.QUEUED, None)


def test_a_provider_that_can_not_be_used_is_left_alone_for_a_while(provider: Provider) -> None:
    InvitationFactory.create()
    provider.answers[""] = [ProviderDownError("The server can't be reached.")]
    worked()
    assert not worked().had_lane
    assert provider.messages == []
    Lane.objects.update(paused_until=timezone.now())
    worked()
    assert len(provider.messages) == 1
    assert troubles() == []
    assert set(Lane.objects.values_list("troubles", "trouble")) == {(0, "")}


def test_the_devices_of_a_sending_are_not_read_with_each_message(provider: Provider) -> None:
    InvitationFactory.create(sending__devices=[1, 2, 3])
    with take_lane("email") as lane:
        assert lane is not None
        (claimed,) = claim(lane)
    assert "devices" in claimed.sending.get_deferred_fields()


def test_a_pause_is_obeyed_soon_however_slow_the_provider_is(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invitations.outbox.deliver.BUNDLE_SECONDS", 0.0)
    first, second = InvitationFactory.create_batch(2, sending=SendingFactory.create())

    def pause(message: Message) -> None:
        Sending.objects.update(state=Sending.State.PAUSED)

    provider.before = pause
    worked()
    second.refresh_from_db()
    assert state_of(first) == State.SENT
    assert (second.state, second.holder, second.expires_at) == (State.QUEUED, None, None)


def test_as_many_workers_send_as_are_allowed(provider: Provider, settings: Settings) -> None:
    settings.HEXENROLL_EMAIL_CONCURRENCY = 1
    InvitationFactory.create()
    inside = []
    provider.before = lambda message: inside.append(worked().had_lane)
    assert worked().sent == 1
    assert inside == [False]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": Device.Status.ENROLLED}, Invitation.RevokedBecause.DEVICE),
        ({"status": Device.Status.BLOCKED}, Invitation.RevokedBecause.DEVICE),
        ({"approval_expires_at": timezone.now()}, Invitation.RevokedBecause.APPROVAL),
    ],
)
def test_a_device_that_waits_no_more_is_not_written_to(
    provider: Provider, changes: dict[str, object], reason: str
) -> None:
    invitation = InvitationFactory.create()
    Device.objects.filter(pk=invitation.device.pk).update(**changes)
    assert worked().sent == 0
    invitation.refresh_from_db()
    assert (invitation.state, invitation.revoked_because) == (State.REVOKED, reason)


def test_a_defect_that_one_message_meets_is_logged_and_holds_up_no_other(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = InvitationFactory.create_batch(2)
    provider.answers[bad.recipient] = [ZeroDivisionError("a defect")]
    worked()
    bad.refresh_from_db()
    assert (bad.state, bad.error_code) == (State.QUEUED, "internal")
    assert "could not be handed over" in caplog.text
    assert state_of(good) == State.SENT


def test_a_page_that_was_opened_before_the_sending_was_written_down_stays_opened(provider: Provider) -> None:
    invitation = InvitationFactory.create()

    def opened_at_once(message: Message) -> None:
        Invitation.objects.update(opened_at=timezone.now())

    provider.before = opened_at_once
    worked()
    assert state_of(invitation) == State.OPENED


def test_the_rate_limit_spreads_the_messages(provider: Provider, settings: Settings) -> None:
    settings.HEXENROLL_EMAIL_RATE = 20
    settings.HEXENROLL_EMAIL_CONCURRENCY = 1
    InvitationFactory.create_batch(6)
    times = []
    provider.before = lambda message: times.append(timezone.now().timestamp())
    worked()
    assert len(times) == 6
    assert times[-1] - times[0] >= 5 / 20 * 0.9

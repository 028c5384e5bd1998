"""What does a provider's report do to an invitation, whatever the order in which reports come?"""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from invitations import delivery_status
from invitations.channels.outcome import Accepted, TryLaterError
from invitations.delivery_status import StatusEvent, find, record, settle
from invitations.link_token import message_id_of, token_of
from invitations.models import Invitation
from invitations.outbox import record as outbox_record
from invitations.outbox.claim import due
from invitations.outbox.deliver import work
from invitations.outbox.tend import put_back
from tests.factories import DeviceFactory, InvitationFactory, SendingFactory
from tests.invitations.http_provider import Answer, http_provider
from tests.invitations.twilio_account import SETTINGS, SMS

pytestmark = pytest.mark.django_db

State = Invitation.State
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
PROVIDER_ID = "SM123"


def make(state: str = State.SENT, **more: Any) -> Invitation:
    """Return an invitation that a provider knows, with a reminder to come."""
    values = {"provider_id": PROVIDER_ID, "next_attempt_at": timezone.now() + timedelta(days=2), **more}
    return InvitationFactory.create(state=state, **values)


def key_of(invitation: Invitation, number: int = 0) -> str:
    return f"{invitation.public_id.hex}.{number}"


def events_of(invitation: Invitation) -> list[tuple[str, str]]:
    return list(invitation.events.values_list("kind", "text"))


# --- the table ------------------------------------------------------------------------------------
# The docstring's, by state: what each event makes of it.
MOVES = {
    ("delivered", "sent"): "delivered",
    ("bounced", "sent"): "bounced",
    ("bounced", "delivered"): "bounced",
    ("opened", "sent"): "opened",
    ("opened", "delivered"): "opened",
    ("opened", "bounced"): "opened",
    ("failed", "sent"): "failed",
}
# Its own tests are below.
WAITING = ("queued", "sending")


@pytest.mark.parametrize("event", StatusEvent.values)
@pytest.mark.parametrize("state", [state for state in State.values if state not in WAITING])
def test_an_event_moves_the_state_as_the_table_says(event: str, state: str) -> None:
    invitation = make(state)
    record(PROVIDER_ID, StatusEvent(event), at=AT, text="Why.")
    invitation.refresh_from_db()
    assert invitation.state == MOVES.get((event, state), state)
    assert invitation.delivered_at == (AT if event == "delivered" else None)
    assert invitation.bounced_at == (AT if event == "bounced" else None)
    assert invitation.opened_at is None
    assert (invitation.next_attempt_at is None) == (event in ("bounced", "failed", "complained"))


def test_the_docstring_has_the_same_table() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:4]] for line in (delivery_status.__doc__ or "").splitlines()[2:10]
    ]
    told = {
        (event, source.split()[0]): target
        for event, sources, target in rows[2:]
        for source in sources.split(",")
        if source.strip()
    }
    del told["failed", "unless"]  # "sent, unless it is a reminder"
    assert told == MOVES


# --- order and repetition -------------------------------------------------------------------------
@pytest.mark.parametrize("order", list(permutations(["delivered", "bounced", "opened"])))
def test_no_order_of_reports_moves_a_state_backwards(order: tuple[str, ...]) -> None:
    invitation = make()
    for index, event in enumerate(order):
        record(PROVIDER_ID, StatusEvent(event), at=AT + timedelta(seconds=index))
    invitation.refresh_from_db()
    assert invitation.state == State.OPENED
    assert invitation.delivered_at == AT + timedelta(seconds=order.index("delivered"))
    assert invitation.bounced_at == AT + timedelta(seconds=order.index("bounced"))


def test_a_late_delivery_of_what_bounced_is_written_down_and_changes_no_state() -> None:
    invitation = make(State.BOUNCED, bounced_at=AT)
    assert record(PROVIDER_ID, StatusEvent.DELIVERED, at=LATER)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.bounced_at, invitation.delivered_at) == (State.BOUNCED, AT, LATER)


@pytest.mark.parametrize("event", StatusEvent.values)
def test_the_same_report_again_changes_nothing(event: str) -> None:
    invitation = make()
    assert record(PROVIDER_ID, StatusEvent(event), at=AT, text="Why.")
    invitation.refresh_from_db()
    before = (Invitation.objects.values().get(pk=invitation.pk), events_of(invitation))
    assert not record(PROVIDER_ID, StatusEvent(event), at=LATER, text="Why.")
    assert (Invitation.objects.values().get(pk=invitation.pk), events_of(invitation)) == before


def test_a_report_from_the_future_happened_now() -> None:
    invitation = make()
    record(PROVIDER_ID, StatusEvent.DELIVERED, at=timezone.now() + timedelta(days=300))
    invitation.refresh_from_db()
    assert invitation.delivered_at is not None
    assert invitation.delivered_at <= timezone.now()


# --- what is told ---------------------------------------------------------------------------------
def test_the_reason_of_a_bounce_is_the_last_error_and_in_the_timeline() -> None:
    invitation = make()
    record(PROVIDER_ID, StatusEvent.BOUNCED, at=AT, text="550 5.1.1 no such user")
    invitation.refresh_from_db()
    assert invitation.last_error == "550 5.1.1 no such user"
    assert events_of(invitation) == [("provider", "Not delivered. 550 5.1.1 no such user")]


def test_a_complaint_is_an_event_and_ends_the_reminders() -> None:
    invitation = make(State.DELIVERED)
    assert record(PROVIDER_ID, StatusEvent.COMPLAINED, at=AT)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.next_attempt_at) == (State.DELIVERED, None)
    assert events_of(invitation) == [("complained", "")]


def test_a_delay_is_told_once() -> None:
    invitation = make()
    assert record(PROVIDER_ID, StatusEvent.DEFERRED, at=AT, text="451 try later")
    assert not record(PROVIDER_ID, StatusEvent.DEFERRED, at=LATER, text="451 try later")
    assert events_of(invitation) == [("provider", "Not delivered yet; the provider goes on trying. 451 try later")]


def test_no_secret_comes_back_in_a_providers_words() -> None:
    invitation = make(device=DeviceFactory.create(one_time_password="Kw7-sesame"))
    link = f"https://portal.example.com/i/{token_of(invitation.public_id)}"
    record(PROVIDER_ID, StatusEvent.BOUNCED, at=AT, text=f"554 spam: {link}\r\n password Kw7-sesame\x00")
    invitation.refresh_from_db()
    told = invitation.last_error + str(events_of(invitation))
    assert "554 spam: https://portal.example.com/i/… password …" in told
    assert token_of(invitation.public_id) not in told
    assert "sesame" not in told


# --- which message --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "number", ["", "SM999", "\0", "a\0b", "\ud800", "x" * 10_000, "' OR 1=1 --"], ids=lambda value: repr(value)[:12]
)
def test_a_number_that_nobody_has_changes_nothing(number: str) -> None:
    invitation = make()
    before = Invitation.objects.values().get(pk=invitation.pk)
    for key in ("", number, f"{uuid4().hex}.0"):
        assert not record(number, StatusEvent.BOUNCED, at=AT, key=key)
    assert Invitation.objects.values().get(pk=invitation.pk) == before


def test_a_message_is_found_by_each_spelling_of_our_own_name() -> None:
    invitation = make(provider_id="")
    message_id = message_id_of(invitation.public_id)
    for key in (key_of(invitation), str(invitation.public_id), message_id, message_id.strip("<>")):
        reported = find("SM999", key)
        assert reported is not None, key
        assert (reported.invitation, reported.number) == (invitation, 0)


def test_an_invitation_without_a_providers_number_is_not_found_by_none() -> None:
    make(provider_id="")
    assert find("") is None


# --- faster than our own record -------------------------------------------------------------------
def in_hand(**more: Any) -> Invitation:
    """Return an invitation that a worker is sending."""
    return make(State.SENDING, provider_id="", holder=uuid4(), sending=SendingFactory.create(**more))


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (["delivered"], State.DELIVERED),
        (["bounced"], State.BOUNCED),
        (["delivered", "bounced"], State.BOUNCED),
        (["opened"], State.DELIVERED),
        (["failed"], State.BOUNCED),
        (["deferred"], State.SENT),
        (["complained"], State.SENT),
    ],
)
def test_a_report_that_comes_before_the_record_of_sending_is_not_lost(events: list[str], state: str) -> None:
    invitation = in_hand()
    for event in events:
        assert record("SM1", StatusEvent(event), at=AT, text="Why.", key=key_of(invitation))
    row = Invitation.objects.get(pk=invitation.pk)
    assert (row.state, row.next_attempt_at) == (State.SENDING, invitation.next_attempt_at), "the order of the bundle"
    outbox_record.accepted(invitation, Accepted("SM1"))
    invitation.refresh_from_db()
    assert (invitation.state, invitation.provider_id) == (state, "SM1")


def test_a_report_after_a_timeout_shows_that_the_message_went_out() -> None:
    invitation = in_hand(remind_after_days=3, remind_at_most=1)
    outbox_record.try_later(invitation, TryLaterError("no answer"))
    assert Invitation.objects.get(pk=invitation.pk).state == State.QUEUED
    assert record("SM1", StatusEvent.DELIVERED, at=AT, key=key_of(invitation))
    invitation.refresh_from_db()
    assert (invitation.state, invitation.delivered_at) == (State.DELIVERED, AT)
    assert invitation.sent_at is not None
    assert invitation.next_attempt_at is not None, "the reminder"
    assert invitation.next_attempt_at > timezone.now() + timedelta(days=2)


def test_a_report_during_the_timeout_is_settled_afterwards() -> None:
    invitation = in_hand()
    record("SM1", StatusEvent.BOUNCED, at=AT, key=key_of(invitation))
    outbox_record.try_later(invitation, TryLaterError("no answer"))
    settle([invitation.pk])
    invitation.refresh_from_db()
    assert (invitation.state, invitation.next_attempt_at) == (State.BOUNCED, None)
    assert settle([invitation.pk]) == 0


def test_settling_leaves_alone_what_really_waits() -> None:
    waiting = make(State.QUEUED, provider_id="")
    claimed = make(State.QUEUED, provider_id="", holder=uuid4(), delivered_at=AT)
    assert settle([waiting.pk, claimed.pk]) == 0
    for invitation in (waiting, claimed):
        assert Invitation.objects.get(pk=invitation.pk).state == State.QUEUED


def test_a_failure_of_what_waits_for_the_next_attempt_does_not_end_it() -> None:
    invitation = make(State.QUEUED, provider_id="")
    record("SM1", StatusEvent.FAILED, at=AT, text="Queue full.", key=key_of(invitation))
    invitation.refresh_from_db()
    assert invitation.state == State.QUEUED
    assert invitation.next_attempt_at is not None


# --- reminders ------------------------------------------------------------------------------------
def test_a_bounced_reminder_is_a_bounce_of_the_invitation() -> None:
    invitation = make(State.DELIVERED, reminders=1)
    record(PROVIDER_ID, StatusEvent.BOUNCED, at=AT, text="Why.")
    invitation.refresh_from_db()
    assert (invitation.state, invitation.next_attempt_at) == (State.BOUNCED, None)


def test_a_reminder_that_failed_leaves_the_invitation_as_it_is() -> None:
    invitation = make(reminders=1)
    record(PROVIDER_ID, StatusEvent.FAILED, at=AT, text="Why.")
    invitation.refresh_from_db()
    assert (invitation.state, invitation.next_attempt_at) == (State.SENT, None)
    assert events_of(invitation) == [("failed", "Why.")]


def test_a_late_bounce_of_the_invitation_does_not_undo_its_reminder() -> None:
    invitation = make(State.DELIVERED, reminders=1)
    record("SM-first", StatusEvent.BOUNCED, at=AT, text="Why.", key=key_of(invitation, 0))
    invitation.refresh_from_db()
    assert invitation.state == State.DELIVERED
    assert invitation.next_attempt_at is not None
    assert events_of(invitation) == [("provider", "Not delivered. Why.")]


def test_a_late_delivery_of_the_invitation_fills_in_the_time() -> None:
    invitation = make(reminders=1)
    assert record("SM-first", StatusEvent.DELIVERED, at=AT, key=key_of(invitation, 0))
    invitation.refresh_from_db()
    assert (invitation.state, invitation.delivered_at) == (State.SENT, AT)


def test_opening_the_first_message_counts_though_it_was_reminded_of() -> None:
    invitation = make(reminders=1)
    assert record("SM-first", StatusEvent.OPENED, at=AT, key=key_of(invitation, 0))
    invitation.refresh_from_db()
    assert invitation.state == State.OPENED


# --- in the outbox --------------------------------------------------------------------------------
def test_a_message_that_is_known_to_have_arrived_is_not_sent_again_after_a_killed_worker() -> None:
    dead = uuid4()
    arrived = make(State.SENDING, provider_id="", holder=dead)
    record("SM1", StatusEvent.DELIVERED, at=AT, key=key_of(arrived))
    unsent = make(State.SENDING, provider_id="", holder=dead, next_attempt_at=timezone.now() + timedelta(days=3))
    assert put_back() == 2
    for invitation, state in ((arrived, State.DELIVERED), (unsent, State.QUEUED)):
        invitation.refresh_from_db()
        assert (invitation.state, invitation.holder) == (state, None)
    assert list(due()) == []


@pytest.mark.django_db(transaction=True)
def test_a_message_whose_answer_was_lost_is_not_sent_again_once_it_is_reported() -> None:
    row = make(State.QUEUED, provider_id="", channel="sms", recipient=SMS.recipient, next_attempt_at=timezone.now())

    def report() -> None:
        record("SM1", StatusEvent.DELIVERED, at=AT, key=key_of(row))
        connection.close()

    with http_provider() as twilio, override_settings(**SETTINGS, TWILIO_BASE_URL=twilio.url):
        twilio.default, twilio.on_request = Answer(status=0), report
        assert work("sms", 5).later == 1
    row.refresh_from_db()
    assert (row.state, row.delivered_at) == (State.DELIVERED, AT)
    assert list(due()) == []

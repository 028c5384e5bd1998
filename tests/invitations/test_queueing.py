"""Which invitations does a sending make, and what does it do to the devices?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from devices.models import Device, DeviceUser
from devices.vocabulary import Language
from invitations import queueing
from invitations.actions import Options, cancel, invite_batch, invite_devices
from invitations.link_token import hash_of, token_of
from invitations.models import Invitation, Sending
from invitations.outbox import expiry, tend
from tests.devices.importing import checked_rows, committed, device, row
from tests.factories import DeviceFactory, InvitationFactory

pytestmark = pytest.mark.django_db

State = Invitation.State


def queued(*devices: Device, channel: str = "email", **options: Any) -> Sending:
    """Invite devices, as the worker does it."""
    numbers = [device.pk for device in devices]
    sending = invite_devices(numbers, Options(channel=channel, **options), None, tell_worker=False)
    queueing.run(sending.pk)
    sending.refresh_from_db()
    return sending


def test_five_rows_with_one_address_become_five_invitations() -> None:
    rows = [row(number, email="ada@example.com") for number in range(1, 6)]
    batch = committed(checked_rows(*rows))
    sending = invite_batch(batch, Options(channel="email"), None, tell_worker=False)
    queueing.run(sending.pk)
    assert list(Invitation.objects.order_by("pk").values_list("recipient", "device__serial_number", "batch")) == [
        ("ada@example.com", row(number)["serial_number"], batch.pk) for number in range(1, 6)
    ]
    assert DeviceUser.objects.count() == 1


def test_a_row_without_its_tick_gets_no_invitation() -> None:
    batch = committed(checked_rows(row(1), row(2)))
    batch.rows.filter(line=2).update(invite=False)
    sending = invite_batch(batch, Options(channel="email"), None, tell_worker=False)
    queueing.run(sending.pk)
    assert [invitation.device for invitation in Invitation.objects.all()] == [device(2)]


def test_a_skipped_row_gets_no_invitation() -> None:
    DeviceFactory.create(serial_number=row(1)["serial_number"], platform=row(1)["platform"])
    batch = committed(checked_rows(row(1), row(2)), "skip")
    sending = invite_batch(batch, Options(channel="email"), None, tell_worker=False)
    queueing.run(sending.pk)
    assert [invitation.device for invitation in Invitation.objects.all()] == [device(2)]


def test_an_invitation_waits_with_the_hash_of_its_token() -> None:
    known = DeviceFactory.create()
    sending = queued(known)
    invitation = Invitation.objects.get()
    assert (invitation.state, invitation.device, invitation.sending) == (State.QUEUED, known, sending)
    assert invitation.token_hash == hash_of(token_of(invitation.public_id))
    assert (sending.state, sending.counts) == (Sending.State.RUNNING, {"queued": 1, "unreachable": {}})


def test_a_device_without_a_password_gets_one_that_nobody_can_misread() -> None:
    known = DeviceFactory.create()
    before = known.updated_at
    queued(known)
    known.refresh_from_db()
    assert known.one_time_password is not None
    assert len(known.one_time_password) >= 10
    assert not set(known.one_time_password) & set("0O1lI2Z5S8B")
    assert known.updated_at == before, "an undo of its import would take it for changed by a person"


def test_a_password_of_the_file_stays() -> None:
    known = DeviceFactory.create(one_time_password="from the file")
    queued(known)
    known.refresh_from_db()
    assert known.one_time_password == "from the file"


def test_two_devices_get_different_passwords_and_tokens() -> None:
    first, second = DeviceFactory.create_batch(2)
    queued(first, second)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.one_time_password != second.one_time_password
    assert len(set(Invitation.objects.values_list("token_hash", flat=True))) == 2


def test_the_language_is_the_domains_unless_another_is_chosen() -> None:
    known = DeviceFactory.create()
    known.domain.language = Language.GERMAN
    known.domain.save()
    queued(known)
    assert Invitation.objects.get().language == "de"
    queued(known, language="en", include_invited=True)
    assert Invitation.objects.live().get().language == "en"


def test_one_that_was_invited_is_invited_again_only_when_that_is_asked_for() -> None:
    known = DeviceFactory.create()
    queued(known)
    again = queued(known)
    assert again.counts == {"queued": 0, "unreachable": {"invited_already": 1}}
    assert again.state == Sending.State.DONE


def test_inviting_again_ends_the_old_invitation() -> None:
    known = DeviceFactory.create()
    queued(known)
    old = Invitation.objects.get()
    queued(known, include_invited=True)
    old.refresh_from_db()
    new = Invitation.objects.live().get()
    assert (old.state, old.revoked_because) == (State.REVOKED, Invitation.RevokedBecause.REPLACED)
    assert new.replaces == old
    assert new.token_hash != old.token_hash


@pytest.mark.parametrize("channel", ["email", "email_or_sms"])
def test_one_whose_message_bounced_is_reached_another_way_and_the_bounced_one_ends(channel: str) -> None:
    known = DeviceFactory.create(user__mobile="+491701234567")
    bounced = InvitationFactory.create(device=known, state=State.BOUNCED, bounced_at=timezone.now())
    if channel == "email":
        DeviceUser.objects.update(email="corrected@example.com")
    sending = queued(known, channel=channel)
    assert sending.counts == {"queued": 1, "unreachable": {}}
    new = Invitation.objects.live().get()
    assert new.recipient == ("corrected@example.com" if channel == "email" else "+491701234567")
    assert new.replaces == bounced


def test_one_that_is_in_a_workers_hand_is_left_alone() -> None:
    held = InvitationFactory.create(state=State.SENDING, holder="9f3c4a52-6f43-4a39-8b1e-0a4c7d1c2b11")
    sending = queued(held.device, include_invited=True)
    held.refresh_from_db()
    assert held.state == State.SENDING
    assert sending.counts == {"queued": 0, "unreachable": {"being_sent": 1}}


def test_one_that_is_invited_again_still_counts_for_its_import() -> None:
    batch = committed(checked_rows(row(1)))
    sending = invite_batch(batch, Options(channel="email"), None, tell_worker=False)
    queueing.run(sending.pk)
    queued(device(1), include_invited=True)
    assert Invitation.objects.live().get().batch == batch


def test_only_devices_that_wait_for_their_enrollment_are_invited() -> None:
    statuses = [Device.Status.ENROLLED, Device.Status.DISENROLLED, Device.Status.BLOCKED]
    devices = [DeviceFactory.create(status=status) for status in statuses]
    late = DeviceFactory.create(approval_expires_at=timezone.now())
    sending = queued(*devices, late)
    assert sending.counts == {"queued": 0, "unreachable": {"not_pre_approved": 3, "approval_expired": 1}}


def test_a_sending_at_a_time_waits_for_it() -> None:
    at = timezone.now() + timedelta(hours=3)
    queued(DeviceFactory.create(), starts_at=at)
    assert Invitation.objects.get().next_attempt_at == at


def test_a_sending_that_was_prepared_is_not_prepared_again() -> None:
    sending = queued(DeviceFactory.create())
    queueing.run(sending.pk)
    assert Invitation.objects.count() == 1


def test_a_second_request_of_the_same_form_is_the_same_sending() -> None:
    known = DeviceFactory.create()
    key = "0a4c7d1c-6f43-4a39-8b1e-9f3c4a522b11"
    sendings = [invite_devices([known.pk], Options(channel="email"), None, request_key=key) for _click in range(2)]  # type: ignore[arg-type]
    assert sendings[0] == sendings[1]
    assert Sending.objects.count() == 1


@dataclass
class AtWork:
    """A worker that prepares a sending, in a thread."""

    has_begun: Event = field(default_factory=Event)
    goes_on: Event = field(default_factory=Event)

    def begin(self, sending: Sending) -> Thread:
        def work() -> None:
            try:
                queueing.run(sending.pk, tell_workers=False)
            finally:
                connection.close()

        worker = Thread(target=work)
        worker.start()
        assert self.has_begun.wait(20)
        return worker


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch, is_postgresql: bool) -> Iterator[AtWork]:
    """Let a worker stand still in the middle of preparing, as it does with a million devices."""
    if not is_postgresql:
        pytest.skip("On SQLite one transaction writes at a time: whoever cancels waits for the worker.")
    held = AtWork()
    queue_chunk = queueing._queue_chunk

    def wait(*arguments: Any) -> int:
        count = queue_chunk(*arguments)
        held.has_begun.set()
        assert held.goes_on.wait(20)
        return count

    monkeypatch.setattr(queueing, "_queue_chunk", wait)
    yield held
    held.goes_on.set()


@pytest.mark.django_db(transaction=True)
def test_a_sending_is_cancelled_at_once_while_it_is_prepared_and_invites_nobody(at_work: AtWork) -> None:
    sending = invite_devices([DeviceFactory.create().pk], Options(channel="email"), None, tell_worker=False)
    worker = at_work.begin(sending)
    began = monotonic()
    cancel(sending)
    assert monotonic() - began < 2
    at_work.goes_on.set()
    worker.join(20)
    sending.refresh_from_db()
    assert sending.state == Sending.State.CANCELLED
    assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_sending_that_is_being_prepared_is_left_to_its_worker(at_work: AtWork) -> None:
    sending = invite_devices([DeviceFactory.create().pk], Options(channel="email"), None, tell_worker=False)
    worker = at_work.begin(sending)
    Sending.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert tend._waiting_sendings() == []
    queueing.run(sending.pk, tell_workers=False)
    at_work.goes_on.set()
    worker.join(20)
    sending.refresh_from_db()
    assert (sending.state, sending.attempts) == (Sending.State.RUNNING, 1)


@pytest.mark.django_db(transaction=True)
def test_a_device_whose_password_expires_while_it_is_invited_again_gets_a_new_one(
    monkeypatch: pytest.MonkeyPatch, is_postgresql: bool
) -> None:
    if not is_postgresql:
        pytest.skip("On SQLite one transaction writes at a time.")
    known = DeviceFactory.create(one_time_password="quiet-otter-12")
    InvitationFactory.create(device=known, state=State.SENT, expires_at=timezone.now())
    lock_invited = queueing.lock_invited

    def expire() -> None:
        try:
            assert expiry.expire() == 1
        finally:
            connection.close()

    def late(devices: list[int]) -> None:
        clock = Thread(target=expire)
        clock.start()
        clock.join(20)
        lock_invited(devices)

    monkeypatch.setattr(queueing, "lock_invited", late)
    queued(known, include_invited=True)
    known.refresh_from_db()
    assert known.one_time_password not in (None, "quiet-otter-12")
    assert Invitation.objects.live().count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_clock_passes_by_devices_that_are_invited_again_at_this_moment(
    monkeypatch: pytest.MonkeyPatch, is_postgresql: bool
) -> None:
    if not is_postgresql:
        pytest.skip("On SQLite one transaction writes at a time.")
    known = DeviceFactory.create(one_time_password="quiet-otter-12")
    InvitationFactory.create(device=known, state=State.SENT, expires_at=timezone.now())
    revoke_live = queueing.revoke_live
    expired: list[int] = []

    def expire() -> None:
        expired.append(expiry.expire())
        connection.close()

    def late(*arguments: Any, **options: Any) -> Any:
        clock = Thread(target=expire)
        clock.start()
        clock.join(20)
        return revoke_live(*arguments, **options)

    monkeypatch.setattr(queueing, "revoke_live", late)
    queued(known, include_invited=True)
    assert expired == [0]
    known.refresh_from_db()
    assert known.one_time_password == "quiet-otter-12"
    assert Invitation.objects.live().count() == 1

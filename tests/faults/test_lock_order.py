"""Does nobody who ends invitations wait for the gate while the gate waits for them? Devices are locked first."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from devices.bulk.carry_out import begin
from devices.bulk.kinds import KINDS
from devices.models import Device
from enrollment.blocking import block
from invitations import actions, many, queueing
from invitations.models import Invitation
from invitations.outbox.claim import claim
from invitations.outbox.expiry import expire
from invitations.outbox.lanes import take_lane
from invitations.redemption import redeem
from tests.conftest import make_person
from tests.factories import InvitationFactory

pytestmark = pytest.mark.django_db(transaction=True)
State = Invitation.State
PATIENCE = 20  # seconds


def invited(**changes: Any) -> Invitation:
    over = timezone.now() - timedelta(hours=1)
    values = {"state": State.SENT, "attempts": 1, "next_attempt_at": over, "expires_at": over} | changes
    invitation: Invitation = InvitationFactory.create(**values)
    Device.objects.update(one_time_password="quiet-otter-12")
    return invitation


def claim_one(invitation: Invitation) -> None:
    with take_lane("email") as lane:
        assert lane is not None
        claim(lane)


def invite_again(invitation: Invitation) -> None:
    sending = actions.invite_devices(
        [invitation.device_id], actions.Options(channel="email", include_invited=True), None
    )
    queueing.run(sending.pk, tell_workers=False)


def delete(invitation: Invitation) -> None:
    person = make_person("who deletes", superuser=True)
    action = begin(KINDS["delete_pre_approved"], {}, person, query="", chosen=[invitation.device_id], last=0)
    assert not action.last_error, action.last_error


OTHERS: dict[str, Callable[[Invitation], Any]] = {
    "expire": lambda invitation: expire(),
    "claim": claim_one,
    "revoke": lambda invitation: actions.revoke(invitation, None),
    "revoke many": lambda invitation: many.revoke(Invitation.objects.all(), None),
    "invite again": invite_again,
    "block": lambda invitation: block(Device.objects.all(), None),
    "delete": delete,
}


def is_waiting() -> bool:
    """Tell whether some connection to this database server waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_the_gate_marks_an_invitation_as_used_while_somebody_else_ends_it(is_postgresql: bool) -> None:
    if not is_postgresql:
        pytest.skip("On SQLite one transaction writes at once.")
    for what, end in OTHERS.items():  # in one test: emptying the database takes longer than all of it
        assert errors_while_a_device_comes_in(end) == [], what
        Invitation.objects.all().delete()


def errors_while_a_device_comes_in(end: Callable[[Invitation], Any]) -> list[Exception]:
    """Let a device in, and begin to end its invitation once it is locked; return what that came to."""
    invitation = invited()
    errors: list[Exception] = []

    def other() -> None:
        try:
            end(invitation)
        except actions.ActionError:  # it is over already: the gate was first
            pass
        except Exception as error:  # noqa: BLE001 - it is the result, and the test asserts it
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():  # the gate
        Device.objects.select_for_update(of=("self",)).get(pk=invitation.device_id)
        thread.start()
        until = time.monotonic() + PATIENCE
        while thread.is_alive() and not is_waiting() and time.monotonic() < until:
            time.sleep(0.02)
        redeem(invitation.device_id)
        Device.objects.filter(pk=invitation.device_id).update(status=Device.Status.ENROLLED, one_time_password=None)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return errors

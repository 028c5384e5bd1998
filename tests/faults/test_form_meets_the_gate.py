"""A device comes in while the form of it is saved: does it stay enrolled?"""

import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from devices.models import Device
from enrollment.enroll_request import EnrollRequest
from enrollment.gate import Visitor, enroll
from tests.enrollment.knocking import invited
from tests.enrollment.test_former_users import save
from tests.faults.test_enrollments_at_once import request_of
from tests.faults.test_lock_order import PATIENCE, is_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_the_gate_has_written_outlives_a_form_that_was_opened_before(
    is_postgresql: bool, administrator: User
) -> None:
    if not is_postgresql:
        pytest.skip("On SQLite one transaction writes at once.")
    invitation = invited()
    asked: EnrollRequest = request_of(invitation, "uuid")

    def save_form() -> None:
        save(administrator, invitation.device, name="Reception")
        connection.close()

    thread = threading.Thread(target=save_form)
    with transaction.atomic():
        assert enroll(asked, Visitor()).status == 200
        thread.start()
        until = time.monotonic() + PATIENCE
        while not is_waiting() and time.monotonic() < until:
            time.sleep(0.02)
        assert is_waiting()
    thread.join(PATIENCE)
    device = Device.objects.get()
    assert (device.name, device.status, device.one_time_password) == ("Reception", Device.Status.ENROLLED, None)

"""A device is given to another user while the former one's password is compared: which password counts?"""

import threading
import time

import pytest
from django.db import connection, transaction

from devices.models import Device
from tests.enrollment.knocking import code_of, invited, with_password
from tests.faults.test_lock_order import PATIENCE, is_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_password_that_was_replaced_while_it_was_compared_lets_nobody_in(is_postgresql: bool) -> None:
    if not is_postgresql:
        pytest.skip("On SQLite one transaction writes at once.")
    invitation, told = invited(), []

    def ask() -> None:
        told.append(code_of(with_password(invitation)))
        connection.close()

    thread = threading.Thread(target=ask)
    with transaction.atomic():
        device = Device.objects.select_for_update(of=("self",)).get()
        device.one_time_password = "brown-badger-3"
        device.save(update_fields=["one_time_password"])
        thread.start()
        until = time.monotonic() + PATIENCE
        while not is_waiting() and time.monotonic() < until:
            time.sleep(0.02)
        assert is_waiting()
    thread.join(PATIENCE)
    assert told == ["bad_credentials"]

"""Is what pgbench runs in the place of the gate what the gate runs?"""

import pytest
from django.db import connection

from devices.models import Device
from enrollment.models import EnrollmentAttempt
from tests.bench import fleet, gate_statements
from tests.bench.fleet_rows import fill

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="pgbench is PostgreSQL's"),
]
OTHER = 777


def test_statements_written_down_while_two_devices_enroll_enroll_a_third_one() -> None:
    fill(4_000)
    script = gate_statements.script()

    with connection.cursor() as cursor:
        for statement in script.replace(":i ", f"{OTHER} ").split(";"):
            if statement.strip():
                cursor.execute(statement.replace("%", "%%"), ())

    third = Device.objects.get(pk=OTHER)
    assert (third.status, third.inventory.hardware_uuid) == (Device.Status.ENROLLED, fleet.HARDWARE_UUID.of(OTHER))
    assert third.policy_states.get().policy_id == fleet.GROUP.of(OTHER)
    assert EnrollmentAttempt.objects.get(device=third).serial_number == fleet.SERIAL_NUMBER.of(OTHER)
    assert third.invitations.get().state == "redeemed"


def test_parameter_that_nobody_can_explain_is_an_error() -> None:
    with pytest.raises(gate_statements.UnknownParameterError, match="colour: 'red' for device 2003, 'blue'"):
        gate_statements.expression_of("red", "blue", "colour")

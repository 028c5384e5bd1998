"""Which devices, users and invitations does the enrollment bench find? `python -m tests.bench.fleet N` makes them.

Everything about a device follows from its number, in Python for the requests and in SQL for the rows and for pgbench.
The last of them are enrolled already; all others wait, each invited, each in one of the groups, which have a policy.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import django
from django.db import connection, models

GROUPS = 20


class Fact(NamedTuple):
    """Something about a device, by its number: in Python, and as an SQL expression of `{i}`."""

    of: Callable[[int], Any]
    sql: str


def _hashed(token: Fact) -> Fact:
    return Fact(
        lambda i: sha256(token.of(i).encode()).hexdigest(), f"encode(sha256(convert_to({token.sql}, 'UTF8')), 'hex')"
    )


DEVICE = Fact(lambda i: i, "{i}")
USER = Fact(lambda i: i * 4 // 5 + 1, "({i}) * 4 / 5 + 1")  # about four users for five devices
SERIAL_NUMBER = Fact(lambda i: f"BENCH{i:09}", "'BENCH' || lpad(({i})::text, 9, '0')")
NAME = Fact(lambda i: f"Laptop {i}", "'Laptop ' || ({i})::text")
EMAIL = Fact(lambda i: f"user{USER.of(i)}@example.com", f"'user' || ({USER.sql})::text || '@example.com'")
HARDWARE_UUID = Fact(
    lambda i: f"00000000-0000-4000-8000-{i:012x}", "'00000000-0000-4000-8000-' || lpad(to_hex({i}), 12, '0')"
)
TOKEN = Fact(lambda i: f"bench-link-token-{i:026}", "'bench-link-token-' || lpad(({i})::text, 26, '0')")
TOKEN_HASH = _hashed(TOKEN)
DEVICE_TOKEN = Fact(lambda i: f"bench-device-token-{i:024}", "'bench-device-token-' || lpad(({i})::text, 24, '0')")
DEVICE_TOKEN_HASH = _hashed(DEVICE_TOKEN)
GROUP = Fact(lambda i: i % GROUPS + 1, f"({{i}}) % {GROUPS} + 1")  # its policy has the same number


def enrolled_of(devices: int) -> int:
    """Return how many of so many devices are enrolled already: those with the highest numbers."""
    return min(2_000, devices // 10)


def fill(devices: int) -> None:
    """Make the devices in a database that holds nothing but its tables; one row by the models, the others from it."""
    from django.utils import timezone

    from devices.models import Device, DeviceGroup, DeviceInventory, DeviceUser, Policy
    from enrollment.models import DeviceToken, EnrollmentSettings
    from invitations.models import Invitation
    from tests import factories

    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(pre_approved_devices_only=True, require_credentials=True)
    for number in range(1, GROUPS + 1):
        factories.PolicyFactory(
            pk=number,
            settings={"passcode": {"required": True, "min_length": 8}, "restrictions": {"camera": False}},
            apps=[{"identifier": f"com.example.{name}", "install": "required"} for name in ("mail", "vpn")],
        )
        DeviceGroup.objects.create(pk=number, name=f"Group {number}").policies.add(number)
    first = factories.DeviceFactory(
        pk=1, serial_number=SERIAL_NUMBER.of(1), name=NAME.of(1), user__pk=USER.of(1), user__email=EMAIL.of(1)
    )
    now = timezone.now()
    factories.InvitationFactory(pk=1, device=first, state="sent", sent_at=now, next_attempt_at=None)
    Invitation.objects.update(expires_at=now + timedelta(days=7), token_hash=TOKEN_HASH.of(1))

    enrolled = devices - enrolled_of(devices)
    by_user = {"id": "{i}", "name": "'Known User ' || {i}", "email": "'user' || {i} || '@example.com'"}
    _multiply(DeviceUser, 2, USER.of(devices), by_user)
    _multiply(
        Device, 2, devices, {"id": "{i}", "serial_number": SERIAL_NUMBER.sql, "name": NAME.sql, "user_id": USER.sql}
    )
    by_invitation = {"id": "{i}", "public_id": "lpad(to_hex({i}), 32, '0')::uuid", "device_id": "{i}"}
    hashed = {"recipient": EMAIL.sql, "token_hash": TOKEN_HASH.sql}
    _multiply(Invitation, 2, devices, by_invitation | hashed)
    in_group = GROUP.sql.format(i="i")
    _execute(
        "INSERT INTO devices_device_groups (device_id, devicegroup_id) "
        f"SELECT i, {in_group} FROM generate_series(1, {devices}) i"
    )
    # Those that are enrolled already.
    last = Device.objects.get(pk=devices)
    Device.objects.filter(pk__gt=enrolled).update(status=Device.Status.ENROLLED)
    Invitation.objects.filter(device__gt=enrolled).update(state=Invitation.State.REDEEMED, redeemed_at=now)
    DeviceInventory.objects.create(
        device=last, hardware_uuid=HARDWARE_UUID.of(devices), enrolled_at=now, last_seen_at=now
    )
    _multiply(DeviceInventory, enrolled + 1, devices - 1, {"device_id": "{i}", "hardware_uuid": HARDWARE_UUID.sql})
    DeviceToken.objects.create(device=last, token_hash=DEVICE_TOKEN_HASH.of(devices))
    _multiply(DeviceToken, enrolled + 1, devices - 1, {"device_id": "{i}", "token_hash": DEVICE_TOKEN_HASH.sql})
    for model in (DeviceUser, Device, Invitation, DeviceGroup, Policy):
        table = model._meta.db_table
        _execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    _execute("VACUUM ANALYZE")


def _multiply(model: type[models.Model], first: int, last: int, expressions: dict[str, str]) -> None:
    """Insert rows with the numbers from `first` to `last`; what no expression says is as in the only row there is."""
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.generated]
    values = [expressions.get(column, f"one.{column}").format(i="i") for column in columns]
    table = model._meta.db_table
    _execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM (SELECT * FROM {table} LIMIT 1) one, generate_series({first}, {last}) i"
    )


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))

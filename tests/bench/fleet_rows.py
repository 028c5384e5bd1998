"""How do the rows of the bench's devices get into a database? `python -m tests.bench.fleet_rows N` writes them.

One row of each table is made by the models, all others from it by one INSERT: a million devices take some minutes.
"""

import subprocess
import sys
from datetime import datetime, timedelta

import django
from django.db import connection, models
from django.utils import timezone

from tests.bench import fleet
from tests.bench.databases import Database

INVITED_FOR = timedelta(days=7)


def template_of(devices: int) -> str:
    """Return the name of the database that holds so many devices and is only copied."""
    return f"bench_fleet_{devices}"


def make_fleet(database: Database, devices: int) -> None:
    """Make the template with so many devices."""
    database.renew()
    environment = {**database.environment(), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
    subprocess.run([sys.executable, "-m", "tests.bench.fleet_rows", str(devices)], env=environment, check=True)
    database.keep(template_of(devices))


def fill(devices: int) -> None:
    """Write the rows of so many devices into a database that holds nothing but its tables."""
    now = timezone.now()
    _settings_and_policies()
    _invited_devices(devices, now)
    _enrolled_devices(devices - fleet.enrolled_of(devices) + 1, devices, now)
    _execute("VACUUM ANALYZE")


def _settings_and_policies() -> None:
    from devices.models import DeviceGroup, Policy
    from enrollment.models import EnrollmentSettings
    from tests.factories import PolicyFactory

    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(pre_approved_devices_only=True, require_credentials=True)
    for number in range(1, fleet.GROUPS + 1):
        PolicyFactory(
            pk=number,
            settings={"passcode": {"required": True, "min_length": 8}, "restrictions": {"camera": False}},
            apps=[{"identifier": f"com.example.{name}", "install": "required"} for name in ("mail", "vpn")],
        )
        DeviceGroup.objects.create(pk=number, name=f"Group {number}").policies.add(number)
    _continue_after(Policy, DeviceGroup)


def _invited_devices(devices: int, now: datetime) -> None:
    from devices.models import Device, DeviceUser
    from invitations.models import Invitation
    from tests.factories import DeviceFactory, InvitationFactory

    facts = {"id": fleet.DEVICE, "serial_number": fleet.SERIAL_NUMBER, "name": fleet.NAME}
    first = DeviceFactory(
        **{name: fact.of(1) for name, fact in facts.items()},
        user__id=fleet.USER.of(1),
        user__email=fleet.EMAIL.of(1),
        one_time_password=fleet.PASSWORD,
    )
    sent = {"state": Invitation.State.SENT, "sent_at": now, "next_attempt_at": None, "expires_at": now + INVITED_FOR}
    InvitationFactory(id=1, device=first, token_hash=fleet.TOKEN_HASH.of(1), **sent)
    users = {"id": "{i}", "name": "'Known User ' || {i}", "email": "'user' || {i} || '@example.com'"}
    _multiply(DeviceUser, 2, fleet.USER.of(devices), users)
    _multiply(Device, 2, devices, {"user_id": fleet.USER.sql, **{name: fact.sql for name, fact in facts.items()}})
    named = {"id": "{i}", "public_id": "lpad(to_hex({i}), 32, '0')::uuid", "device_id": "{i}"}
    hashed = {"recipient": fleet.EMAIL.sql, "token_hash": fleet.TOKEN_HASH.sql}
    _multiply(Invitation, 2, devices, named | hashed)
    group = fleet.GROUP.sql.format(i="i")
    _execute(
        "INSERT INTO devices_device_groups (device_id, devicegroup_id) "
        f"SELECT i, {group} FROM generate_series(1, {devices}) i"
    )
    _continue_after(DeviceUser, Device, Invitation)


def _enrolled_devices(first: int, last: int, now: datetime) -> None:
    """Make the devices from `first` to `last` enrolled ones; which policies they were handed out is not written."""
    from devices.models import Device, DeviceInventory
    from enrollment.models import DeviceToken
    from invitations.models import Invitation

    Invitation.objects.filter(device__gte=first).update(state=Invitation.State.REDEEMED, redeemed_at=now)
    Device.objects.filter(pk__gte=first).update(status=Device.Status.ENROLLED, one_time_password=None)
    uuid, token_hash = fleet.HARDWARE_UUID, fleet.DEVICE_TOKEN_HASH
    DeviceInventory.objects.create(device_id=first, hardware_uuid=uuid.of(first), enrolled_at=now, last_seen_at=now)
    _multiply(DeviceInventory, first + 1, last, {"device_id": "{i}", "hardware_uuid": uuid.sql})
    DeviceToken.objects.create(device_id=first, token_hash=token_hash.of(first))
    _multiply(DeviceToken, first + 1, last, {"device_id": "{i}", "token_hash": token_hash.sql})


def _multiply(model: type[models.Model], first: int, last: int, expressions: dict[str, str]) -> None:
    """Insert rows with the numbers from `first` to `last`; what no expression says is as in the only row there is."""
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.generated]
    values = [expressions.get(column, f"one.{column}").format(i="i") for column in columns]
    table = model._meta.db_table
    _execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM (SELECT * FROM {table} LIMIT 1) one, generate_series({first}, {last}) i"
    )


def _continue_after(*tables: type[models.Model]) -> None:
    """Let the next keys be those after the ones that were given here."""
    for model in tables:
        table = model._meta.db_table
        _execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))

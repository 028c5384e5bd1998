"""What is the physical limit? One COPY of the rows into one table with the device table's indexes, on PostgreSQL."""

import csv
from io import BytesIO, TextIOWrapper
from pathlib import Path

from django.db import connection
from django.utils import timezone

from devices.imports import passwords
from devices.models import Device, Domain

TABLE = "bench_copy"
COLUMNS = (
    "serial_number", "platform", "ownership", "name", "status", "source", "domain_id", "user_id", "custom_attributes",
    "one_time_password", "import_batch_id", "created_at", "updated_at",
)  # fmt: skip
BLOCK = 1 << 16


def prepare(path: Path) -> BytesIO:
    """Make the table, without foreign keys, and return the file's devices as COPY takes them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} "
            "(LIKE devices_device INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES)"
        )
    domain, now, data = Domain.objects.local().pk, timezone.now().isoformat(), BytesIO()
    text = TextIOWrapper(data, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    with path.open(encoding="utf-8", newline="") as file:
        for user, row in enumerate(csv.DictReader(file)):
            device = (row["Serial number"], row["Platform"], row["Ownership"], row["Device name"])
            state = (Device.Status.PRE_APPROVED.value, Device.Source.IMPORT.value, domain, user, "{}")
            password = passwords.encrypt(row["Password"]) if row["Password"] else ""
            writer.writerow((*device, *state, password, 1, now, now))
    text.detach()
    data.seek(0)
    return data


def copy(data: BytesIO) -> None:
    """Write prepared rows by one COPY."""
    statement = f"COPY {TABLE} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(statement) as to:
        while block := data.read(BLOCK):
            to.write(block)


def count() -> int:
    """Return the number of rows in the table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        return int(cursor.fetchone()[0])

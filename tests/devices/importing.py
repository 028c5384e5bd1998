"""How does a test take a file through the import? By the pipeline's own steps, in the foreground."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from io import BytesIO, StringIO
from typing import Any

from devices.imports import check, commit, steps, undo
from devices.imports.columns import BY_FIELD, COLUMNS
from devices.models import Device, DeviceUser, Domain, ImportBatch, ImportProblem, ImportRow

REQUIRED = tuple(column.field for column in COLUMNS if column.is_required)
Cells = Mapping[str, str]


def row(number: int = 1, **cells: str) -> dict[str, str]:
    """Return the cells of a good row, by field; `cells` replace or add some."""
    return {
        "name": f"User {number}",
        "email": f"user{number}@example.com",
        "ownership": "corporate",
        "serial_number": f"C02XK1ZZJ{number:03}",
        "platform": "macos",
        **cells,
    }


def table(*rows: Cells, encoding: str = "utf-8") -> bytes:
    """Return a CSV with the required columns and those that a row names; names that are no fields are headers."""
    fields = list(dict.fromkeys([*REQUIRED, *(field for cells in rows for field in cells)]))
    headers = [BY_FIELD[field].header if field in BY_FIELD else field for field in fields]
    return lines(headers, *([cells.get(field, "") for field in fields] for cells in rows)).encode(encoding)


def lines(*rows: Iterable[str]) -> str:
    """Return rows of cells as CSV."""
    buffer = StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def parsed(text: str, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of cells of a CSV that hexenroll wrote."""
    return list(csv.reader(StringIO(text.removeprefix("\ufeff")), delimiter=delimiter))


def uploaded(content: bytes, *, domain: Domain | None = None, name: str = "devices.csv", **options: Any) -> ImportBatch:
    """Return a file as a batch in state `uploaded`."""
    return steps.upload(domain or Domain.objects.local(), BytesIO(content), name, None, **options)


def check_again(batch: ImportBatch) -> ImportBatch:
    """Check a mapped batch and return it as it is then."""
    steps.start_check(batch, tell_worker=False)
    check.run(batch.pk)
    batch.refresh_from_db()
    return batch


def checked(
    content: bytes,
    *,
    domain: Domain | None = None,
    name: str = "devices.csv",
    fixed: Mapping[str, str] | None = None,
    kept: Sequence[str] = (),
    validate_only: bool = False,
) -> ImportBatch:
    """Return a file as a checked batch, mapped as suggested.

    Args:
        content: the file.
        domain: `local` when it is left out.
        name: of the file.
        fixed: for fields, one value for all rows.
        kept: headers of columns that are kept as custom attributes.
        validate_only: nothing will be imported.
    """
    batch = uploaded(content, domain=domain, name=name, validate_only=validate_only)
    mapping = steps.suggestion(batch).mapping
    places = tuple(batch.headers.index(header) for header in kept)
    steps.save_mapping(batch, replace(mapping, fixed={**mapping.fixed, **(fixed or {})}, kept=places))
    return check_again(batch)


def checked_rows(*rows: Cells, **options: Any) -> ImportBatch:
    """Return `rows` as a checked batch."""
    return checked(table(*rows), **options)


def committed(
    batch: ImportBatch, duplicates: str = "", channel: str = "none", *, accept_good_rows: bool = False, **choices: Any
) -> ImportBatch:
    """Import a checked batch and return it as it is then."""
    steps.choose(batch, duplicates=duplicates, channel=channel, accept_good_rows=accept_good_rows, **choices)
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    return batch


def undone(batch: ImportBatch) -> ImportBatch:
    """Take a committed batch back and return it as it is then."""
    steps.start_undo(batch, None, tell_worker=False)
    undo.run(batch.pk)
    batch.refresh_from_db()
    return batch


def codes(batch: ImportBatch, severity: str | None = None) -> list[tuple[int, str]]:
    """Return line and code of a batch's problems, in the order of the file."""
    found = ImportProblem.objects.filter(batch=batch).order_by("line", "id")
    if severity:
        found = found.filter(severity=severity)
    return list(found.values_list("line", "code"))


def problem(batch: ImportBatch) -> ImportProblem:
    """Return the only problem of a batch."""
    return ImportProblem.objects.get(batch=batch)


def cell_problems(field: str, cell: str) -> list[tuple[str, str]]:
    """Return severity and code of what the check finds in one cell of a row that is good otherwise."""
    batch = checked_rows(row(1, **{field: cell}))
    assert batch.state == ImportBatch.State.READY, batch.failure
    return list(ImportProblem.objects.filter(batch=batch).order_by("id").values_list("severity", "code"))


def staged(batch: ImportBatch, line: int = 2) -> ImportRow:
    """Return a row of a batch by its line."""
    return ImportRow.objects.get(batch=batch, line=line)


def device(number: int = 1) -> Device:
    """Return the device of `row(number)`."""
    return Device.objects.get(serial_number=row(number)["serial_number"])


def user(number: int = 1) -> DeviceUser:
    """Return the device user of `row(number)`."""
    return DeviceUser.objects.get(email_key=row(number)["email"])


def portal_state() -> dict[str, list[Any]]:
    """Return everything that an import could change, to be compared."""
    devices = []
    for found in Device.objects.order_by("pk"):
        values = {name.attname: getattr(found, name.attname) for name in Device._meta.concrete_fields}
        values["groups"] = sorted(found.groups.values_list("name", flat=True))
        values["policies"] = sorted(found.policies.values_list("name", flat=True))
        devices.append(values)
    users = list(DeviceUser.objects.order_by("pk").values())
    return {"devices": devices, "users": users}


def content_of(file: Any) -> bytes:
    """Return the bytes of a stored file."""
    with closing(file.open("rb")) as opened:
        return bytes(opened.read())

"""How do cleaned rows and their problems get into the staging tables fast?

Called by the check, a chunk at a time, inside a transaction.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction

from devices.models import ImportProblem, ImportRow

from .sql import append, execute

# Fields of the contract that are staged as they are, under their own names.
TEXT_COLUMNS = (
    "name",
    "email",
    "ownership",
    "serial_number",
    "platform",
    "sam_account_name",
    "mobile",
    "device_name",
)
ROW_COLUMNS = (
    "batch_id",
    "line",
    *TEXT_COLUMNS,
    "one_time_password",
    "groups",
    "policies",
    "custom_attributes",
    "is_good",
    "kind",
    "decision",
    "invite",
)
PROBLEM_COLUMNS = ("batch_id", "line", "severity", "code", "field", "column", "value", "suggestion", "detail")


def write_rows(rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`, each a sequence in the order of ROW_COLUMNS."""
    append(ImportRow._meta.db_table, ROW_COLUMNS, rows)


def write_problems(problems: Iterable[Sequence[object]]) -> None:
    """Append `problems`, each a sequence in the order of PROBLEM_COLUMNS."""
    append(ImportProblem._meta.db_table, PROBLEM_COLUMNS, problems)


def clear(batch_id: int) -> None:
    """Take out all rows and problems of a batch."""
    ImportProblem.objects.filter(batch_id=batch_id).delete()
    ImportRow.objects.filter(batch_id=batch_id).delete()


def remove(batch_id: int) -> None:
    """Take out all rows and problems of a batch, and the choices that were kept for its next check."""
    clear(batch_id)
    ImportRow.objects.filter(batch_id=-batch_id).delete()


def set_choices_aside(batch_id: int) -> None:
    """Keep what was chosen row by row while a batch is checked anew: under its negative number, which no batch has."""
    if ImportRow.objects.filter(batch_id=-batch_id).exists():
        return  # a killed check did; the rows of the batch itself have lost them
    with transaction.atomic():
        execute(
            "UPDATE devices_importrow SET batch_id = -batch_id "
            "WHERE batch_id = %(batch)s AND is_good AND (decision <> '' OR NOT invite)",
            {"batch": batch_id},
        )


def restore_choices(batch_id: int) -> None:
    """Give rows the choices that were made for the same serial number and platform before the check."""
    aside = ImportRow.objects.filter(batch_id=-batch_id)
    if not aside.exists():
        return
    # +: with the statistics of a table that holds one batch, SQLite would compare every row with every other one.
    execute(
        "UPDATE devices_importrow SET decision = old.decision, invite = old.invite FROM devices_importrow AS old "
        "WHERE devices_importrow.batch_id = %(batch)s AND +old.batch_id = -%(batch)s "
        "AND old.serial_number = devices_importrow.serial_number AND old.platform = devices_importrow.platform",
        {"batch": batch_id},
    )
    aside.delete()

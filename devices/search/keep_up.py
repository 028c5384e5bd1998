"""Who brings new and changed text into the index of trigrams? A worker, sent by the clock every few seconds."""

from time import monotonic
from typing import Final

from django.db import connection, transaction

from . import tables

CHUNK: Final = 10_000  # numbers
LONGEST: Final = 60.0  # seconds; the clock's next task goes on
LOCK: Final = 7_236_004  # of pg_try_advisory_xact_lock: one worker at a time, so that the newest text wins


def keep_up() -> int:
    """Index what is due, chunk by chunk, each in a transaction of its own; return the number of chunks."""
    chunks, end = 0, monotonic() + LONGEST
    while tables.is_there() and monotonic() < end and _chunk():
        chunks += 1
    return chunks


def forget_gone() -> None:
    """Forget the text of what was deleted; find.py never finds it, so that this has time."""
    if not tables.is_there():
        return
    with connection.cursor() as cursor:
        for kind, (table, _text, _columns) in tables.SOURCES.items():
            cursor.execute(
                f"DELETE FROM devices_searchtext s WHERE kind = {kind} "  # noqa: S608
                f"AND NOT EXISTS (SELECT FROM {table} t WHERE t.id = s.id)"
            )


def _chunk() -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return False
        # What is written down while this runs has a higher number, and its turn later.
        cursor.execute("SELECT number, kind, first, last FROM devices_searchdue ORDER BY number LIMIT 1")
        found = cursor.fetchone()
        if found is None:
            return False
        number, kind, first, last = found
        until = min(last, first + CHUNK - 1)
        table, text, _columns = tables.SOURCES[kind]
        cursor.execute(
            f"INSERT INTO devices_searchtext (kind, id, text) SELECT {kind}, id, {text.format('')} FROM {table} "  # noqa: S608
            "WHERE id BETWEEN %s AND %s ON CONFLICT (kind, id) DO UPDATE SET text = excluded.text "
            "WHERE devices_searchtext.text <> excluded.text",
            [first, until],
        )
        if until >= last:
            cursor.execute("DELETE FROM devices_searchdue WHERE number = %s", [number])
        else:
            cursor.execute("UPDATE devices_searchdue SET first = %s WHERE number = %s", [until + 1, number])
    return True

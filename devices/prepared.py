"""How do the statements of a hot path reach the database? Called where devices ask a thousand times a second.

They are written once, in the SQL that both databases speak. PostgreSQL prepares them, and runs several that write as
one; SQLite runs one after the other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

IS_LOCKED = {"postgresql": "FOR UPDATE OF {table}", "sqlite": ""}  # on SQLite, the transaction locks everything


def fetch(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one SELECT with `%(name)s` parameters and return its rows; for few rows."""
    with _cursor() as cursor:
        cursor.execute(statement, _adapted(parameters))
        return list(cursor.fetchall())


def write(statements: Sequence[str], parameters: Mapping[str, Any]) -> None:
    """Run INSERT, UPDATE and DELETE statements with `%(name)s` parameters, as one where the database can.

    Args:
        statements: none of them may need to see what another one writes, nor write the same row.
        parameters: of all of them.
    """
    adapted = _adapted(parameters)
    with _cursor() as cursor:
        for statement in (_joined(tuple(statements)),) if connection.vendor == "postgresql" else statements:
            cursor.execute(statement, adapted)


def locked(table: str) -> str:
    """Return the end of a SELECT that locks the rows of a table, or of its alias."""
    return IS_LOCKED[connection.vendor].format(table=table)


@lru_cache(maxsize=64)
def _joined(statements: tuple[str, ...]) -> str:
    """Return PostgreSQL's one statement for several: one way to the server, one plan, and it is prepared."""
    *others, last = statements
    named = ", ".join(f"written_{number} AS ({other})" for number, other in enumerate(others))
    return f"WITH {named} {last}" if named else last


def _cursor() -> CursorWrapper:
    """Return a cursor whose statements the server prepares: Django's own binds parameters into the text."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    cursor: Any = psycopg.Cursor(connection.connection)
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)


def _adapted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _parameter(value) for name, value in parameters.items()}


def _parameter(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if type(value) is int and connection.vendor == "postgresql":
        # psycopg sends numbers as the smallest type that holds them, and each combination would be one more plan.
        return str(value)
    return value

"""How do the statements of a hot path reach the database? Called where devices ask a thousand times a second.

They are written once, in the SQL that both databases speak. PostgreSQL prepares them, and runs several that write as
one; SQLite runs one after the other. The connection is asked for once a statement: `connection` looks it up for each
of its attributes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

IS_LOCKED = {"postgresql": "FOR UPDATE OF {table}", "sqlite": ""}  # on SQLite, the transaction locks everything


def fetch(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one SELECT with `%(name)s` parameters and return its rows; for few rows."""
    database = connections[DEFAULT_DB_ALIAS]
    with _cursor(database) as cursor:
        cursor.execute(statement, _adapted(parameters, database))
        return list(cursor.fetchall())


def write(statements: Sequence[str], parameters: Mapping[str, Any]) -> None:
    """Run INSERT, UPDATE and DELETE statements with `%(name)s` parameters, as one where the database can.

    Args:
        statements: none of them may need to see what another one writes, nor write the same row.
        parameters: of all of them.
    """
    database = connections[DEFAULT_DB_ALIAS]
    adapted = _adapted(parameters, database)
    with _cursor(database) as cursor:
        for statement in (_joined(tuple(statements)),) if database.vendor == "postgresql" else statements:
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


def _cursor(database: BaseDatabaseWrapper) -> CursorWrapper:
    """Return a cursor whose statements the server prepares: Django's own binds parameters into the text."""
    if database.vendor != "postgresql":
        return database.cursor()
    database.ensure_connection()
    cursor: Any = psycopg.Cursor(database.connection)
    return database.make_debug_cursor(cursor) if database.queries_logged else database.make_cursor(cursor)


def _adapted(parameters: Mapping[str, Any], database: BaseDatabaseWrapper) -> dict[str, Any]:
    adapted = dict(parameters)
    for name, value in parameters.items():
        if isinstance(value, datetime):
            adapted[name] = database.ops.adapt_datetimefield_value(value)
        elif type(value) is int and database.vendor == "postgresql":
            # psycopg sends a number as the smallest type that holds it, and each combination would be one more plan.
            adapted[name] = str(value)
    return adapted

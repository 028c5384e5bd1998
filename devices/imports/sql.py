"""How do the set statements of the import reach the database, where PostgreSQL and SQLite differ?

Called by the stages of the pipeline; the statements themselves stand there, in the SQL that both speak.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

SPELLINGS: dict[str, dict[str, str]] = {
    "postgresql": {
        "json_object": "jsonb_build_object",
        "json_list": "(SELECT COALESCE(jsonb_agg({value} ORDER BY {value}), '[]'::jsonb) {source})",
        "items": "CROSS JOIN LATERAL jsonb_array_elements_text({value}) AS item(value)",
        "as_json": "{value}",
        "no_attributes": "'{{}}'::jsonb",
        "merge": "{left} || {right}",
        "timestamp": "timestamptz",
        "lock": "FOR NO KEY UPDATE",
    },
    "sqlite": {
        "json_object": "json_object",
        "json_list": "json((SELECT json_group_array(value) FROM (SELECT {value} AS value {source} ORDER BY {value})))",
        "items": "JOIN json_each({value}) AS item",
        "as_json": "json({value})",
        "no_attributes": "'{{}}'",
        "merge": "json_patch({left}, {right})",
        "timestamp": "text",
        "lock": "",  # one transaction writes at once
    },
}


def spell(name: str, **parts: str) -> str:
    """Return the spelling of `name` for the database in use, with `parts` filled in."""
    return SPELLINGS[connection.vendor][name].format(**parts)


def execute(statement: str, parameters: Mapping[str, Any]) -> int:
    """Run one statement with `%(name)s` parameters.

    Returns:
        The number of rows that it changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(parameters))
        return int(cursor.rowcount)


def query(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one SELECT with `%(name)s` parameters and return its rows; for few rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(parameters))
        return list(cursor.fetchall())


def append(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`, each a sequence in the order of `columns`: PostgreSQL by COPY, SQLite by `executemany`."""
    quote = connection.ops.quote_name
    target = f"{quote(table)} ({', '.join(map(quote, columns))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {target} VALUES ({places})", list(rows))  # type: ignore[arg-type]


def make_room(megabytes: int = 64) -> None:
    """Let sorts, hashes and SQLite's pages of indexes stay in memory: for this transaction, or this connection."""
    if connection.vendor == "postgresql":
        execute(f"SET LOCAL work_mem = '{int(megabytes)}MB'", {})
    else:
        # In KiB. A sort takes as much again, hence the half. With the 2 MB that SQLite has by itself, each device of a
        # large file makes it write pages of the serial numbers' indexes and read others.
        execute(f"PRAGMA cache_size = -{int(megabytes) * 512}", {})


def dont_wait_for_the_disk() -> None:
    """Let this transaction end before it is on the disk: a crash of the database may take it back, never half of it."""
    if connection.vendor == "postgresql":
        execute("SET LOCAL synchronous_commit = off", {})


def one_at_a_time(work: str = "import") -> None:
    """Let nobody else do such work until this transaction ends; on SQLite, every writing transaction does so."""
    if connection.vendor == "postgresql":
        execute("SELECT pg_advisory_xact_lock(hashtext(%(work)s))", {"work": f"hexenroll {work}"})


def analyze(table: str) -> None:
    """Tell the planner what was loaded: it would take a fresh batch of 100,000 rows for an empty one."""
    # A commit keeps its lock on the statistics to its end: who finds it taken goes on with what is known.
    option = "(SKIP_LOCKED) " if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {option}{connection.ops.quote_name(table)}")

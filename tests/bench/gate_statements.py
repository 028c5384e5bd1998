"""Which SQL does the gate run for one device? `python -m tests.bench.gate_statements` prints it for pgbench.

Written down while two devices enroll by the real endpoint, so it is always what the gate runs now. What differs between
the two becomes an expression of the device's number; what is neither the same nor known as such is an error.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple

import django
from django.db import connection

from tests.bench import fleet
from tests.bench.enroll_requests import enrolling
from tests.bench.fleet import Fact

# The first one is not written down: it fills what the process keeps in memory.
WARM_UP, FIRST, SECOND = 1_001, 2_003, 3_106
FACTS = (
    fleet.DEVICE,
    fleet.USER,
    fleet.SERIAL_NUMBER,
    fleet.NAME,
    fleet.EMAIL,
    fleet.HARDWARE_UUID,
    fleet.TOKEN_HASH,
    Fact(lambda i: f"{{{i}}}", "ARRAY[{i}]"),
    Fact(lambda i: f"[[{fleet.GROUP.of(i)}, 1]]", f"jsonb('[[' || {fleet.GROUP.sql} || ', 1]]')"),  # told policies
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(s)|(%))")


class Statement(NamedTuple):
    """What went to the database."""

    sql: str
    parameters: Sequence[Any] | Mapping[str, Any]
    in_transaction: bool


class UnknownParameterError(Exception):
    """A parameter differs from device to device, and nothing that is known of a device explains it."""


def statements_of(number: int) -> list[Statement]:
    """Let a device enroll; return the statements in their order.

    Raises:
        RuntimeError: it was not let in.
    """
    from django.test import Client

    found: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
        if many:
            raise UnknownParameterError(f"executemany is not known here: {sql}")
        found.append(Statement(sql, parameters or (), connection.in_atomic_block))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note) if number != WARM_UP else nullcontext():
        client = Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR="127.0.0.1")
        answer = client.post(
            "/api/v1/enroll", enrolling(number), content_type="application/json", headers={"user-agent": "bench"}
        )
    if answer.status_code != 200:
        raise RuntimeError(f"device {number}: {answer.status_code} {answer.content.decode()}")
    return found


def script() -> str:
    """Return the statements as pgbench runs them for the device with the number `:i`."""
    statements_of(WARM_UP)
    first, second = statements_of(FIRST), statements_of(SECOND)
    lines, in_transaction = [], False
    for one, other in zip(first, second, strict=True):
        if one.sql != other.sql:
            raise UnknownParameterError(f"not the same statement for each device: {one.sql} and {other.sql}")
        if one.in_transaction != in_transaction:
            lines.append("BEGIN;" if one.in_transaction else "COMMIT;")
            in_transaction = one.in_transaction
        lines.append(_written(one, other) + ";")
    return "\n".join([*lines, *(["COMMIT;"] if in_transaction else [])])


def _written(one: Statement, other: Statement) -> str:
    """Return a statement with its parameters in their places."""
    if ":" in one.sql.replace("::", ""):
        raise UnknownParameterError(f"pgbench would look for a variable after the colon: {one.sql}")
    values = iter(() if isinstance(one.parameters, Mapping) else zip(one.parameters, other.parameters, strict=True))

    def value(match: re.Match[str]) -> str:
        name, is_next, _percent = match.groups()
        if name:
            assert isinstance(one.parameters, Mapping) and isinstance(other.parameters, Mapping)
            return expression_of(one.parameters[name], other.parameters[name], name)
        if is_next:
            return expression_of(*next(values), f"of {one.sql}")
        return "%"

    return _PLACEHOLDER.sub(value, one.sql) if one.parameters else one.sql


def expression_of(one: Any, other: Any, name: str) -> str:
    """Return a parameter in SQL, given its values for the two devices.

    Raises:
        UnknownParameterError: they differ, and nobody knows why.
    """
    if isinstance(one, datetime):
        return "now()"
    if isinstance(one, list | tuple):
        return f"ARRAY[{', '.join(expression_of(*pair, name) for pair in zip(one, other, strict=True))}]"
    for fact in FACTS:
        if (str(one), str(other)) == (str(fact.of(FIRST)), str(fact.of(SECOND))):
            return f"({fact.sql.format(i='CAST(:i AS bigint)')})"
    if one == other:
        return literal(one)
    if all(isinstance(value, str) and _DIGEST.fullmatch(value) for value in (one, other)):
        return f"encode(sha256(convert_to('{name}' || CAST(:i AS bigint), 'UTF8')), 'hex')"
    raise UnknownParameterError(f"{name}: {one!r} for device {FIRST}, {other!r} for device {SECOND}")


def literal(value: Any) -> str:
    """Return a value as an SQL literal without colons, after which pgbench would look for its variables."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if hasattr(value, "dumps"):  # psycopg's wrapper of JSON
        value = value.dumps(value.obj)
    if not isinstance(value, str):
        raise UnknownParameterError(f"a {type(value).__name__} is not known here: {value!r}")
    quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace(":", "\\x3a")
    return f"E'{quoted}'"


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(script() + "\n")

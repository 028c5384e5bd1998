"""Which devices hold a piece of text in their serial number or name, or in their user's name or e-mail address?"""

import json
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from devices.models.device_user import DeviceUser

from . import tables

# Of fewer characters there is no trigram but where a word begins: they are looked for at the beginning of serial
# numbers and names.
SHORTEST: Final = 3
# Of text that so many hold, the newest are found sooner by looking at one device after the other.
COMMON: Final = 50_000


def holding(text: str) -> Q | None:
    """Return the condition on devices; None: the database has no index of trigrams (DeviceQuerySet.matching)."""
    if not tables.is_there():
        return None
    if len(text) < SHORTEST:
        return _beginning(text)
    pattern = f"%{_escaped(text)}%"
    if _is_common(pattern):
        return _one_by_one(text)
    users, of_users = _keys(tables.USER, pattern)
    devices, of_devices = _keys(tables.DEVICE, pattern)
    sql = f"{devices} UNION ALL SELECT id FROM devices_device WHERE user_id IN ({users})"  # noqa: S608
    return Q(pk__in=_sql(sql, [*of_devices, *of_users]))


def users_holding(text: str) -> Q | None:
    """Return the condition on device users; None: as `holding`, or the text is too short for a trigram."""
    if len(text) < SHORTEST or not tables.is_there():
        return None
    return Q(pk__in=_sql(*_keys(tables.USER, f"%{_escaped(text)}%")))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _sql(sql: str, parameters: list[Any]) -> Any:
    return RawSQL(sql, parameters)  # noqa: S611 - made of constants


def _beginning(text: str) -> Q:
    """Return a condition on what begins with a text: the beginning of a word is a trigram, too."""
    patterns = [f"{_escaped(text)}%", f"%\n{_escaped(text)}%"]
    if any(_is_common(pattern) for pattern in patterns):
        return Q(serial_number__istartswith=text) | Q(name__istartswith=text)
    found = [_keys(tables.DEVICE, pattern) for pattern in patterns]
    sql = " UNION ALL ".join(part for part, _parameters in found)
    return Q(pk__in=_sql(sql, [value for _part, parameters in found for value in parameters]))


def _one_by_one(text: str) -> Q:
    """Return a condition that PostgreSQL tries on one device after the other, so that it stops after the first page."""
    # A value, not EXISTS: of that it would make a list of all users first.
    users = DeviceUser.objects.filter(pk=OuterRef("user"))
    holds = Q(name__icontains=text) | Q(email__icontains=text)
    of_user = Coalesce(Subquery(users.values_list(ExpressionWrapper(holds, BooleanField()))), Value(False))
    return Q(serial_number__icontains=text) | Q(name__icontains=text) | Q(of_user)


def _keys(kind: int, pattern: str) -> tuple[str, list[Any]]:
    """Return SQL, with its parameters, of the numbers whose text holds a pattern: as indexed, or as it is if due."""
    table, text, _columns = tables.SOURCES[kind]
    due = f"FROM devices_searchdue q WHERE q.kind = {kind}"
    sql = (
        f"SELECT s.id FROM devices_searchtext s WHERE s.kind = {kind} AND s.text LIKE upper(%s) "  # noqa: S608
        f"AND NOT EXISTS (SELECT {due} AND s.id BETWEEN q.first AND q.last) "
        f"UNION ALL SELECT t.id FROM (SELECT q.first, q.last {due}) q "
        f"JOIN {table} t ON t.id BETWEEN q.first AND q.last WHERE {text.format('t.')} LIKE upper(%s)"
    )
    return sql, [pattern, pattern]


def _is_common(pattern: str) -> bool:
    """Tell, by the planner's own estimate, whether very many devices or users hold it."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT id FROM devices_searchtext WHERE text LIKE upper(%s)", [pattern])
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return bool(plan[0]["Plan"]["Plan Rows"] > COMMON)

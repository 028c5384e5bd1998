"""Under which name does each value of a policy stand? Compared by the history (`versions`) and by `conflicts`.

Free of models. An entry of a list is known by its key, not by its number: `wifi[northwind].security`.
"""

import json
from collections.abc import Iterator
from typing import Any

from .kinds import Entries, Kind, Section
from .schema import APPS, SETTINGS


def in_order(value: Any, kind: Kind = SETTINGS) -> Any:
    """Return settings, or apps (`kind` is APPS), with names in the order of the schema: PostgreSQL keeps none."""
    if isinstance(kind, Entries) and isinstance(value, list):
        return [in_order(entry, kind.entry) for entry in value]
    if isinstance(kind, Section) and isinstance(value, dict):
        known = [name for name in kind.fields if name in value]
        others = sorted(value.keys() - kind.fields.keys())
        return {name: in_order(value[name], kind.fields.get(name, Kind())) for name in (*known, *others)}
    return value


def places_of_settings(settings: Any, *, depth: int = 20) -> dict[str, Any]:
    """Return the values of settings by their places; what is deeper than `depth` objects is one value."""
    found: dict[str, Any] = {}
    for name, value in in_order(settings).items() if isinstance(settings, dict) else ():
        kind = SETTINGS.fields.get(name)
        found.update(_entries(kind, name, value) if isinstance(kind, Entries) else _leaves(name, value, depth))
    return found


def places_of_apps(apps: Any) -> dict[str, Any]:
    """Return the values of apps by their places, such as `apps[com.example.crm].install`."""
    return dict(_entries(APPS, "apps", in_order(apps, APPS))) if apps else {}


def as_json(value: Any) -> str:
    """Return a value so that it can be compared: to Python, true and 1 are the same."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def as_text(value: Any) -> str:
    """Return a value as people read it: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else as_json(value)


def _entries(kind: Entries, place: str, value: Any) -> Iterator[tuple[str, Any]]:
    known = [entry.get(kind.key) if isinstance(entry, dict) else None for entry in value] if _is_list(value) else [None]
    if None in known or len(set(map(str, known))) < len(known):  # stored before there was a schema
        yield place, value
        return
    for key, entry in zip(known, value, strict=True):
        for name, inner in entry.items():
            if name != kind.key or len(entry) == 1:
                yield f"{place}[{key}].{name}", inner


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _leaves(place: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value and depth > 0:
        for name, inner in value.items():
            yield from _leaves(f"{place}.{name}", inner, depth - 1)
    else:
        yield place, value

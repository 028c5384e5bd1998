"""Which addresses does the portal have, and how is one of them asked for about certain objects?"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.urls import URLResolver, get_resolver

# `<int:batch_id>` of a route, or `(?P<token>[\s\S]*)` of a pattern.
PLACE = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")
OF_MODEL = re.compile(r"admin/(\w+)/(\w+)/<")  # directly behind the model: the number of one
# A number that no object has.
NOBODYS = 987_654_321


def routes() -> list[str]:
    """Return every address that hexenroll/urls.py knows, as it is written there, in its order."""
    return list(dict.fromkeys(_walk(get_resolver().url_patterns, "")))


def places_of(route: str) -> list[str]:
    """Return the names of the places in a route, such as `batch_id`."""
    return [first or second for first, second in PLACE.findall(route)]


def filled(route: str, values: Mapping[str, Any]) -> str:
    """Return an address: a route with values in its places; 1 where none is given."""
    # Functions keep backslashes of values as they are.
    address = PLACE.sub(lambda match: str(values.get(match[1] or match[2], 1)), route)
    return "/" + address.replace("^", "").replace("$", "").replace(r"[\s\S]*", "unknown").replace("\\.", ".")


def values_about(route: str, objects: Mapping[str, Model], number: int | None = None) -> dict[str, Any]:
    """Return what stands in the places of a route that is about one of some objects.

    Args:
        route: of `routes`.
        objects: by label, such as `devices.device`.
        number: stands there instead of each object's own.
    """
    found: dict[str, Any] = {}
    for index, place in enumerate(places_of(route)):
        owner = OF_MODEL.match(route)
        label = f"{owner[1]}.{owner[2]}" if owner and not index else _label_of(place, objects)
        if label in objects:
            found[place] = objects[label].pk if number is None else number
    return found


def labels() -> Iterator[str]:
    """Yield the label of each of the portal's own tables."""
    for model in apps.get_models():
        if model._meta.app_label in ("devices", "invitations", "enrollment", "hexenroll"):
            yield model._meta.label_lower


def _label_of(place: str, objects: Iterable[str]) -> str:
    """Return which of the objects a place such as `batch_id` names; "": none."""
    name = place.removesuffix("_id").replace("_", "")
    return next((label for label in objects if label.endswith(name)), "") if place.endswith("_id") else ""


def _walk(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route

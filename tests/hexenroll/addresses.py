"""Which addresses does the portal have, and how is one of them asked for about certain objects?"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import unwrap
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.urls import URLResolver, get_resolver

from hexenroll.api_keys.authentication import ApiKeyAuthentication
from hexenroll.api_routes import router
from hexenroll.roles import OUR_APPS

# `<int:batch_id>` of a route, or `(?P<token>[\s\S]*)` of a pattern.
PLACE = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")
OF_MODEL = re.compile(r"admin/(\w+)/(\w+)/<")  # directly behind the model: the number of one
OF_API = re.compile(r"api/v1/\^([\w-]+)/\(")  # the same of the administrators' API
# A number that no object has.
NOBODYS = 987_654_321


def routes() -> list[str]:
    """Return every address that hexenroll/urls.py knows, as it is written there, in its order."""
    return list(views())


def views() -> dict[str, Callable[..., Any]]:
    """Return the view of every address; of two with the same one the first, which answers."""
    found: dict[str, Callable[..., Any]] = {}
    for route, view in _walk(get_resolver().url_patterns, ""):
        found.setdefault(route, view)
    return found


def is_ours(view: Callable[..., Any]) -> bool:
    """Tell whether a view is written in this project, and not in Django or a library."""
    shown: Any = getattr(view, "view_class", None) or getattr(view, "cls", None) or unwrap(view)
    return str(shown.__module__).partition(".")[0] in OUR_APPS


def is_by_key(route: str) -> bool:
    """Tell whether an address is one of the administrators' API, where a key counts and nothing else."""
    view: Any = views()[route]
    options = getattr(view, "initkwargs", {})
    classes = getattr(getattr(view, "cls", None), "authentication_classes", ())
    return ApiKeyAuthentication in options.get("authentication_classes", classes)


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
        listed = OF_API.match(route)
        if listed:
            label = api_labels()[listed[1]]
        else:
            label = f"{owner[1]}.{owner[2]}" if owner and not index else _label_of(place, objects)
        if label in objects:
            found[place] = objects[label].pk if number is None else number
    return found


def api_labels() -> dict[str, str]:
    """Return the label of the objects in each list of the administrators' API."""
    registry: list[tuple[str, Any, str]] = router.registry
    return {name: view.queryset.model._meta.label_lower for name, view, _base in registry}


def labels() -> Iterator[str]:
    """Yield the label of each of the portal's own tables."""
    for model in apps.get_models():
        if model._meta.app_label in OUR_APPS:
            yield model._meta.label_lower


def _label_of(place: str, objects: Iterable[str]) -> str:
    """Return which of the objects a place such as `batch_id` names; "": none."""
    name = place.removesuffix("_id").replace("_", "")
    return next((label for label in objects if label.endswith(name)), "") if place.endswith("_id") else ""


def _walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern.callback

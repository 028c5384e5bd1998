"""How is a long list handed out in pieces? By the place of the last row, which costs the same on each page.

A number of a page would make the database count all rows before it, and would skip or repeat rows that come meanwhile.
"""

import base64
import json
from datetime import datetime
from typing import Any, Final

from django.db.models import DateTimeField, Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

SIZE: Final = 100
LARGEST: Final = 1_000
LONGEST: Final = 1_000  # characters of a cursor
NUMBERS: Final = 2**63


class KeysetPagination(BasePagination):
    """`limit`, `ordering` and `cursor`; the answer holds `results`, and `next`: the address of what follows."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.address = request.build_absolute_uri()
        size = self._size(request.query_params.get("limit"))
        allowed = getattr(view, "orderings", ("id",))
        ordering = request.query_params.get("ordering") or f"-{allowed[0]}"
        field, descending = ordering.removeprefix("-"), ordering.startswith("-")
        if field not in allowed:
            text = _("Possible values: %(values)s, and each with a minus sign before it.")
            raise ValidationError({"ordering": [text % {"values": ", ".join(allowed)}]})
        sign = "-" if descending else ""
        queryset = queryset.order_by(f"{sign}{field}", f"{sign}pk") if field != "id" else queryset.order_by(f"{sign}pk")
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(_after(queryset.model, field, _read(cursor), "lt" if descending else "gt"))
        found = list(queryset[: size + 1])
        rows = found[:size]
        self.next = None
        if len(found) > size:
            self.next = replace_query_param(self.address, "cursor", _written(rows[-1], field))
        return rows

    def _size(self, text: str | None) -> int:
        if text is None or text == "":
            return SIZE
        if text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= LARGEST:
            return int(text)
        raise ValidationError({"limit": [_("A whole number from 1 to %(most)s.") % {"most": LARGEST}]})

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": "Where the list goes on; null at its end.",
        }
        properties = {"next": following, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        allowed = getattr(view, "orderings", ("id",))
        orders = [sign + name for name in allowed for sign in ("", "-")]
        limits = {"type": "integer", "minimum": 1, "maximum": LARGEST, "default": SIZE}
        return [
            _parameter("limit", limits, "How many rows there are in one answer."),
            _parameter("cursor", {"type": "string"}, "Where to go on; found in `next`."),
            _parameter("ordering", {"type": "string", "enum": orders}, "By what; a minus sign reverses it."),
        ]


def _parameter(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


def _after(model: Any, field: str, place: list[Any], comparison: str) -> Q:
    """Return what is true of the rows that follow a place."""
    value, pk = place
    if field == "id":
        return Q(**{f"pk__{comparison}": pk})
    if isinstance(model._meta.get_field(field), DateTimeField):
        value = _moment(value)
    elif not isinstance(value, str):
        raise _wrong()
    # The first condition lets the database begin at the right place of the index.
    return Q(**{f"{field}__{comparison}e": value}) & (
        Q(**{f"{field}__{comparison}": value}) | Q(**{f"pk__{comparison}": pk})
    )


def _moment(value: Any) -> datetime:
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError as error:
        raise _wrong() from error
    if found is None or found.tzinfo is None:
        raise _wrong()
    return found


def _written(row: Any, field: str) -> str:
    value = row.pk if field == "id" else getattr(row, field)
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([text, row.pk]).encode()).decode().rstrip("=")


def _read(cursor: str) -> list[Any]:
    try:
        if len(cursor) > LONGEST:
            raise _wrong()
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError) as error:
        raise _wrong() from error
    is_place = isinstance(place, list) and len(place) == 2 and type(place[1]) is int and abs(place[1]) < NUMBERS
    if not is_place or (isinstance(place[0], str) and "\x00" in place[0]):
        raise _wrong()
    return place


def _wrong() -> ValidationError:
    return ValidationError({"cursor": [_("This is no cursor of this list. Take the address that “next” says.")]})

"""What does a mapping hold, and does it fit the file?

Stored with each batch; made by `mapping`, by the wizard's form and by the command. Free of models.
"""

from collections import Counter, abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from ..columns import BAD_ROW_HEADERS, BY_FIELD, COLUMNS, STATUS_HEADER

_ATTRIBUTE_LENGTH = 200


class MappingCode(TextChoices):
    """Codes of what is wrong with a mapping; each label is a message with the places of `MappingProblem.message`."""

    REQUIRED = "required", _("“%(field)s” is required. Choose its column, or give one value for all rows.")
    REQUIRED_COLUMN = "required_column", _("“%(field)s” is required. Choose its column.")
    UNKNOWN_FIELD = "unknown_field", _("There is no field “%(field)s”. The fields are: %(detail)s.")
    NO_SUCH_COLUMN = (
        "no_such_column",
        _("“%(field)s” is mapped to a column that the file doesn't have. Choose another."),
    )
    USED_TWICE = "used_twice", _("The column “%(detail)s” is used more than once. Choose another for “%(field)s”.")
    TOO_MANY_PARTS = "too_many_parts", _("“%(field)s” can be filled by at most %(detail)s columns. Remove the others.")
    BOTH = "both", _("“%(field)s” has a column and a value for all rows. Choose one of the two.")
    CANT_BE_FIXED = "cant_be_fixed", _("“%(field)s” can't be the same in all rows. Choose its column.")
    EMPTY_VALUE = "empty_value", _("The value of “%(field)s” for all rows is empty. Write one, or choose a column.")
    KEPT_TWICE = (
        "kept_twice",
        _("The column “%(detail)s” fills a field, so it can't be kept as a custom attribute too."),
    )
    NOT_KEPT = "not_kept", _("The column “%(detail)s” is hexenroll's own, so it can't be kept as a custom attribute.")


@dataclass(frozen=True)
class MappingProblem:
    """One thing that is wrong with a mapping.

    Attributes:
        field: name of the field; "" for a kept column.
        code: a `MappingCode`.
        detail: what the message names besides the field.
    """

    field: str
    code: MappingCode
    detail: str = ""

    @property
    def message(self) -> str:
        label = str(BY_FIELD[self.field].label) if self.field in BY_FIELD else self.field
        return str(self.code.label) % {"field": label, "detail": self.detail}


@dataclass(frozen=True)
class Mapping:
    """Which columns of a file fill which fields.

    Attributes:
        columns: field -> indexes of the columns that fill it, joined by a space when there are two.
        fixed: field -> one value for all rows.
        kept: indexes of columns that are kept as custom attributes.
    """

    columns: abc.Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    fixed: abc.Mapping[str, str] = field(default_factory=dict)
    kept: tuple[int, ...] = ()

    @property
    def filled(self) -> frozenset[str]:
        """The fields that this mapping fills, from a column or with one value for all rows."""
        return frozenset(self.columns) | frozenset(self.fixed)

    def to_json(self) -> dict[str, Any]:
        columns = {field: list(indexes) for field, indexes in self.columns.items()}
        return {"columns": columns, "fixed": dict(self.fixed), "kept": list(self.kept)}

    @classmethod
    def from_json(cls, data: abc.Mapping[str, Any]) -> "Mapping":
        """Return the mapping that `to_json` wrote; an empty one for `{}`."""
        columns = {field: tuple(indexes) for field, indexes in data.get("columns", {}).items()}
        return cls(columns, dict(data.get("fixed", {})), tuple(data.get("kept", ())))

    def problems(self, headers: Sequence[str]) -> list[MappingProblem]:
        """Return everything that keeps a file with these headers from being read by this mapping; empty: it fits."""
        return [*self._field_problems(len(headers)), *self._double_use(headers), *self._kept_problems(headers)]

    def moved(self, old_headers: Sequence[str], new_headers: Sequence[str]) -> "Mapping":
        """Return this mapping for another header row: columns move with their names, lost ones are dropped."""
        places = {name: index for index, name in enumerate(_counted(new_headers))}
        moves = {index: places[name] for index, name in enumerate(_counted(old_headers)) if name in places}
        columns = {}
        for name, indexes in self.columns.items():
            if all(index in moves for index in indexes):
                columns[name] = tuple(moves[index] for index in indexes)
        return Mapping(columns, dict(self.fixed), tuple(moves[index] for index in self.kept if index in moves))

    def attribute_names(self, headers: Sequence[str]) -> dict[int, str]:
        """Return the custom attribute's name for each kept column: its header, made unique; "Column 7" without one.

        Not translated: the names are stored, and must not depend on who imports.
        """
        names: dict[int, str] = {}
        for index in self.kept:
            base = headers[index].strip()[:_ATTRIBUTE_LENGTH] or f"Column {index + 1}"
            name, number = base, 1
            while name in names.values():
                number += 1
                name = f"{base} ({number})"
            names[index] = name
        return names

    def keepable(self, headers: Sequence[str]) -> tuple[int, ...]:
        """Return indexes of the columns that may be kept as custom attributes: those that fill no field."""
        used = {index for indexes in self.columns.values() for index in indexes} | own_columns(headers)
        return tuple(index for index in range(len(headers)) if index not in used)

    def _field_problems(self, width: int) -> Iterator[MappingProblem]:
        for name in {**self.columns, **self.fixed}:
            if name not in BY_FIELD:
                known = ", ".join(column.field for column in COLUMNS)
                yield MappingProblem(name, MappingCode.UNKNOWN_FIELD, known)
        for column in COLUMNS:
            name, indexes, value = column.field, self.columns.get(column.field, ()), self.fixed.get(column.field)
            if not indexes and value is None and column.is_required:
                code = MappingCode.REQUIRED if column.can_be_fixed else MappingCode.REQUIRED_COLUMN
                yield MappingProblem(name, code)
            if len(indexes) > column.parts:
                yield MappingProblem(name, MappingCode.TOO_MANY_PARTS, str(column.parts))
            if any(not 0 <= index < width for index in indexes):
                yield MappingProblem(name, MappingCode.NO_SUCH_COLUMN)
            if indexes and value is not None:
                yield MappingProblem(name, MappingCode.BOTH)
            if value is not None and not column.can_be_fixed:
                yield MappingProblem(name, MappingCode.CANT_BE_FIXED)
            if value is not None and not value.strip():
                yield MappingProblem(name, MappingCode.EMPTY_VALUE)

    def _double_use(self, headers: Sequence[str]) -> Iterator[MappingProblem]:
        seen: set[int] = set()
        for name, indexes in self.columns.items():
            for index in indexes:
                if index in seen and 0 <= index < len(headers):
                    yield MappingProblem(name, MappingCode.USED_TWICE, shown_header(headers, index))
                seen.add(index)

    def _kept_problems(self, headers: Sequence[str]) -> Iterator[MappingProblem]:
        used = {index for indexes in self.columns.values() for index in indexes}
        own = own_columns(headers)
        for index, count in Counter(self.kept).items():
            if not 0 <= index < len(headers):
                yield MappingProblem("", MappingCode.NO_SUCH_COLUMN)
            elif index in used or count > 1:
                yield MappingProblem("", MappingCode.KEPT_TWICE, shown_header(headers, index))
            elif index in own:
                yield MappingProblem("", MappingCode.NOT_KEPT, shown_header(headers, index))


def own_columns(headers: Sequence[str]) -> set[int]:
    """Return indexes of columns that hexenroll itself adds to its files, and doesn't read."""
    own = set()
    names = [header.strip() for header in headers]
    if tuple(names[: len(BAD_ROW_HEADERS)]) == BAD_ROW_HEADERS:
        own |= set(range(len(BAD_ROW_HEADERS)))
    if all(column.header in names for column in COLUMNS if column.is_required):
        own |= {index for index, name in enumerate(names) if name == STATUS_HEADER}
    return own


def shown_header(headers: Sequence[str], index: int) -> str:
    """Return how a column is called on pages: by its header, else by its number."""
    return headers[index].strip() or f"Column {index + 1}"


def _counted(headers: Sequence[str]) -> list[tuple[str, int]]:
    """Return headers with how many of the same name stand before each, so that every one is unique."""
    seen: Counter[str] = Counter()
    counted = []
    for header in headers:
        counted.append((header.strip(), seen[header.strip()]))
        seen[header.strip()] += 1
    return counted

"""Which column of a file fills which field? (Core by the lead, 08:25; `suggest`, `from_arguments`, `looks_like_data`, products: extend here.)

Asked by the wizard, the command line and the check. Free of models.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from .columns import BY_FIELD, COLUMNS


class MappingCode(TextChoices):
    """What can be wrong with a mapping."""

    MISSING = "missing"
    UNKNOWN_FIELD = "unknown_field"
    NO_SUCH_COLUMN = "no_such_column"
    USED_TWICE = "used_twice"
    TWO_SOURCES = "two_sources"
    TOO_MANY_PARTS = "too_many_parts"
    NOT_FIXED = "not_fixed"


@dataclass(frozen=True)
class MappingProblem:
    """One thing that is wrong: at which field, which code, and what to do."""

    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Mapping:
    """Which column of a file fills which field.

    Attributes:
        columns: for a field, the indexes of the columns that fill it together.
        fixed: for a field, one value for all rows.
        kept: indexes of columns that are kept as custom attributes.
    """

    columns: MappingType[str, tuple[int, ...]] = field(default_factory=dict)
    fixed: MappingType[str, str] = field(default_factory=dict)
    kept: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, data: MappingType[str, object]) -> "Mapping":
        columns, fixed, kept = data.get("columns") or {}, data.get("fixed") or {}, data.get("kept") or []
        if not isinstance(columns, dict) or not isinstance(fixed, dict) or not isinstance(kept, list):
            raise TypeError(f"not a mapping: {data!r}")
        return cls({name: tuple(indexes) for name, indexes in columns.items()}, dict(fixed), tuple(kept))

    def to_json(self) -> dict[str, object]:
        return {
            "columns": {name: list(indexes) for name, indexes in self.columns.items()},
            "fixed": dict(self.fixed),
            "kept": list(self.kept),
        }

    def problems(self, headers: Sequence[str]) -> list[MappingProblem]:
        """Return what keeps this mapping from being used for a file with these headers."""
        found: list[MappingProblem] = []

        def say(name: str, code: MappingCode, message: str) -> None:
            found.append(MappingProblem(name, code.value, message))

        for name in [*self.columns, *self.fixed]:
            if name not in BY_FIELD:
                say(name, MappingCode.UNKNOWN_FIELD, _("There is no field “%(field)s”.") % {"field": name})
        uses = Counter(index for indexes in self.columns.values() for index in indexes)
        for column in COLUMNS:
            label = {"field": column.label}
            indexes, fixed = self.columns.get(column.field, ()), self.fixed.get(column.field)
            if not indexes and not fixed and column.is_required:
                say(column.field, MappingCode.MISSING, _("Choose a column for “%(field)s”.") % label)
            if indexes and fixed is not None:
                text = _("“%(field)s” can come from a column or be the same for all rows, not both.")
                say(column.field, MappingCode.TWO_SOURCES, text % label)
            if fixed is not None and not column.can_be_fixed:
                text = _("“%(field)s” can't be the same for all rows.")
                say(column.field, MappingCode.NOT_FIXED, text % label)
            if len(indexes) > column.parts:
                text = _("“%(field)s” can't be put together from so many columns.")
                say(column.field, MappingCode.TOO_MANY_PARTS, text % label)
            for index in dict.fromkeys(indexes):
                if not 0 <= index < len(headers):
                    text = _("The column chosen for “%(field)s” is not in the file.")
                    say(column.field, MappingCode.NO_SUCH_COLUMN, text % label)
                elif uses[index] > 1:
                    text = _("The column “%(column)s” is chosen more than once.")
                    say(column.field, MappingCode.USED_TWICE, text % {"column": headers[index]})
        return found

    def attribute_names(self, headers: Sequence[str]) -> dict[str, int]:
        """Return a name of its own for each kept column, with the column's index."""
        names: dict[str, int] = {}
        for index in self.kept:
            if not 0 <= index < len(headers):
                continue
            header = headers[index].strip() or f"Column {index + 1}"
            name, number = header, 2
            while name in names:
                name, number = f"{header} ({number})", number + 1
            names[name] = index
        return names

    def moved(self, old_headers: Sequence[str], new_headers: Sequence[str]) -> "Mapping":
        """Return this mapping for a file with other headers: by the headers' names; what is gone is left out."""

        def move(index: int) -> int | None:
            if not 0 <= index < len(old_headers):
                return None
            name = old_headers[index]
            nth = list(old_headers[:index]).count(name)
            places = [place for place, header in enumerate(new_headers) if header == name]
            return places[nth] if nth < len(places) else None

        columns = {}
        for name, indexes in self.columns.items():
            places = tuple(place for place in map(move, indexes) if place is not None)
            if places:
                columns[name] = places
        return Mapping(columns, dict(self.fixed), tuple(place for place in map(move, self.kept) if place is not None))


def fingerprint(headers: Sequence[str]) -> str:
    """Return a stable hash of a header row, by which the mapping that was used last for it is found again."""
    return hashlib.sha256(json.dumps(list(headers)).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Suggestion:
    """A mapping to start from.

    Attributes:
        mapping: the mapping.
        product: the product whose header row this is; None: not recognised.
        reasons: for a field, why its column was chosen.
        notes: what people should know besides.
    """

    mapping: Mapping
    product: str | None = None
    reasons: MappingType[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def suggest(
    headers: Sequence[str], sample_rows: Sequence[Sequence[str]], remembered: Mapping | None = None
) -> Suggestion:
    """Return the mapping that fits `headers` best; exact headers only so far."""
    if remembered is not None and not remembered.problems(headers):
        return Suggestion(remembered, reasons={name: _("as last time") for name in remembered.columns})
    columns: dict[str, tuple[int, ...]] = {}
    for column in COLUMNS:
        places = [index for index, header in enumerate(headers) if header in (column.header, *column.aliases)]
        if len(places) == 1:
            columns[column.field] = (places[0],)
    return Suggestion(Mapping(columns), reasons={name: _("exact header") for name in columns})

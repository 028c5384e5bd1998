"""Which column probably fills which field, and why?

Called through `mapping`. Order: the mapping that was used for the same headers, exact headers, the same names written
otherwise, the header rows of other products, synonyms; for files without a header the values. What can't be decided is
left open and said. Free of models.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.vocabulary import Ownership, Platform

from ..columns import COLUMNS, Column
from .field_mapping import Mapping, own_columns, shown_header
from .headers import (
    are_generated,
    header_key,
    looks_like_email,
    looks_like_phone,
    looks_like_serial,
    looks_like_value,
)
from .products import FIRST_NAMES, INTUNE, LAST_NAMES, PRODUCTS, SYNONYMS, Product


class MatchReason(TextChoices):
    """Why a column was chosen for a field; each label is a text with the places of `Match.text`."""

    REMEMBERED = "remembered", gettext_lazy("as the last time for a file with these headers")
    EXACT = "exact", gettext_lazy("the header is exactly “%(header)s”")
    SIMILAR = "similar", gettext_lazy("“%(header)s” is the same name, written differently")
    PRODUCT = "product", gettext_lazy("“%(header)s” is what %(product)s calls it")
    SYNONYM = "synonym", gettext_lazy("“%(header)s” usually means this")
    VALUES = "values", gettext_lazy("its values look like it")


@dataclass(frozen=True)
class Match:
    """Why a field was mapped as it is.

    Attributes:
        reason: the rule that found it.
        header: the column's header, two of them joined by " + ".
        product: the product whose file this is, for `PRODUCT`.
    """

    reason: MatchReason
    header: str = ""
    product: str = ""

    @property
    def text(self) -> str:
        return str(self.reason.label) % {"header": self.header, "product": self.product}


@dataclass(frozen=True)
class Suggestion:
    """A mapping for the administrator to verify.

    Attributes:
        mapping: the suggested mapping; may lack required fields.
        product: the product that made the file, when it was recognised.
        reasons: field -> why it is mapped as it is.
        notes: what the administrator should know, each a sentence or more.
    """

    mapping: Mapping
    product: str | None = None
    reasons: dict[str, Match] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def suggest(
    headers: Sequence[str], sample_rows: Sequence[Sequence[str]] = (), remembered: Mapping | None = None
) -> Suggestion:
    """Return the mapping that these headers suggest.

    Args:
        headers: the file's header row.
        sample_rows: a few rows, for files without a header.
        remembered: the mapping that was last used for a file with the same fingerprint.
    """
    if remembered is not None and not remembered.problems(headers):
        reasons = {name: Match(MatchReason.REMEMBERED) for name in {**remembered.columns, **remembered.fixed}}
        return Suggestion(remembered, product=_product_label(headers), reasons=reasons)
    if looks_like_data(headers):
        return _suggest_by_values(headers, [headers, *sample_rows], is_header_data=True)
    if are_generated(headers):
        return _suggest_by_values(headers, sample_rows, is_header_data=False)
    return _suggest_by_names(headers)


def looks_like_data(header: Sequence[str]) -> bool:
    """Tell whether a header row is rather the first device of a file without a header.

    True when a cell looks like a serial number, e-mail address or phone number and none is a name that we know.
    """
    if are_generated(header):
        return False
    keys = set(map(header_key, header))
    known = FIRST_NAMES | LAST_NAMES | {key for column in COLUMNS for key in _keys(column) | SYNONYMS[column.field]}
    return any(map(looks_like_value, header)) and not keys & known


def _product(headers: Sequence[str]) -> Product | None:
    """Return the product that made a file with these headers; None for our own files and unknown ones."""
    names = {header.strip() for header in headers}
    if all(column.header in names for column in COLUMNS if column.is_required):
        return None
    keys = [header_key(header) for header in headers]
    return next((product for product in PRODUCTS if product.has_made(keys)), None)


def _product_label(headers: Sequence[str]) -> str | None:
    product = _product(headers)
    return product.label if product else None


Candidates = list[tuple[int, ...]]
Rule = tuple[MatchReason, Callable[[Column], Candidates]]


def _suggest_by_names(headers: Sequence[str]) -> Suggestion:
    """Apply the rules one after the other, each to the fields that are still open."""
    product = _product(headers)
    label = product.label if product else ""
    used = own_columns(headers)
    keys = [header_key(header) for header in headers]
    if product:
        used |= {index for index, key in enumerate(keys) if key in product.left_out}
    columns: dict[str, tuple[int, ...]] = {}
    reasons: dict[str, Match] = {}
    notes: list[str] = []
    settled = set(product.fixed) if product else set()
    for reason, candidates_of in _rules(headers, keys, product):
        for column in COLUMNS:
            if column.field in settled:
                continue
            candidates = [indexes for indexes in candidates_of(column) if not used.intersection(indexes)]
            if len(candidates) > 1:
                notes.append(_ambiguity(column, headers, candidates))
                settled.add(column.field)
            elif candidates:
                columns[column.field] = candidates[0]
                used.update(candidates[0])
                settled.add(column.field)
                header = " + ".join(shown_header(headers, index) for index in candidates[0])
                reasons[column.field] = Match(reason, header, label)
    fixed = dict(product.fixed) if product else {}
    reasons |= {name: Match(MatchReason.PRODUCT, fixed[name], label) for name in fixed}
    if product:
        notes = [str(note) for note in product.notes] + notes
    return Suggestion(Mapping(columns, fixed), label or None, reasons, notes)


def _rules(headers: Sequence[str], keys: Sequence[str], product: Product | None) -> Iterator[Rule]:
    """Yield the rules in their order: why, and how to find the columns of a field."""
    names = [header.strip() for header in headers]

    def exact(column: Column) -> Candidates:
        return _where(names, {column.header}) or _where(names, set(column.aliases))

    def similar(column: Column) -> Candidates:
        return _where(keys, {header_key(column.header)}) or _where(keys, _keys(column))

    def by_product(column: Column) -> Candidates:
        for wanted in product.columns.get(column.field, ()) if product else ():
            parts = [wanted] if isinstance(wanted, str) else list(wanted)
            found = [_where(keys, {part}) for part in parts]
            if all(len(places) == 1 for places in found):
                return [tuple(index for places in found for (index,) in places)]
        return []

    def by_synonym(column: Column) -> Candidates:
        if column.field == "name" and (parts := _name_parts(keys)):
            return parts
        return _where(keys, SYNONYMS[column.field])

    yield MatchReason.EXACT, exact
    yield MatchReason.SIMILAR, similar
    yield MatchReason.PRODUCT, by_product
    yield MatchReason.SYNONYM, by_synonym


def _where(names: Sequence[str], wanted: Iterable[str]) -> Candidates:
    wanted = set(wanted)
    return [(index,) for index, name in enumerate(names) if name in wanted]


def _keys(column: Column) -> set[str]:
    return {header_key(name) for name in (column.header, *column.aliases)}


def _name_parts(keys: Sequence[str]) -> Candidates:
    """Return the pair of columns with first and last name."""
    first, last = _where(keys, FIRST_NAMES), _where(keys, LAST_NAMES)
    return [(first[0][0], last[0][0])] if len(first) == len(last) == 1 else []


def _ambiguity(column: Column, headers: Sequence[str], candidates: Candidates) -> str:
    names = ", ".join(f"{shown_header(headers, index)} ({index + 1})" for indexes in candidates for index in indexes)
    return _("Several columns could be “%(field)s”: %(columns)s. Choose the right one.") % {
        "field": column.label,
        "columns": names,
    }


def _suggest_by_values(headers: Sequence[str], rows: Sequence[Sequence[str]], *, is_header_data: bool) -> Suggestion:
    """Map a file without a header by what its values look like; only fields that one column alone fits."""
    notes = []
    if is_header_data:
        notes.append(
            _("The first line looks like a device, not like a header. If it is one, say that the file has no header.")
        )
    tests: dict[str, Callable[[str], bool]] = {
        "email": looks_like_email,
        "mobile": looks_like_phone,
        "ownership": frozenset(Ownership.values).__contains__,
        "platform": frozenset(Platform.values).__contains__,
        "serial_number": looks_like_serial,
    }
    columns: dict[str, tuple[int, ...]] = {}
    for name, test in tests.items():
        fitting = [
            index for index in range(len(headers)) if (index,) not in columns.values() and _all_fit(rows, index, test)
        ]
        if len(fitting) == 1:
            columns[name] = (fitting[0],)
    reasons = {name: Match(MatchReason.VALUES) for name in columns}
    product = None
    if len(headers) == 2 and columns.get("serial_number") == (0,) and len(columns) == 1:
        product = INTUNE
        notes.append(
            _(
                "This may be a list of corporate identifiers for Intune: a serial number or IMEI, and a remark. "
                "It names no users and no platforms. Add them, or give one value for all rows; "
                "an IMEI is no serial number and will not match."
            )
        )
    return Suggestion(Mapping(columns), product, reasons, notes)


def _all_fit(rows: Sequence[Sequence[str]], index: int, test: Callable[[str], bool]) -> bool:
    cells = [row[index] for row in rows if index < len(row) and row[index].strip()]
    return bool(cells) and all(map(test, cells))

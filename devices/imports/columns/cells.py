"""What may one cell hold, and how is it written in a file that goes out?

One widget for each kind of column: `clean` for the check, `render` for files that go out. Serial numbers, ways to reach
somebody, and names of groups and policies have files of their own. Free of models.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from import_export.widgets import CharWidget

from ..problems import CellProblem, ProblemCode
from ..reader import ErrorCell, FormulaCell

# A spreadsheet would run these as formulas; the apostrophe in front says "text" to it, and is taken off on the way in.
FORMULA = re.compile(r"'*[=+\-@\t\r]")
NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")
# Spreadsheets write the sign of the exponent; without it, and without a point, it is a serial such as 7E12345678.
SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+|[+-]?\d+[.,]\d+[eE]\d+")
# Source: ECMA-376 part 1, 18.17.3; a spreadsheet writes them into a CSV, too.
FORMULA_ERRORS = frozenset({"#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!", "#SPILL!", "#CALC!"})


@dataclass
class CellContext:
    """What the rules for one cell need to know besides the cell.

    Attributes:
        phone_region: region of phone numbers without a country code; empty: none.
        excluded_platforms: platforms whose rows are refused.
        policies: names of all policies.
        groups: names of all device groups.
        ruled_groups: those of them whose devices follow from a rule.
        new_groups: names met that are not in `groups`, filled by the check.
    """

    phone_region: str = ""
    excluded_platforms: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    ruled_groups: frozenset[str] = frozenset()
    new_groups: set[str] = field(default_factory=set)


def neutralise(value: str) -> str:
    """Return `value` so that no spreadsheet takes it for a formula; `plain_text` takes that back."""
    return f"'{value}" if FORMULA.match(value) else value


def plain_text(cell: str) -> str:
    """Return the value of a cell that `neutralise` may have written."""
    return cell[1:] if NEUTRALISED.match(cell) else cell


class CellWidget(CharWidget):
    """A cell of free text.

    Args:
        max_length: in characters.
    """

    # Between two cells: a space around one, an apostrophe in front, or what may be an error or a formula of a workbook.
    NOT_PLAIN: ClassVar[tuple[str, ...]] = ("\n ", " \n", "\n'", "\n#", "\n=")

    def __init__(self, max_length: int) -> None:
        super().__init__()
        self.max_length = max_length

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        """Return True when each of `cells` is its own clean value, without a problem: `clean` can be left out.

        The check asks this for thousands of cells at once. False means "not sure", and is always right.
        """
        text = "\n".join(cells)
        return (
            not any(map(text.__contains__, self.NOT_PLAIN))
            and text[:1] not in (" ", "'", "#", "=")
            and text[-1:] != " "
            and text.replace("\n", "").isprintable()
            and text.count("\n") == len(cells) - 1
            and "" not in cells
            and max(map(len, cells)) <= self.max_length
        )

    def clean(
        self,
        value: str,
        row: Mapping[str, object] | None = None,
        *,
        context: CellContext | None = None,
        **kwargs: object,
    ) -> object:
        """Return the value of a cell that is not empty.

        Raises:
            CellProblem: the cell breaks a rule of its column.
        """
        if isinstance(value, ErrorCell) or value in FORMULA_ERRORS:
            raise CellProblem(ProblemCode.EXCEL_ERROR)
        if isinstance(value, FormulaCell):
            raise CellProblem(ProblemCode.EXCEL_FORMULA)
        text = plain_text(value)
        if text != text.strip():
            raise CellProblem(ProblemCode.SURROUNDING_SPACE, suggestion=text.strip())
        if len(text) > self.max_length:
            raise CellProblem(ProblemCode.TOO_LONG, detail=str(self.max_length))
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise CellProblem(ProblemCode.CONTROL_CHARACTER)
        return self.clean_text(text, value, context or CellContext())

    def clean_text(self, text: str, cell: str, context: CellContext) -> object:
        """Return the value of `text`, which is trimmed, short enough and printable; `cell` tells how it was stored."""
        return text

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        """Return what is odd about a cell whose clean value is `value`."""
        return ()

    def render(self, value: object, obj: object = None, **kwargs: object) -> str:
        """Return the cell's text in a file that goes out."""
        return neutralise(super().render(value, None, **kwargs))


class NameWidget(CellWidget):
    """A person's or a device's name: any script, emoji included."""

    # Zero-width space, word joiner, byte order mark; embeddings, overrides and isolates of the writing direction.
    # Joiners (U+200C, U+200D) are part of names in Persian and of emoji.
    INVISIBLE: ClassVar[re.Pattern[str]] = re.compile("[\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        if found := self.INVISIBLE.search(cell):
            yield CellProblem(ProblemCode.INVISIBLE_CHARACTER, detail=f"U+{ord(found.group()):04X}")


class ChoiceWidget(CellWidget):
    """One of a few words, spelled exactly.

    Args:
        choices: the words, as a file has to spell them.
        meant: what other spellings probably mean, in lower case and without spaces, `_` and `-`.
    """

    def __init__(self, choices: Sequence[str], meant: Mapping[str, str]) -> None:
        super().__init__(max_length=max(map(len, choices)))
        self.choices = tuple(choices)
        self.meant = {**meant, **{choice: choice for choice in choices}}

    def allowed(self, context: CellContext) -> Sequence[str]:
        """Return the words that a file may hold."""
        return self.choices

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return set(self.allowed(context)).issuperset(cells)

    def clean(
        self,
        value: str,
        row: Mapping[str, object] | None = None,
        *,
        context: CellContext | None = None,
        **kwargs: object,
    ) -> object:
        allowed = self.allowed(context or CellContext())
        if value in allowed:
            return str(value)
        if value != value.strip():
            raise CellProblem(ProblemCode.SURROUNDING_SPACE, suggestion=value.strip())
        suggestion = self.meant.get(re.sub(r"[\s_-]", "", value).casefold(), "")
        raise CellProblem(ProblemCode.UNKNOWN_CHOICE, suggestion=suggestion, detail=", ".join(allowed))


class PlatformWidget(ChoiceWidget):
    """A platform; those on the exclusion list are refused."""

    def allowed(self, context: CellContext) -> Sequence[str]:
        return [choice for choice in self.choices if choice not in context.excluded_platforms]

    def clean(
        self,
        value: str,
        row: Mapping[str, object] | None = None,
        *,
        context: CellContext | None = None,
        **kwargs: object,
    ) -> object:
        excluded = (context or CellContext()).excluded_platforms
        if "windows" in excluded and value.strip().casefold().startswith("win"):
            raise CellProblem(ProblemCode.WINDOWS_NOT_SUPPORTED)
        return super().clean(value, row, context=context)


class PasswordWidget(CellWidget):
    """A one-time password: read, but never written into a file."""

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return False

    def render(self, value: object, obj: object = None, **kwargs: object) -> str:
        return ""

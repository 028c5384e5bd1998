"""What may one cell hold, and how is it written in a file that goes out?

One widget for each kind of column: `clean` for the check, `render` for export, sample and bad-rows files. Free of models.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from import_export.widgets import CharWidget

from .problems import CellProblem, ProblemCode
from .reader import DateCell, ErrorCell, FormulaCell, NumberCell

# A spreadsheet would run these as formulas; the apostrophe in front says "text" to it, and is taken off on the way in.
FORMULA = re.compile(r"'*[=+\-@\t\r]")
NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")
# Spreadsheets write the sign of the exponent; without it, and without a point, it is a serial such as 7E12345678.
SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+|[+-]?\d+[.,]\d+[eE]\d+")
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?")
# Source: ECMA-376 part 1, 18.17.3; a spreadsheet writes them into a CSV, too.
FORMULA_ERRORS = frozenset({"#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!", "#SPILL!", "#CALC!"})
# What a spreadsheet keeps of a number; digits after the 15th become zeros.
SPREADSHEET_DIGITS = 15


@dataclass
class CellContext:
    """What the rules for one cell need to know besides the cell.

    Attributes:
        phone_region: region of phone numbers without a country code; empty: none.
        excluded_platforms: platforms whose rows are refused.
        policies: names of all policies.
        groups: names of all device groups.
        new_groups: names met that are not in `groups`, filled by the check.
    """

    phone_region: str = ""
    excluded_platforms: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
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
        self.choices = frozenset(choices)
        self.listed = ", ".join(choices)
        self.meant = {**meant, **{choice: choice for choice in choices}}

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return self.choices.issuperset(cells)

    def clean(
        self,
        value: str,
        row: Mapping[str, object] | None = None,
        *,
        context: CellContext | None = None,
        **kwargs: object,
    ) -> object:
        if value in self.choices:
            return str(value)
        if value != value.strip():
            raise CellProblem(ProblemCode.SURROUNDING_SPACE, suggestion=value.strip())
        suggestion = self.meant.get(re.sub(r"[\s_-]", "", value).casefold(), "")
        raise CellProblem(ProblemCode.UNKNOWN_CHOICE, suggestion=suggestion, detail=self.listed)


class PlatformWidget(ChoiceWidget):
    """A platform; those on the exclusion list are refused."""

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return (self.choices - context.excluded_platforms).issuperset(cells)

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
        return super().clean(value, row)


class EmailWidget(CellWidget):
    """An e-mail address; its case is kept, and does not matter when device users are found."""

    # A part of what Django's validator accepts, at a tenth of its time.
    PLAIN: ClassVar[re.Pattern[str]] = re.compile(
        r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}"
    )
    FREE_MAIL: ClassVar[frozenset[str]] = frozenset(
        [
            "gmail.com",
            "googlemail.com",
            "outlook.com",
            "hotmail.com",
            "live.com",
            "msn.com",
            "yahoo.com",
            "yahoo.de",
            "icloud.com",
            "me.com",
            "mac.com",
            "aol.com",
            "gmx.de",
            "gmx.net",
            "gmx.com",
            "web.de",
            "mail.com",
            "proton.me",
            "protonmail.com",
            "t-online.de",
            "freenet.de",
            "yandex.com",
        ]
    )

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return (
            all(map(self.PLAIN.fullmatch, cells))
            and max(map(len, cells)) <= 63  # no label and no local part can be too long then
            and self.FREE_MAIL.isdisjoint({cell.rpartition("@")[2].lower() for cell in cells})
        )

    def clean_text(self, text: str, cell: str, context: CellContext) -> str:
        try:
            validate_email(text)
        except ValidationError:
            suggestion = self._suggestion(text)
            raise CellProblem(ProblemCode.EMAIL_INVALID, suggestion=suggestion) from None
        return text

    @staticmethod
    def _suggestion(text: str) -> str:
        """Return the address inside `mailto:x`, `<x>` or `Name <x>`; empty when there is none."""
        inner = text.rpartition("<")[2].rstrip(">").removeprefix("mailto:").strip()
        try:
            validate_email(inner)
        except ValidationError:
            return ""
        return inner

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        host = str(value).rpartition("@")[2].lower()
        if host in self.FREE_MAIL:
            yield CellProblem(ProblemCode.FREE_MAIL, detail=host)


class SerialWidget(CellWidget):
    """A serial number, kept exactly: its case is never changed, and no other case is ever suggested."""

    # Not the same character all over, at least one letter: neither junk nor a number; hyphens could hide junk.
    PLAIN: ClassVar[re.Pattern[str]] = re.compile(r"(?!(.)\1+$)(?=[0-9]*[a-z])[a-z0-9]{9,30}", re.IGNORECASE | re.ASCII)
    CHARACTERS: ClassVar[re.Pattern[str]] = re.compile(r"[^\x20-\x7e]")
    USUAL: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{4,28}[A-Za-z0-9]")
    # Without spaces and punctuation, in lower case (PROTOCOLS.md, section 2).
    JUNK: ClassVar[frozenset[str]] = frozenset(
        [
            "0",
            "1",
            "none",
            "null",
            "na",
            "nil",
            "unknown",
            "unspecified",
            "notspecified",
            "notavailable",
            "notapplicable",
            "invalid",
            "default",
            "defaultstring",
            "systemserialnumber",
            "serialnumber",
            "serial",
            "tobefilledbyoem",
            "tobefilled",
            "oem",
            "empty",
            "chassisserialnumber",
            "baseboardserialnumber",
            "123456789",
            "1234567890",
            "0123456789",
            "12345678",
            "test",
        ]
    )

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return (
            all(map(self.PLAIN.fullmatch, cells))
            and {str}.issuperset(map(type, cells))
            and self.JUNK.isdisjoint(map(str.lower, cells))
        )

    def clean_text(self, text: str, cell: str, context: CellContext) -> str:
        if isinstance(cell, DateCell) or ISO_DATE.fullmatch(text):
            raise CellProblem(ProblemCode.EXCEL_DATE)
        if SCIENTIFIC.fullmatch(text) or (isinstance(cell, NumberCell) and len(text.strip("-")) > SPREADSHEET_DIGITS):
            raise CellProblem(ProblemCode.EXCEL_NUMBER)
        if found := self.CHARACTERS.search(text):
            name = unicodedata.name(found.group(), "")
            raise CellProblem(ProblemCode.SERIAL_CHARACTERS, detail=f"U+{ord(found.group()):04X} {name}".strip())
        if is_junk_serial(text):
            raise CellProblem(ProblemCode.JUNK_SERIAL)
        return text

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        if isinstance(cell, NumberCell):
            yield CellProblem(ProblemCode.STORED_AS_NUMBER)
        elif not self.USUAL.fullmatch(str(value)):
            yield CellProblem(ProblemCode.UNUSUAL_SERIAL)


def is_junk_serial(serial_number: str) -> bool:
    """Return True for what devices without a serial number of their own report (PROTOCOLS.md, section 2)."""
    bare = re.sub(r"[\W_]", "", serial_number).lower()
    return not bare or bare in SerialWidget.JUNK or len(set(bare)) == 1 or serial_number.lower().startswith("vmware-")


@lru_cache(maxsize=1024)
def _national_numbers(calling_code: int) -> tuple[re.Pattern[str], ...]:
    """Return patterns of national numbers that are valid in the main region of `calling_code`; none: nobody can tell fast."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ())
    if not regions or not regions[0].isalpha():
        return ()
    data = phonenumbers.PhoneMetadata.metadata_for_region(regions[0])
    if data is None or data.leading_digits is not None:
        return ()
    kinds = (kind.national_number_pattern for kind in (data.mobile, data.fixed_line) if kind)
    return tuple(re.compile(pattern) for pattern in kinds if pattern)


class PhoneWidget(CellWidget):
    """A phone number; stored as E.164."""

    E164: ClassVar[re.Pattern[str]] = re.compile(r"\+[1-9][0-9]{6,14}")

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return {str}.issuperset(map(type, cells)) and all(map(self._is_plain_number, cells))

    def _is_plain_number(self, cell: str) -> bool:
        if not self.E164.fullmatch(cell):
            return False
        for length in (1, 2, 3):  # no calling code begins with another one
            if patterns := _national_numbers(int(cell[1 : 1 + length])):
                national = cell[1 + length :]
                return any(pattern.fullmatch(national) for pattern in patterns)
        return False

    def clean_text(self, text: str, cell: str, context: CellContext) -> str:
        if isinstance(cell, DateCell):
            raise CellProblem(ProblemCode.EXCEL_DATE)
        if SCIENTIFIC.fullmatch(text):
            raise CellProblem(ProblemCode.EXCEL_NUMBER)
        if number := _parsed(text, context.phone_region):
            return number
        if not text.startswith("+"):
            digits = re.sub(r"[\s()./-]", "", text)
            international = (
                _parsed("+" + digits.removeprefix("00"), "") if digits.isdigit() and digits[:2] != "0" else ""
            )
            if not context.phone_region and re.fullmatch(r"[0-9]{5,15}", digits):
                raise CellProblem(ProblemCode.PHONE_NO_COUNTRY, suggestion=international)
        raise CellProblem(ProblemCode.PHONE_INVALID)

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        national = phonenumbers.ndd_prefix_for_region(context.phone_region, strip_non_digits=True)
        written = plain_text(cell)
        if written[:1] not in ("+", "(") and national and not written.startswith(national):
            yield CellProblem(ProblemCode.PHONE_LEADING_ZERO, detail=str(value))


def _parsed(text: str, region: str) -> str:
    """Return a phone number as E.164; empty when it is none."""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number) or number.extension:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class ListWidget(CellWidget):
    """Names, separated by `;`."""

    SEPARATOR: ClassVar[str] = ";"
    # Of one name, as the models have it.
    NAME_LENGTH: ClassVar[int] = 200

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return False

    def clean_text(self, text: str, cell: str, context: CellContext) -> list[str]:
        names = list(dict.fromkeys(filter(None, (name.strip() for name in text.split(self.SEPARATOR)))))
        for name in names:
            if len(name) > self.NAME_LENGTH:
                raise CellProblem(ProblemCode.TOO_LONG, detail=str(self.NAME_LENGTH))
            self.clean_name(name, context)
        return names

    def clean_name(self, name: str, context: CellContext) -> None:
        """Check one name of the list.

        Raises:
            CellProblem: nothing has this name, and it can't be created.
        """

    def render(self, value: object, obj: object = None, **kwargs: object) -> str:
        names = value if isinstance(value, list | tuple) else ()
        return neutralise(self.SEPARATOR.join(str(name) for name in names))


class GroupsWidget(ListWidget):
    """Device groups; those that are not there yet are created with the devices."""

    # So many new names are no groups but a column that was mapped by mistake.
    MAX_NEW: ClassVar[int] = 1000

    def clean_name(self, name: str, context: CellContext) -> None:
        if name in context.groups or name in context.new_groups:
            return
        if len(context.new_groups) >= self.MAX_NEW:
            raise CellProblem(ProblemCode.TOO_MANY_GROUPS, value=name, detail=str(self.MAX_NEW))
        context.new_groups.add(name)

    def warnings(self, value: object, cell: str, context: CellContext) -> Iterable[CellProblem]:
        for name in value if isinstance(value, list) else ():
            if name in context.new_groups:
                yield CellProblem(ProblemCode.NEW_GROUP, value=name)


class PoliciesWidget(ListWidget):
    """Policies, which have to be there already: an empty one would set up nothing."""

    def clean_name(self, name: str, context: CellContext) -> None:
        if name not in context.policies:
            near = {known.casefold(): known for known in context.policies}
            raise CellProblem(ProblemCode.UNKNOWN_POLICY, value=name, suggestion=near.get(name.casefold(), ""))


class PasswordWidget(CellWidget):
    """A one-time password: read, but never written into a file."""

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return False

    def render(self, value: object, obj: object = None, **kwargs: object) -> str:
        return ""

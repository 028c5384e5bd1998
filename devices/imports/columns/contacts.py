"""How can a device user be reached: what is an e-mail address, and what a phone number? Free of models."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ..problems import CellProblem, ProblemCode
from ..reader import DateCell
from .cells import SCIENTIFIC, CellContext, CellWidget, plain_text


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


@lru_cache(maxsize=1024)
def _plain_numbers(beginning: str) -> re.Pattern[str] | None:
    """Return the pattern of valid E.164 numbers that begin so (`+` and three digits), in the main region of their code.

    None: nobody can tell fast.
    """
    if not re.fullmatch(r"\+[1-9][0-9]{2}", beginning):
        return None
    codes = (int(beginning[1:end]) for end in (2, 3, 4))  # no calling code begins with another one
    code = next((code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), 0)
    region = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ("",))[0]
    data = phonenumbers.PhoneMetadata.metadata_for_region(region) if region.isalpha() else None
    if data is None or data.leading_digits is not None:
        return None
    kinds = [kind.national_number_pattern for kind in (data.mobile, data.fixed_line) if kind]
    return re.compile(rf"\+{code}(?:{'|'.join(filter(None, kinds)) or '(?!)'})", re.ASCII)


class PhoneWidget(CellWidget):
    """A phone number; stored as E.164."""

    def is_plain(self, cells: Sequence[str], context: CellContext) -> bool:
        return {str}.issuperset(map(type, cells)) and all(map(self._is_plain_number, cells))

    def _is_plain_number(self, cell: str) -> bool:
        pattern = _plain_numbers(cell[:4])
        return pattern is not None and pattern.fullmatch(cell) is not None

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

"""What is a serial number, and what only looks like one? Free of models."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import ClassVar

from ..problems import CellProblem, ProblemCode
from ..reader import DateCell, NumberCell
from .cells import SCIENTIFIC, CellContext, CellWidget

ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?")
# What a spreadsheet keeps of a number; digits after the 15th become zeros.
SPREADSHEET_DIGITS = 15


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

"""Which columns has a file of device groups, and what may stand in a cell? Read by check, export and the pages."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.groups.filling_by_hand import split
from devices.imports.check import file_limits
from devices.imports.columns.cells import SCIENTIFIC, CellWidget, plain_text
from devices.imports.columns.serial_numbers import SPREADSHEET_DIGITS
from devices.imports.problems import CellProblem, ProblemCode
from devices.imports.reader import DateCell, ErrorCell, FormulaCell, Limits, NumberCell
from devices.vocabulary import NAME_SEPARATOR

GROUP, MEMBERS, DESCRIPTION = "groupname", "members", "description"
# Field, its help; the header is the field's name.
COLUMNS: Final[tuple[tuple[str, str | Promise], ...]] = (
    (GROUP, gettext_lazy("Name of the group. Lines with the same name belong together.")),
    (
        MEMBERS,
        gettext_lazy(
            "Serial numbers of its devices, separated by semicolons; upper and lower case matter. Where devices of "
            "several platforms have the same one, with the platform in front: ios/C02XK1ZZJGH5."
        ),
    ),
    (DESCRIPTION, gettext_lazy("What the group is for. May be left out; an empty cell changes nothing.")),
)
SAMPLE = (
    (GROUP, MEMBERS, DESCRIPTION),
    ("Sales Berlin", "C02XK1ZZJGH5;R58N30ABCDE", "Notebooks and phones of the sales team"),
    ("Meeting rooms", "tvos/DNPVX0ABCDEF", ""),
)
NAME_LENGTH, SERIAL_LENGTH, DESCRIPTION_LENGTH = 200, 64, 10_000
MEANT = {"group": GROUP, "name": GROUP, "devices": MEMBERS, "member": MEMBERS, "serialnumbers": MEMBERS}


class HeaderError(Exception):
    """The header lacks a column that is needed; the text says which."""

    code, line = "missing_column", 1

    @property
    def message(self) -> str:
        return str(self)


def limits() -> Limits:
    """Return the limits of a file of groups: those of files of devices, but for longer cells."""
    usual = file_limits()
    return Limits(
        rows=usual.rows,
        bytes=usual.bytes,
        columns=usual.columns,
        cell=settings.HEXENROLL_GROUP_IMPORT_MAX_CELL,
        unpacked_bytes=usual.unpacked_bytes,
        cell_setting="HEXENROLL_GROUP_IMPORT_MAX_CELL",
    )


def places(headers: Sequence[str]) -> dict[str, int]:
    """Return in which column of the file each field stands.

    Raises:
        HeaderError: group or members are missing, or stand there twice.
    """
    found: dict[str, int] = {}
    for index, header in enumerate(headers):
        spelled = re.sub(r"[\s_-]", "", plain_text(header)).casefold()
        field = spelled if spelled in (GROUP, MEMBERS, DESCRIPTION) else MEANT.get(spelled, "")
        if field and field in found:
            raise HeaderError(_("The file has the column “%(name)s” twice. Remove one.") % {"name": field})
        if field:
            found[field] = index
    for field in (GROUP, MEMBERS):
        if field not in found:
            text = _("The file has no column “%(name)s”. Its columns are: %(headers)s.")
            raise HeaderError(text % {"name": field, "headers": ", ".join(headers)[:300]})
    return found


def group_name(cell: str) -> str:
    """Return the name in a cell.

    Raises:
        CellProblem: it can't be the name of a group.
    """
    if not cell or cell.isspace():
        raise CellProblem(ProblemCode.REQUIRED)
    name = str(CellWidget(NAME_LENGTH).clean(cell))
    if NAME_SEPARATOR in name:
        raise CellProblem(ProblemCode.NAME_SEPARATOR)
    return name


def description(cell: str) -> str:
    """Return the description in a cell; it may have several lines.

    Raises:
        CellProblem: it can't be stored.
    """
    if isinstance(cell, ErrorCell | FormulaCell):
        raise CellProblem(ProblemCode.EXCEL_ERROR if isinstance(cell, ErrorCell) else ProblemCode.EXCEL_FORMULA)
    text = plain_text(cell).strip()
    if len(text) > DESCRIPTION_LENGTH:
        raise CellProblem(ProblemCode.TOO_LONG, detail=str(DESCRIPTION_LENGTH))
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\r\n\t" for sign in text):
        raise CellProblem(ProblemCode.CONTROL_CHARACTER, value=text[:50])
    return text


def members(cell: str) -> tuple[list[tuple[str, str]], list[CellProblem]]:
    """Return platform ("": any) and serial number of each device in a cell, and what is wrong with the others."""
    if isinstance(cell, ErrorCell | FormulaCell):
        code = ProblemCode.EXCEL_ERROR if isinstance(cell, ErrorCell) else ProblemCode.EXCEL_FORMULA
        return [], [CellProblem(code)]
    if isinstance(cell, DateCell):
        return [], [CellProblem(ProblemCode.EXCEL_DATE)]
    if isinstance(cell, NumberCell) and len(cell.strip("-")) > SPREADSHEET_DIGITS:
        return [], [CellProblem(ProblemCode.EXCEL_NUMBER)]
    found: dict[tuple[str, str], None] = {}
    wrong = []
    for text in filter(None, (part.strip() for part in plain_text(cell).split(NAME_SEPARATOR))):
        platform, serial_number = split(text)
        if problem := _wrong(serial_number):
            wrong.append(CellProblem(problem, value=text, detail=str(SERIAL_LENGTH)))
        else:
            found[platform, serial_number] = None
    return list(found), wrong


def _wrong(serial_number: str) -> ProblemCode | None:
    if len(serial_number) > SERIAL_LENGTH:
        return ProblemCode.TOO_LONG
    if SCIENTIFIC.fullmatch(serial_number):
        return ProblemCode.EXCEL_NUMBER
    if not serial_number.isprintable():
        return ProblemCode.CONTROL_CHARACTER
    return None

"""What is the text of a workbook's cell, and what was it before it became text?

Called by `worksheet`. The check warns about the kinds of cells that lose digits.
"""

from datetime import datetime, timedelta
from decimal import Decimal

# Excel counts a 29 February 1900 that never was: days before it are off by one, and nobody enrolled a device then.
_DAY_0 = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 (a sheet knows no time zone)


class NumberCell(str):
    """Text of a cell that holds a number or a truth value: leading zeros and digits may be lost."""

    __slots__ = ()


class DateCell(str):
    """Text of a cell that holds a date or a time, perhaps something else before a spreadsheet turned it into one."""

    __slots__ = ()


class FormulaCell(str):
    """The formula of a cell, because the file holds no value for it: no spreadsheet has calculated it yet."""

    __slots__ = ()


class ErrorCell(str):
    """Text of a cell whose formula failed, such as `#N/A`."""

    __slots__ = ()


def number_text(text: str) -> str:
    """Return a number of a sheet without exponent and without `.0`; what isn't a number is returned as it is."""
    if text.isdecimal() and text.isascii():
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or number in (float("inf"), float("-inf")):
        return text
    # 17 digits are written into the file; repr() gives the fewest that mean the same number, which is what people see.
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def date_text(text: str, *, is_1904: bool) -> str:
    """Return the date and time that a sheet's day number means, in ISO form; what isn't one is returned as it is."""
    try:
        days = float(text)
        moment = _DAY_0[is_1904] + timedelta(seconds=round(days * 86_400))
    except (ValueError, OverflowError):
        return text
    if 0 <= days < 1:
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d}" if days.is_integer() else f"{moment:%Y-%m-%d %H:%M:%S}"

"""Good tables, as bytes, in the forms in which programs save them."""

import csv
from collections.abc import Sequence
from io import BytesIO, StringIO

from openpyxl import Workbook

HEADER = ["Name", "Email", "Ownership", "Serial number", "Platform"]
ROWS = [
    ["Jörg Müller", "joerg@example.com", "corporate", "C02XK1ZZJGH5", "macos"],
    ["Zoë Ålund", "zoe@example.com", "personal", "R58N30ABCDE", "android"],
]


def csv_text(rows: Sequence[Sequence[str]] = (HEADER, *ROWS), *, delimiter: str = ",", end: str = "\r\n") -> str:
    """Return a table as CSV."""
    buffer = StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows(rows)
    return buffer.getvalue()


def xlsx(*sheets: tuple[str, Sequence[Sequence[object]]]) -> bytes:
    """Return a workbook as openpyxl writes it, each sheet with its name and rows; None is no cell."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets or (("Devices", [HEADER, *ROWS]),):
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()

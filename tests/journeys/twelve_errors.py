"""Which file does the journey import? 1,000 devices of the bench's file; twelve of the lines have errors, each another.

The same for the same seed; one of the errors can be mended by one click, the others by the corrected file.
"""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from tests.bench import device_file

ROWS = 1_000
# Code of the error, column, and the cell that has it.
ERRORS = (
    ("required", "Name", ""),
    ("surrounding_space", "Email", " spaces@example.com "),
    ("unknown_choice", "Platform", "iOS"),
    ("windows_not_supported", "Platform", "windows"),
    ("too_long", "Device name", "long" * 100),
    ("control_character", "Name", "Ada \x07 Berg"),
    ("email_invalid", "Email", "ada(at)example.com"),
    ("phone_invalid", "Mobile", "call me"),
    ("phone_no_country", "Mobile", "0170 1234567"),
    ("excel_number", "Serial number", "1.23E+14"),
    ("junk_serial", "Serial number", "None"),
    ("serial_characters", "Serial number", "C02ÄK1ÖZJ"),
)
ONE_CLICK = "unknown_choice"


@dataclass(frozen=True)
class JourneyFile:
    """The file in its two states.

    Attributes:
        wrong: with all twelve errors.
        corrected: with the one that takes one click alone.
        errors: code of the error by line, as a spreadsheet counts.
        serials: serial numbers of the corrected file.
    """

    wrong: Path
    corrected: Path
    errors: dict[int, str]
    serials: frozenset[str]


def write(folder: Path, seed: int) -> JourneyFile:
    """Write both states of the file."""
    good = folder / f"good-{seed}.csv"
    device_file.write(good, ROWS, seed)
    with good.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    wrong, corrected = [list(row) for row in rows], [list(row) for row in rows]
    chosen = random.Random(seed).sample(range(ROWS), len(ERRORS))
    for index, (code, column, cell) in zip(chosen, ERRORS, strict=True):
        wrong[index][header.index(column)] = cell
        if code == ONE_CLICK:
            corrected[index][header.index(column)] = cell
    paths = folder / "devices.csv", folder / "devices corrected.csv"
    for path, table in zip(paths, (wrong, corrected), strict=True):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *table])
    return JourneyFile(
        wrong=paths[0],
        corrected=paths[1],
        errors={index + 2: code for index, (code, _column, _cell) in zip(chosen, ERRORS, strict=True)},
        serials=frozenset(row[header.index("Serial number")] for row in rows),
    )

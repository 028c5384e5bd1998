"""Which file is imported? The nine columns of MISSION.md, all filled as in an office, the same for the same seed."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = (
    "Name",
    "Email",
    "Ownership",
    "Serial number",
    "Platform",
    "SAMAccountName",
    "Mobile",
    "Device name",
    "Password",
)
FIRST = ("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Hans", "Inês", "Jürgen", "Kofi", "Łucja", "Mei")
LAST = ("Berg", "Øvergård", "Dupont", "Ivanov", "Yılmaz", "Hopper", "Müller", "O'Brien", "Sato", "Turing", "van Dam")
PLAIN = str.maketrans("öéêüŁØåıÅ'", "oeeuLOaiA ")
DOMAINS = ("example.com", "office.example.com", "berlin.example.org")
PLATFORMS = (("ios", "iPhone"), ("macos", "MacBook"), ("android", "Galaxy"), ("linux", "X1"), ("tvos", "Apple TV"))
CALLING_CODES = ("+49151123", "+4479121", "+336123", "+346123")  # mobile numbers, with five more digits each
# One to one between 0 and 36 ** 9: neighbours in the file are no neighbours in an index, as with real serial numbers.
SCATTER, SERIALS = 2_654_435_761, 36**9
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class DeviceFile:
    """A CSV file of devices.

    Attributes:
        path: where it is.
        rows: number of devices.
        users: number of different e-mail addresses.
    """

    path: Path
    rows: int
    users: int


def write(path: Path, rows: int, seed: int = 2, wrong_every: int = 0) -> DeviceFile:
    """Write `rows` devices to a CSV file; four in five belong to a new device user, one in ten has a password.

    Args:
        path: where to.
        rows: number of devices; a smaller file is the beginning of a larger one.
        seed: files of different ones have no user in common, and no device unless they are 36 apart.
        wrong_every: so often a row's platform is misspelled; 0: never.
    """
    randomness = random.Random(seed)
    users = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            if users and randomness.random() < 0.2:
                user = randomness.randrange(users)
            else:
                user, users = users, users + 1
            row = list(_row(seed, number, user, randomness))
            if wrong_every and number % wrong_every == wrong_every - 1:
                row[HEADER.index("Platform")] = "iOS"
            writer.writerow(row)
    return DeviceFile(path, rows, users)


def _row(seed: int, number: int, user: int, randomness: random.Random) -> Iterator[str]:
    first, last = FIRST[user % len(FIRST)], LAST[user // len(FIRST) % len(LAST)]
    login = f"{first}.{last}".translate(PLAIN).replace(" ", "").lower() + f"{seed}{user:06}"
    platform, kind = PLATFORMS[number % len(PLATFORMS)]
    yield f"{first} {last}"
    yield f"{login}@{DOMAINS[user % len(DOMAINS)]}"
    yield "personal" if number % 4 == 0 else "corporate"
    yield f"C{DIGITS[seed % 36]}{_base36((number + 1) * SCATTER % SERIALS)}"
    yield platform
    yield login
    yield f"{CALLING_CODES[user % len(CALLING_CODES)]}{user % 100_000:05}"
    yield f"{first}'s {kind} {number}"
    yield f"{randomness.getrandbits(48):012x}" if number % 10 == 0 else ""


def _base36(number: int) -> str:
    digits = []
    for _ in range(9):
        number, digit = divmod(number, 36)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))

"""Who works at the demo's company, and with which devices? Called by demo.py; the same people each time."""

import csv
import random
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import product

Row = dict[str, str]

HEADER = (
    "Name",
    "Email",
    "Ownership",
    "Serial number",
    "Platform",
    "SAMAccountName",
    "Mobile",
    "Device name",
    "Groups",
    "Cost centre",
)
FIRST = (
    "Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Hana", "Inês", "Jürgen", "Kofi", "Łucja", "Mei",
    "Nadia", "Olu", "Priya", "Quentin", "Rosa", "Sven", "Tomás",
)  # fmt: skip
LAST = (
    "Almeida", "Berg", "Chen", "Dupont", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jensen", "Kowalska",
    "Lindqvist", "Mbeki", "Novák", "O'Neill", "Park", "Rossi", "Sato", "Turner", "Weber",
)  # fmt: skip
PLAIN = str.maketrans("öéêüŁøíáč", "oeeuLoiac", "'")
MODELS = {"ios": "iPhone", "macos": "MacBook", "android": "Pixel", "linux": "ThinkPad", "tvos": "Apple TV"}
SERIAL_SIGNS = "0123456789CDFGHJKLMNPQRTVWXY"
OFFICES, TEAMS = ("Berlin", "Lisbon"), ("Sales", "Engineering", "")


class Fleet:
    """Rows of devices, always new ones.

    Attributes:
        randomness: what decides; the same for the same seed.
        made: the rows so far.
    """

    def __init__(self, mail_domain: str, seed: int = 2) -> None:
        self.randomness = random.Random(seed)  # noqa: S311 - no secret, but the same each time
        self.mail_domain = mail_domain
        self.made: list[Row] = []
        self._people = list(product(FIRST, LAST))
        self.randomness.shuffle(self._people)

    def rows(self, count: int) -> Iterator[Row]:
        """Yield rows of devices; one in four belongs to somebody who has one already."""
        for _ in range(count):
            is_second = self.made and (not self._people or self.randomness.random() < 0.25)
            row = self._device(self.randomness.choice(self.made) if is_second else self._person())
            self.made.append(row)
            yield row

    def mistakes(self) -> Iterator[Row]:
        """Yield rows as people write them, each with something that the check finds."""
        wrong = [
            *[{"Platform": "iOS"}] * 4,
            *[{"Ownership": "Corporate"}] * 2,
            {"Platform": "windows"},
            {"Email": "grace.hopper(at)" + self.mail_domain},
            {"Serial number": "1.23E+14"},
            {"Serial number": "None"},
            {"Serial number": self.made[-1]["Serial number"]},
            {"Mobile": "0170"},
            {"Name": ""},
            {"Email": "ada.almeida@gmail.com"},
            {"Groups": "Porto"},
        ]
        for cells, row in zip(wrong, list(self.rows(len(wrong))), strict=True):
            yield row | cells

    def known(self, count: int) -> Iterator[Row]:
        """Yield new devices of people who are in the portal already, some of them with another phone number."""
        for row in self.randomness.sample(self.made[:100], count):
            yield self._device(row | {"Mobile": self._mobile() if self.randomness.random() < 0.5 else row["Mobile"]})

    def _person(self) -> Row:
        first, last = self._people.pop()
        login = f"{first}.{last}".translate(PLAIN).lower()
        team, office = self.randomness.choice(TEAMS), self.randomness.choice(OFFICES)
        return {
            "Name": f"{first} {last}",
            "Email": f"{login}@{self.mail_domain}",
            "SAMAccountName": login,
            "Mobile": self._mobile(),
            "Groups": ";".join(filter(None, (office, team))),
            "Cost centre": str(4_000 + 100 * TEAMS.index(team)),
        }

    def _device(self, person: Row) -> Row:
        platform = self.randomness.choices(list(MODELS), (5, 4, 3, 1, 1))[0]
        return person | {
            "Ownership": "corporate" if self.randomness.random() < 0.85 else "personal",
            "Serial number": "".join(self.randomness.choices(SERIAL_SIGNS, k=9)) + "DMO",
            "Platform": platform,
            "Device name": f"{person['Name'].split()[0]}'s {MODELS[platform]}",
        }

    def _mobile(self) -> str:
        return f"+1 202 555 01{self.randomness.randrange(100):02}"  # reserved for fiction


def csv_file(rows: Iterable[Row], delimiter: str = ",") -> bytes:
    """Return rows as a file with a header."""
    text = StringIO()
    writer = csv.DictWriter(text, HEADER, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()

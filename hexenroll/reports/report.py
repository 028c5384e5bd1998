"""What is a report? The base of each: its columns, who may see it, and its rows. Read by pages.py and sending.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Model, QuerySet, TextChoices
from django.utils.functional import Promise

from devices.models import Device

CHUNK = 2_000  # rows that are in memory at once
Row = Sequence[Any]  # a value for each column


@dataclass(frozen=True)
class Asked:
    """Which rows are asked for, by whom.

    Attributes:
        person: whose domains and permissions count.
        now: the time of asking.
        since, until: from then on, and before then; None: without a limit.
        domain: number of the only one; None: all that the person may work in.
        platform: the only one; "": all.
        days: of approvals that wait, after how many.
        told: the filters in words, as pairs of what and which.
    """

    person: Any
    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    domain: int | None = None
    platform: str = ""
    days: int = 30
    told: list[tuple[str, str]] = field(default_factory=list)

    def within(self, moment: str) -> dict[str, datetime]:
        """Return the condition that `moment`, a column, lies in the time that is asked for."""
        found = {f"{moment}__gte": self.since, f"{moment}__lt": self.until}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: its header.
        path: where the value comes from, in a query; "": the report makes it.
        choices: what the value's words mean.
        is_number, is_time: how it is written.
        is_linked: leads to what the row is about.
    """

    title: str | Promise
    path: str = ""
    choices: type[TextChoices] | None = None
    is_number: bool = False
    is_time: bool = False
    is_linked: bool = False

    def value(self, raw: Any) -> Any:
        """Return what stands in a cell: a text, a number, a datetime, or "" for nothing."""
        if raw is None:
            return ""
        if self.choices is not None:
            return str(dict(self.choices.choices).get(raw, raw))
        return raw


class Report:
    """A table of one kind.

    Attributes:
        name: in its address, and in the rows of what is sent regularly.
        title, description: for people.
        icon: name of a symbol.
        about: what a row is about, or sums up.
        permissions: who has all of them may see it: those that show the same things elsewhere.
        file_permissions: what it takes besides to carry it away as a file, or to have it mailed.
        filters: of the form: `period`, `domain`, `platform`, `days`.
        columns: in their order.
        link: URL name of the page that a row is about; "": there is none. Its key is the value behind the columns.
        empty: what a table without rows says.
    """

    name: ClassVar[str]
    title: ClassVar[str | Promise]
    description: ClassVar[str | Promise]
    icon: ClassVar[str]
    about: ClassVar[type[Model]] = Device
    permissions: ClassVar[tuple[str, ...]]
    file_permissions: ClassVar[tuple[str, ...]] = ()
    filters: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[Column, ...]]
    link: ClassVar[str] = ""
    empty: ClassVar[str | Promise]

    def is_open_to(self, person: Any) -> bool:
        """Tell whether somebody may see the report."""
        return bool(person.has_perms(self.permissions))

    def may_be_taken_by(self, person: Any) -> bool:
        """Tell whether somebody may carry it away as a file."""
        return bool(person.has_perms((*self.permissions, *self.file_permissions)))

    def count(self, asked: Asked) -> int:
        """Return the number of rows."""
        raise NotImplementedError

    def rows(self, asked: Asked, start: int = 0, stop: int | None = None) -> Iterable[Row]:
        """Return rows: a raw value for each column, then the key of what the row is about (with `link`)."""
        raise NotImplementedError

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        """Return what stands above the table: words and numbers."""
        raise NotImplementedError


class ListReport(Report):
    """A report whose rows are rows of the database.

    Attributes:
        key: path of the key of what a row is about.
    """

    key: ClassVar[str] = "pk"

    def found(self, asked: Asked) -> QuerySet[Any]:
        """Return what is asked for, of the person's domains, in the report's order."""
        raise NotImplementedError

    def count(self, asked: Asked) -> int:
        return self.found(asked).count()

    def rows(self, asked: Asked, start: int = 0, stop: int | None = None) -> Iterable[Row]:
        paths = [column.path for column in self.columns] + ([self.key] if self.link else [])
        rows = self.found(asked).values_list(*paths)
        return rows[start:stop].iterator(chunk_size=CHUNK)


class SummaryReport(Report):
    """A report of few rows, each of which sums up many."""

    def table(self, asked: Asked) -> list[Row]:
        """Return all rows."""
        raise NotImplementedError

    def count(self, asked: Asked) -> int:
        return len(self.table(asked))

    def rows(self, asked: Asked, start: int = 0, stop: int | None = None) -> Iterable[Row]:
        return self.table(asked)[start:stop]

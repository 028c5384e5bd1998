"""Which rows does the administrator look at in the review? Asked by the wizard, for a page and for "all that match".

Rows are paged by their line: an OFFSET over 200,000 rows would take longer than everything else on the page.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.cache import BaseCache
from django.db import connection
from django.db.models import Max, Q, QuerySet, Value
from django.db.models.functions import Collate, Concat, Lower

from devices.models import ImportBatch, ImportProblem, ImportRow
from devices.vocabulary import Duplicates

from .kept_counts import kept_counts

PAGE_ROWS = 50
# Matches are counted up to here; beyond, "more than" says enough.
COUNTED = 10_000
NEAR_LINES = 5_000
UNDECIDED = "undecided"


def asked_choice(data: Mapping[str, Any], name: str, allowed: Collection[str]) -> str:
    """Return what a form says for `name`; empty when it is none of what is allowed."""
    value = str(data.get(name, ""))
    return value if value in allowed else ""


def asked_text(data: Mapping[str, Any]) -> str:
    """Return what a form searches for, as a database can take it."""
    return str(data.get("q", "")).replace("\x00", "").strip()[:200]


@dataclass(frozen=True)
class RowFilter:
    """What the rows have in common. An empty attribute does not narrow them.

    Attributes:
        search: a part of serial number, e-mail address or name; ASCII letters whatever their case.
        kind: an `ImportRow.Kind`.
        invite: `yes` or `no`.
        decision: a choice of `Duplicates`, or `undecided` for duplicates without a choice of their own.
        warnings: `yes`: rows with warnings alone.
    """

    search: str = ""
    kind: str = ""
    invite: str = ""
    decision: str = ""
    warnings: str = ""

    @classmethod
    def from_query(cls, data: Mapping[str, Any]) -> "RowFilter":
        """Read a filter from a form; what is no choice of it is left out."""
        return cls(
            search=asked_text(data),
            kind=asked_choice(data, "kind", ImportRow.Kind.values),
            invite=asked_choice(data, "invite", ["yes", "no"]),
            decision=asked_choice(data, "decision", [*Duplicates.values, UNDECIDED]),
            warnings=asked_choice(data, "warnings", ["yes"]),
        )

    def to_query(self) -> dict[str, str]:
        """Return the filter as `from_query` reads it, without what is empty."""
        found = {
            "q": self.search,
            "kind": self.kind,
            "invite": self.invite,
            "decision": self.decision,
            "warnings": self.warnings,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def is_empty(self) -> bool:
        return not self.to_query()

    def rows(self, batch: ImportBatch) -> QuerySet[ImportRow]:
        """Return the good rows of `batch` that match, in the order of the file."""
        rows = ImportRow.objects.filter(batch=batch, is_good=True).order_by("line")
        if self.search:
            rows = search(rows, self.search)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.invite:
            rows = rows.filter(invite=self.invite == "yes")
        if self.decision == UNDECIDED:
            rows = rows.filter(decision="", kind__in=ImportRow.QUESTIONS)
        elif self.decision:
            rows = rows.filter(decision=self.decision)
        if self.warnings:
            rows = rows.filter(line__in=warnings_of(batch).order_by().values("line"))
        return rows


def warnings_of(batch: ImportBatch) -> QuerySet[ImportProblem]:
    """Return the warnings of `batch`; by code, because the index of problems holds the line after it."""
    codes = [key.removeprefix("warning:") for key in batch.counts.get("codes", {}) if key.startswith("warning:")]
    return batch.problems.warnings().filter(code__in=codes)


def search(rows: QuerySet[ImportRow], text: str) -> QuerySet[ImportRow]:
    """Return the rows that hold `text`, whatever the case of its ASCII letters.

    The fastest way of each database to look at every row: SQLite's LIKE takes no notice of ASCII case by itself.
    """
    if connection.vendor == "sqlite":
        return rows.filter(Q(serial_number__contains=text) | Q(email__contains=text) | Q(name__contains=text))
    searched: Any = Concat("serial_number", Value("\n"), "email", Value("\n"), "name")
    return rows.alias(text=Lower(Collate(searched, "C"))).filter(text__contains=ascii_lower(text))


def ascii_lower(text: str) -> str:
    """Return `text` with its ASCII letters in lower case."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


@dataclass(frozen=True)
class RowPage:
    """Some rows of a filter.

    Attributes:
        rows: in the order of the file.
        total: rows that match; `COUNTED` when there are more.
        is_total_exact: False when there are more than `total`.
        has_previous: there are rows before.
        has_next: there are rows after.
    """

    rows: list[ImportRow]
    total: int
    is_total_exact: bool
    has_previous: bool
    has_next: bool


def page(
    batch: ImportBatch, chosen: RowFilter, cache: BaseCache, *, after: int = 0, before: int = 0, size: int = PAGE_ROWS
) -> RowPage:
    """Return the rows that follow line `after`, or that stand before line `before`.

    Args:
        batch: the batch.
        chosen: which rows.
        cache: keeps how many match.
        after: a line; 0: from the beginning.
        before: a line; when it is given, the last rows before it.
        size: rows of a page.
    """
    rows = chosen.rows(batch).defer("one_time_password", "custom_attributes")
    if before:  # the last page is asked for by a line that no file has
        before = min(before, 1 + (ImportRow.objects.filter(batch=batch).aggregate(last=Max("line"))["last"] or 0))
    found = _nearest(rows, after, before, size + 1)
    has_more, found = len(found) > size, found[:size]
    total = len(found) if not (before or after or has_more) else _total(batch, chosen, cache)
    return RowPage(
        rows=found[::-1] if before else found,
        total=total if chosen.is_empty else min(total, COUNTED),
        is_total_exact=chosen.is_empty or total <= COUNTED,
        has_previous=has_more if before else after > 0,
        has_next=True if before else has_more,
    )


def _nearest(rows: QuerySet[ImportRow], after: int, before: int, size: int) -> list[ImportRow]:
    """Return up to `size` of `rows` after a line, or before one, backwards.

    The lines near by are looked at first. Where many rows match that is enough; PostgreSQL can't know how many match
    a search: it would read and sort all of them.
    """
    if before:
        backwards = rows.filter(line__lt=before).order_by("-line")
        near = list(backwards.filter(line__gte=before - NEAR_LINES)[:size])
        return near if len(near) == size else list(backwards[:size])
    forwards = rows.filter(line__gt=after)
    near = list(forwards.filter(line__lte=after + NEAR_LINES)[:size])
    return near if len(near) == size else list(forwards[:size])


def _total(batch: ImportBatch, chosen: RowFilter, cache: BaseCache) -> int:
    """Return how many rows match, `COUNTED + 1` when there are more."""
    if chosen.is_empty:
        return int(batch.counts.get("good", 0))

    def count() -> dict[str, int]:
        return {"rows": chosen.rows(batch).order_by()[: COUNTED + 1].count()}

    return kept_counts(batch, cache, {"rows": chosen.to_query()}, count)["rows"]

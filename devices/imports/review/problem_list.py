"""Which problems does a file have, in groups and one by one? Asked by the check page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from devices.models import ImportBatch, ImportProblem

from ..columns import BY_FIELD
from ..problems import ProblemCode
from .rows import COUNTED, asked_choice, asked_text

PAGE_PROBLEMS = 50
Key = tuple[int, int]  # line, id


@dataclass(frozen=True)
class ProblemGroup:
    """All problems of one kind in one field. `field` is empty for whole lines."""

    severity: str
    code: str
    field: str
    count: int

    @property
    def label(self) -> str:
        return str(BY_FIELD[self.field].label) if self.field in BY_FIELD else ""


@dataclass(frozen=True)
class ProblemFilter:
    """What the problems have in common; what is empty does not narrow them. `search`: part of a value, or a line."""

    severity: str = ""
    code: str = ""
    field: str = ""
    search: str = ""

    @classmethod
    def from_query(cls, data: Mapping[str, Any]) -> "ProblemFilter":
        """Read a filter from a form; what is no choice of it is left out."""
        return cls(
            severity=asked_choice(data, "severity", ImportProblem.Severity.values),
            code=asked_choice(data, "code", ProblemCode.values),
            field=asked_choice(data, "field", [*BY_FIELD, "line"]),
            search=asked_text(data),
        )

    @property
    def is_empty(self) -> bool:
        return self == ProblemFilter()

    def matches(self, group: ProblemGroup) -> bool:
        """Tell whether problems of `group` may be in the filter."""
        return (
            self.severity in ("", group.severity)
            and self.code in ("", group.code)
            and self.field in ("", group.field or "line")
        )

    def problems(self, batch: ImportBatch) -> QuerySet[ImportProblem]:
        """Return the problems of `batch` that match, in the order of the file."""
        problems = batch.problems.order_by("line", "id")
        if self.severity:
            problems = problems.filter(severity=self.severity)
        if self.code:
            problems = problems.filter(code=self.code)
        if self.field:
            problems = problems.filter(field="" if self.field == "line" else self.field)
        if self.search:
            found = Q(value__icontains=self.search)
            if self.search.isdecimal() and len(self.search) < 10:
                found |= Q(line=int(self.search))
            problems = problems.filter(found)
        return problems


def groups(batch: ImportBatch) -> list[ProblemGroup]:
    """Return the problems of a checked batch by severity, code and field: errors first, then the most frequent."""
    counts: dict[str, int] = batch.counts.get("fields", {})
    found = []
    for key, count in counts.items():
        severity, code, field = key.split(":", 2)
        found.append(ProblemGroup(severity, code, field, count))
    return sorted(found, key=lambda group: (group.severity, -group.count, group.code, group.field))


@dataclass(frozen=True)
class ProblemPage:
    """Some problems of a filter; `previous` and `next` are the keys to go on with, None where there is no more."""

    problems: list[ImportProblem]
    total: int
    is_total_exact: bool
    previous: Key | None
    next: Key | None


def page(
    batch: ImportBatch, chosen: ProblemFilter, *, after: Key | None = None, before: Key | None = None
) -> ProblemPage:
    """Return the problems that follow the key `after`, or that stand before the key `before`."""
    problems = chosen.problems(batch)
    if before:
        line, number = before
        earlier = problems.filter(Q(line__lt=line) | Q(line=line, id__lt=number), line__lte=line)
        found = list(earlier.order_by("-line", "-id")[: PAGE_PROBLEMS + 1])
        has_previous, has_next = len(found) > PAGE_PROBLEMS, True
        found = found[:PAGE_PROBLEMS][::-1]
    else:
        line, number = after or (0, 0)
        later = problems.filter(Q(line__gt=line) | Q(line=line, id__gt=number), line__gte=line)
        found = list(later[: PAGE_PROBLEMS + 1])
        has_previous, has_next = after is not None, len(found) > PAGE_PROBLEMS
        found = found[:PAGE_PROBLEMS]
    total = _total(batch, chosen)
    return ProblemPage(
        problems=found,
        total=min(total, COUNTED) if chosen.search else total,
        is_total_exact=not chosen.search or total <= COUNTED,
        previous=(found[0].line, found[0].pk) if found and has_previous else None,
        next=(found[-1].line, found[-1].pk) if found and has_next else None,
    )


def _total(batch: ImportBatch, chosen: ProblemFilter) -> int:
    if chosen.search:
        return len(chosen.problems(batch).order_by().values_list("id", flat=True)[: COUNTED + 1])
    return sum(group.count for group in groups(batch) if chosen.matches(group))

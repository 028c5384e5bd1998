"""What do the rows of a file say, once every cell was held against its column, and what is wrong with them?

Called by the check with a chunk of rows at a time. Works column by column: most chunks hold only cells that are their
own clean value, and one look at all of them together tells so. Free of models; no database.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .columns import COLUMNS, Column
from .columns.cells import CellContext, plain_text
from .mapping import Mapping as FieldMapping
from .problems import CellProblem, ProblemCode

# As the staging table holds them.
VALUE_LENGTH = 200
# Line, severity, code, field, column, value, suggestion, detail.
Problem = tuple[int, str, str, str, str, str, str, str]


@dataclass(frozen=True)
class Fixes:
    """The changes of values that the administrator allowed, each by a click.

    Attributes:
        trim: fields whose surrounding spaces are taken off.
        values: for a field, what is read in place of what.
    """

    trim: frozenset[str] = frozenset()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Fixes":
        trim, values = data.get("trim") or [], data.get("values") or {}
        if not isinstance(trim, list) or not isinstance(values, dict):
            raise TypeError(f"not the fixes of a batch: {data!r}")
        return cls(trim=frozenset(trim), values=values)

    def to_json(self) -> dict[str, object]:
        return {"trim": sorted(self.trim), "values": {field: dict(values) for field, values in self.values.items()}}

    def adding(self, code: str, field: str, value: str, replacement: str) -> "Fixes":
        """Return these fixes and one more: `surrounding_space` trims the whole field, else one value is replaced."""
        if code == ProblemCode.SURROUNDING_SPACE:
            return Fixes(trim=self.trim | {field}, values=self.values)
        return Fixes(trim=self.trim, values={**self.values, field: {**self.values.get(field, {}), value: replacement}})

    def without(self, field: str, value: str) -> "Fixes":
        """Return these fixes without the one for a value; without a value, without the trimming of the field."""
        if not value:
            return Fixes(trim=self.trim - {field}, values=self.values)
        left = {before: after for before, after in self.values.get(field, {}).items() if before != value}
        others = {name: changes for name, changes in self.values.items() if name != field}
        return Fixes(trim=self.trim, values={**others, field: left} if left else others)

    def apply(self, field: str, cells: Sequence[str]) -> Sequence[str]:
        """Return the cells of a column with the fixes of its field."""
        if field in self.trim:
            cells = [cell.strip() if cell != cell.strip() else cell for cell in cells]  # keeps what kind of cell it was
        if values := self.values.get(field):
            cells = [values.get(cell, cell) for cell in cells]
        return cells


@dataclass
class Chunk:
    """Cleaned rows.

    Attributes:
        lines: line numbers.
        columns: for each field the clean values, one a line; a field that nothing fills is missing.
        attributes: custom attributes as JSON text, one a line; None: no column is kept.
        problems: errors and warnings, as the staging table takes them, without the batch.
        bad_lines: lines with an error.
    """

    lines: Sequence[int]
    columns: dict[str, Sequence[object]]
    attributes: Sequence[str] | None
    problems: list[Problem]
    bad_lines: set[int]


class Cleaner:
    """Cleans the rows of one file.

    Args:
        header: the file's header row.
        mapping: which column fills which field.
        fixes: changes that the administrator allowed.
        context: what the rules know besides the cells.
        encrypt: turns a one-time password into what may be stored.
        unseal: returns the one-time password in a cell, which may hold it sealed.
    """

    def __init__(
        self,
        header: Sequence[str],
        mapping: FieldMapping,
        fixes: Fixes,
        context: CellContext,
        encrypt: Callable[[str], str],
        unseal: Callable[[str], str],
    ) -> None:
        self.header = [plain_text(name) for name in header]
        self.mapping = mapping
        self.fixes = fixes
        self.context = context
        self.encrypt = encrypt
        self.unseal = unseal
        self.kept = mapping.attribute_names(self.header)

    def clean(self, lines: Sequence[int], rows: list[list[str]]) -> Chunk:
        """Return `rows`, which stand on `lines`, cleaned."""
        problems: list[Problem] = []
        rows = self._squared(lines, rows, problems)
        columns: dict[str, Sequence[object]] = {}
        for column in COLUMNS:
            source = self._source(column, rows)
            if source is not None:
                cells = self.fixes.apply(column.field, source)
                columns[column.field] = self._clean_column(column, cells, lines, problems)
        bad_lines = {problem[0] for problem in problems if problem[1] == "error"}
        return Chunk(lines, columns, self._attributes(rows), problems, bad_lines)

    def _squared(self, lines: Sequence[int], rows: list[list[str]], problems: list[Problem]) -> list[list[str]]:
        """Return rows as long as the header; say which were not."""
        width = len(self.header)
        if {width}.issuperset(map(len, rows)):
            return rows
        squared = []
        for line, row in zip(lines, rows, strict=True):
            missing = width - len(row)
            if missing > 0:
                row = row + [""] * missing
                problems.append(self._problem(line, None, CellProblem(ProblemCode.SHORT_LINE, detail=str(missing)), ""))
            elif missing < 0:
                if any(row[width:]):
                    more = CellProblem(ProblemCode.EXTRA_CELLS, detail=str(-missing))
                    # In a row that is shifted to the right, the cell behind the header may be the password.
                    shown_cell = "" if "password" in self.mapping.columns else row[width]
                    problems.append(self._problem(line, None, more, shown_cell))
                row = row[:width]
            squared.append(row)
        return squared

    def _source(self, column: Column, rows: list[list[str]]) -> Sequence[str] | None:
        """Return the cells that fill a field; None when nothing does."""
        fixed = self.mapping.fixed.get(column.field)
        if fixed is not None:
            return [fixed] * len(rows)
        indexes = self.mapping.columns.get(column.field, ())
        if not indexes:
            return None
        if len(indexes) == 1:
            index = indexes[0]
            return [row[index] for row in rows]
        return [" ".join(filter(None, (plain_text(row[index]).strip() for index in indexes))) for row in rows]

    def _clean_column(
        self, column: Column, cells: Sequence[str], lines: Sequence[int], problems: list[Problem]
    ) -> Sequence[object]:
        """Return the clean values of one column; an erroneous cell's is empty."""
        filled = [cell for cell in cells if cell and not cell.isspace()]
        if len(filled) == len(cells) and column.widget.is_plain(cells, self.context):
            return cells
        if not column.is_required and (not filled or column.widget.is_plain(filled, self.context)):
            return ["" if not cell or cell.isspace() else cell for cell in cells]
        values: list[object] = []
        seen: dict[tuple[type, str], tuple[object, tuple[CellProblem, ...]]] = {}
        for line, cell in zip(lines, cells, strict=True):
            key = (type(cell), cell)
            if key not in seen:
                seen[key] = self._clean_cell(column, cell)
            value, found = seen[key]
            values.append(value)
            problems.extend(self._problem(line, column, problem, cell) for problem in found)
        return values

    def _clean_cell(self, column: Column, cell: str) -> tuple[object, tuple[CellProblem, ...]]:
        if not cell or cell.isspace():
            return "", (CellProblem(ProblemCode.REQUIRED),) if column.is_required else ()
        if column.widget.is_plain((cell,), self.context):
            return cell, ()
        is_password = column.field == "password"
        try:
            if is_password:
                cell = self.fixes.apply(column.field, [self.unseal(cell)])[0]
            value = column.widget.clean(cell, context=self.context)
        except CellProblem as problem:
            return "", (problem,)
        warnings = tuple(column.widget.warnings(value, cell, self.context))
        if is_password:
            value = self.encrypt(str(value))
        elif isinstance(value, list):
            value = json.dumps(value, ensure_ascii=False)
        return value, warnings

    def _problem(self, line: int, column: Column | None, problem: CellProblem, cell: str) -> Problem:
        value, suggestion = problem.value if problem.value is not None else cell, problem.suggestion
        if column is not None and column.field == "password":
            value = suggestion = ""
        return (
            line,
            "warning" if problem.is_warning else "error",
            problem.code.value,
            column.field if column else "",
            column_name(column, self.mapping, self.header) if column else "",
            shown(value),
            shown(suggestion),
            problem.detail[:VALUE_LENGTH],
        )

    def _attributes(self, rows: list[list[str]]) -> Sequence[str] | None:
        if not self.kept:
            return None
        kept = list(self.kept.items())
        return [
            json.dumps({name: shown(plain_text(row[index]), 10_000) for index, name in kept if row[index]})
            for row in rows
        ]


def column_name(column: Column, mapping: FieldMapping, header: Sequence[str]) -> str:
    """Return what the file calls a column, as a problem names it."""
    indexes = mapping.columns.get(column.field, ())
    return (" + ".join(shown(header[index]) for index in indexes) or column.header)[:VALUE_LENGTH]


def shown(text: str, length: int = VALUE_LENGTH) -> str:
    """Return `text` shortened, and without NUL, which PostgreSQL stores nowhere, and lone surrogates."""
    return str(text)[:length].replace("\x00", "␀").encode("utf-8", "replace").decode()

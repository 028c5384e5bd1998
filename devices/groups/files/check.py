"""What is in a file of groups, and what is wrong with it? Fills the staging tables; run by work.py.

It begins anew each time, in one transaction: a killed one leaves nothing.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from devices.imports.columns.cells import plain_text
from devices.imports.problems import CellProblem
from devices.imports.reader import FileFormat, TableReader
from devices.imports.sql import analyze, append, make_room
from devices.models import GroupImport, GroupImportLine, GroupImportMember, GroupImportProblem

from . import changes, contract, matching

CHUNK_LINES = 2_000
SHOWN = 200  # characters of a value, as the table of problems holds them
LINE_COLUMNS = ("batch_id", "line", "name", "description", "is_good")
MEMBER_COLUMNS = ("batch_id", "line", "platform", "serial_number", "found")
PROBLEM_COLUMNS = ("batch_id", "line", "severity", "code", "field", "column", "value", "suggestion", "detail")


def check(batch: GroupImport) -> None:
    """Stage the lines of a file, match them, and count what would become of them.

    Args:
        batch: locked by the caller; it moves it on.

    Raises:
        UnreadableFileError: the file can't be read to its end.
        HeaderError: a column is missing.
    """
    make_room()
    clear(batch)
    file_format = FileFormat.from_json(batch.file_format)
    with TableReader(Path(batch.file.path), file_format, limits=contract.limits()) as reader:
        stage = _Stage(batch, reader.header)
        rows = iter(reader)
        while chunk := list(islice(rows, CHUNK_LINES)):
            stage.write(chunk)
    for model in (GroupImportLine, GroupImportMember):
        analyze(model._meta.db_table)
    matching.match(batch, columns_of(batch))
    batch.counts = changes.counted(batch)


def clear(batch: GroupImport) -> None:
    """Take out what was staged."""
    for model in (GroupImportProblem, GroupImportMember, GroupImportLine):
        model.objects.filter(batch=batch)._raw_delete(model.objects.db)


def columns_of(batch: GroupImport) -> dict[str, str]:
    """Return for each field its header in the file, as problems name it."""
    headers = [plain_text(header) for header in batch.headers]
    return {field: headers[index][:SHOWN] for field, index in contract.places(headers).items()}


class _Stage:
    """Writes chunks of lines, their members and their problems."""

    def __init__(self, batch: GroupImport, header: list[str]) -> None:
        self.batch, self.header = batch, [plain_text(name) for name in header]
        self.places = contract.places(self.header)

    def write(self, chunk: list[tuple[int, list[str]]]) -> None:
        lines, members, problems = [], [], []
        for line, cells in chunk:
            name, description, found, wrong = self._read(cells)
            lines.append((self.batch.pk, line, name, description, True))
            members += [(self.batch.pk, line, platform, serial, 0) for platform, serial in found]
            problems += [self._problem(line, *problem) for problem in wrong]
        append(GroupImportLine._meta.db_table, LINE_COLUMNS, lines)
        append(GroupImportMember._meta.db_table, MEMBER_COLUMNS, members)
        append(GroupImportProblem._meta.db_table, PROBLEM_COLUMNS, problems)

    def _read(self, cells: list[str]) -> tuple[str, str, list[tuple[str, str]], list[tuple[str, str, CellProblem]]]:
        """Return name, description and members of a line, and field, cell and problem of what is wrong."""
        given = {field: cells[index] if index < len(cells) else "" for field, index in self.places.items()}
        wrong: list[tuple[str, str, CellProblem]] = []
        texts = {}
        for field, read in ((contract.GROUP, contract.group_name), (contract.DESCRIPTION, contract.description)):
            try:
                texts[field] = read(given.get(field, ""))
            except CellProblem as problem:
                texts[field] = ""
                wrong.append((field, given.get(field, ""), problem))
        found, bad = contract.members(given[contract.MEMBERS])
        wrong += [(contract.MEMBERS, given[contract.MEMBERS], problem) for problem in bad]
        return texts[contract.GROUP], texts[contract.DESCRIPTION], found, wrong

    def _problem(self, line: int, field: str, cell: str, problem: CellProblem) -> tuple[object, ...]:
        value = problem.value if problem.value is not None else cell
        header = self.header[self.places[field]][:SHOWN]
        shown = (value[:SHOWN], problem.suggestion[:SHOWN], problem.detail[:SHOWN])
        return (self.batch.pk, line, "error", problem.code.value, field, header, *shown)


def listed(batch: GroupImport, severity: str) -> Iterator[GroupImportProblem]:
    """Return the problems of one severity, in the order of the file."""
    found = batch.problems.filter(severity=severity).order_by("line", "id")
    return found.iterator(chunk_size=2_000)

"""How does a test take a file of groups through its import? By the import's own steps, in the foreground."""

from io import BytesIO
from typing import Any

from devices.groups.files import steps, work
from devices.models import GroupImport
from tests.devices.importing import lines

HEADER = ("groupname", "members", "description")


def table(*rows: tuple[str, ...]) -> bytes:
    """Return a CSV of groups."""
    return lines(HEADER, *(row + ("",) * (3 - len(row)) for row in rows)).encode()


def checked(content: bytes, person: Any = None, *, name: str = "groups.csv", **options: bool) -> GroupImport:
    """Return a file as a checked import."""
    chosen = {"creates": False, "removes": False} | options
    batch = steps.upload(BytesIO(content), name, person, tell_worker=False, **chosen)
    work.run(batch.pk)
    batch.refresh_from_db()
    return batch


def committed(batch: GroupImport, person: Any = None, *, good_rows: bool = False) -> GroupImport:
    """Return a checked import as it is after its commit."""
    steps.start_commit(batch, person, good_rows=good_rows, tell_worker=False)
    work.run(batch.pk)
    batch.refresh_from_db()
    return batch


def codes(batch: GroupImport) -> list[tuple[int, str, str]]:
    """Return line, code and value of each problem."""
    return list(batch.problems.order_by("line", "id").values_list("line", "code", "value"))

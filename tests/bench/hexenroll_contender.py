"""How fast is hexenroll, from the uploaded file to the committed batch, and where does the time go?"""

from pathlib import Path

from django.db import connection

from devices.imports import assignments, check, clean, commit, matching, staging, steps, writing
from devices.models import Domain, ImportBatch
from devices.vocabulary import Channel, Duplicates
from tests.bench.phases import Phases

READ, CLEAN, STAGE = "read the file", "check the cells", "write the staged rows"
UPLOAD, KEEP = "store the file, find its format and mapping", "small statements, once a chunk"
QUERIES, AGAIN = "set queries of the check", "the commit's own check and counts"
USERS, DEVICES = "write the device users", "write the devices"
COMMIT = "COMMIT (its foreign-key checks)"


def watched() -> Phases:
    """Return clocks that run while the pipeline's functions do."""
    phases = Phases()
    for owner, name, phase in (
        (steps, "upload", UPLOAD),
        (steps, "suggestion", UPLOAD),
        (steps, "save_mapping", UPLOAD),
        (check, "run", KEEP),
        (check, "_stage", READ),
        (clean.Cleaner, "clean", CLEAN),
        (check, "_write", STAGE),
        (staging, "clear", KEEP),
        (check, "_finish", QUERIES),
        (commit, "run", AGAIN),
        (matching, "classify", QUERIES),
        (commit, "classify", AGAIN),
        (writing, "create_users", USERS),
        (writing, "create_devices", DEVICES),
        (assignments, "assign", DEVICES),
        (connection, "_commit", COMMIT),
    ):
        phases.watch(owner, name, phase)
    return phases


def checked(path: Path) -> ImportBatch:
    """Return a file as a checked batch."""
    with path.open("rb") as content:
        batch = steps.upload(Domain.objects.local(), content, path.name, None)
    return check_uploaded(batch)


def check_uploaded(batch: ImportBatch) -> ImportBatch:
    """Map a batch as suggested and check it."""
    steps.save_mapping(batch, steps.suggestion(batch).mapping)
    steps.start_check(batch, tell_worker=False)
    check.run(batch.pk)
    batch.refresh_from_db()
    return batch


def run(path: Path) -> ImportBatch:
    """Take a file through every step of the wizard, without waiting for a worker; nobody is invited yet."""
    batch = checked(path)
    if batch.counts.get("errors"):
        raise RuntimeError(f"the file has errors: {batch.counts}")
    duplicates, channel = Duplicates.REPLACE.value, Channel.NONE.value
    steps.choose(batch, duplicates=duplicates, channel=channel, accept_good_rows=False)
    steps.start_commit(batch, None, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    if batch.state != ImportBatch.State.COMMITTED:
        raise RuntimeError(f"the batch is {batch.state}: {batch.failure} {batch.counts}")
    return batch

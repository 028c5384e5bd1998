"""What does each step of an import of groups do? Called by its pages and by `manage.py import_groups`.

A step that takes long only sets the state and tells a worker.
"""

from functools import partial
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from devices.imports.file_store import store
from devices.models import GroupImport
from devices.scope import scope_of

from . import check, contract, work

State = GroupImport.State


class StepError(Exception):
    """The import can't take this step now; the text says why and what to do."""


def upload(
    content: IO[bytes], name: str, person: Any, *, creates: bool, removes: bool, tell_worker: bool = True
) -> GroupImport:
    """Store a file of groups and let it be checked.

    Args:
        content: the file's bytes.
        name: its name.
        person: who uploads, and in whose domains devices are found; None: the command line, which may do everything.
        creates: groups that don't exist are created.
        removes: devices that are not in the file leave the groups that are.
        tell_worker: False: the caller does the work.

    Raises:
        UnreadableFileError: it is no table; nothing is kept.
        HeaderError: it has not the columns of a file of groups; nothing is kept.
    """
    batch = GroupImport(created_by=person)
    _set_options(batch, person, creates=creates, removes=removes)
    store(batch, content, name, contract.limits())
    try:
        contract.places(batch.headers)
    except contract.HeaderError:
        batch.file.delete(save=False)
        raise
    with transaction.atomic():
        batch.save()
        if tell_worker:
            transaction.on_commit(partial(work.publish, batch.pk))
    return batch


def check_again(batch: GroupImport, person: Any, *, creates: bool, removes: bool, tell_worker: bool = True) -> None:
    """Check a file again, maybe with other options.

    Raises:
        StepError: it is not in review.
    """
    if not batch.file:
        raise StepError(_("The uploaded file was removed. Upload it again."))
    _set_options(batch, person, creates=creates, removes=removes)
    names = ("creates_groups", "removes_others", "domains", "may_change_groups")
    chosen = {name: getattr(batch, name) for name in names}
    _begin(batch, frozenset({State.READY, State.FAILED}), State.CHECKING, tell_worker, **chosen)


def obstacles(batch: GroupImport) -> list[str]:
    """Return why a reviewed file can't be imported, each as a sentence; empty: it can, maybe without the bad lines."""
    if not batch.file:
        return [_("The uploaded file was removed. Upload it again.")]
    if not batch.counts.get("good"):
        return [_("There is no line without errors. Correct the file and upload it again.")]
    return []


def may_know(batch: GroupImport, person: Any) -> bool:
    """Tell whether a person still works in all domains whose devices the check looked at."""
    mine = _domains_of(person)
    return mine is None or (batch.domains is not None and set(mine).issuperset(batch.domains))


def start_commit(batch: GroupImport, person: Any, *, good_rows: bool = False, tell_worker: bool = True) -> None:
    """Let a reviewed file be imported.

    Args:
        batch: in review.
        person: who does it; None: the command line.
        good_rows: lines with errors stay behind.
        tell_worker: False: the caller does the work.

    Raises:
        StepError: something stands in the way.
    """
    if wrong := obstacles(batch):
        raise StepError(" ".join(wrong))
    if batch.counts.get("bad") and not good_rows:
        text = _("There are lines with errors. Correct the file and upload it again, or import the good ones.")
        raise StepError(text)
    if not may_know(batch, person):
        raise StepError(_("Your domains have changed since the check. Check the file again."))
    _begin(batch, frozenset({State.READY}), State.COMMITTING, tell_worker, accept_good_rows=good_rows)


def discard(batch: GroupImport) -> None:
    """Remove an import of which nothing was written.

    Raises:
        StepError: it is being worked on, or over.
    """
    file, storage = batch.file.name, batch.file.storage
    with transaction.atomic():
        locked = GroupImport.objects.select_for_update().filter(pk=batch.pk, state__in=(State.READY, State.FAILED))
        if not locked.exists():
            raise StepError(_moved_on())
        check.clear(batch)
        locked.delete()
    if file:
        storage.delete(file)


def _set_options(batch: GroupImport, person: Any, *, creates: bool, removes: bool) -> None:
    batch.domains = _domains_of(person)
    batch.may_change_groups = person is None or person.has_perm("devices.change_devicegroup")
    batch.creates_groups = creates and (person is None or person.has_perm("devices.add_devicegroup"))
    batch.removes_others = removes


def _domains_of(person: Any) -> list[int] | None:
    scope = None if person is None else scope_of(person)
    return None if scope is None or scope.domains is None else sorted(scope.domains)


def _begin(batch: GroupImport, source: frozenset[str], target: str, tell_worker: bool, **changes: object) -> None:
    fresh: dict[str, object] = {"heartbeat_at": None, "attempts": 0, "failure": {}}
    if not batch.move(source=source, target=target, **fresh, **changes):
        raise StepError(_moved_on())
    if tell_worker:
        transaction.on_commit(partial(work.publish, batch.pk))


def _moved_on() -> str:
    return _("This import has moved on in the meantime. Load the page again.")

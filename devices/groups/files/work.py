"""How does a worker take an import of groups in hand, and what if it can't be finished? One step, one transaction.

The state is what counts: a message that gets lost is sent again by `rescue`, and a task that comes twice returns
quietly.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from devices.imports.check import MAX_ATTEMPTS
from devices.imports.disk_full import is_disk_full
from devices.imports.reader import UnreadableFileError
from devices.imports.rescue import LOCKS_WITHIN, WAITING
from devices.models import GroupImport

from .check import check
from .commit import ReviewAgainError, commit
from .contract import HeaderError

logger = logging.getLogger(__name__)

State = GroupImport.State
TASK = "devices.tasks.work_on_group_import"
# In each state: what is done, where it leads, and where a failure leads.
STEPS: dict[str, tuple[Callable[[GroupImport], None], str, str]] = {
    State.CHECKING: (check, State.READY, State.FAILED),
    State.COMMITTING: (commit, State.COMMITTED, State.READY),
}
KEPT = ("counts", "committed_at", "bad_rows_file")


def run(batch_id: int) -> None:
    """Check or import a file, as its state says; leaves it further, or where it can be mended with the reason."""
    state = _claim(batch_id)
    if state is None:
        return
    try:
        with transaction.atomic():
            batch = _locked(batch_id, state)
            if batch is None:
                return
            if batch.attempts > MAX_ATTEMPTS:
                text = _("The work was interrupted several times. Look at the worker's log, then try again.")
                _fall_back(batch_id, state, "interrupted", text)
                return
            work, target, _back = STEPS[state]
            work(batch)
            file, storage = str(batch.file.name), batch.file.storage
            changes = {name: getattr(batch, name) for name in KEPT}
            forgotten = {"file": ""} if target == State.COMMITTED else {}
            batch.move(source=state, target=target, failure={}, **changes, **forgotten)
        if target == State.COMMITTED:
            storage.delete(file)
    except (UnreadableFileError, HeaderError, ReviewAgainError) as error:
        _fall_back(batch_id, state, str(error.code), str(error.message), error.line)
    except Exception as error:
        logger.exception("import of groups %s: a step failed", batch_id)
        if is_disk_full(error):
            text = _("The server's disk is full. Free space on it, then try again.")
            _fall_back(batch_id, state, "disk_full", text)
            return
        _fall_back(batch_id, state, "internal", _("This could not be finished. The worker's log says why."))
        raise


def _claim(batch_id: int) -> str | None:
    """Count one more attempt; None: another worker has it, or there is nothing to do."""
    with transaction.atomic():
        free = GroupImport.objects.in_work().select_for_update(skip_locked=True).filter(pk=batch_id)
        batch = free.only("state", "attempts").first()
        if batch is None:
            return None
        GroupImport.objects.filter(pk=batch_id).update(attempts=batch.attempts + 1, heartbeat_at=timezone.now())
    return str(batch.state)


def _locked(batch_id: int, state: str) -> GroupImport | None:
    free = GroupImport.objects.select_for_update(skip_locked=True, of=("self",))
    return free.filter(pk=batch_id, state=state).select_related("created_by").first()


def _fall_back(batch_id: int, state: str, code: str, message: str, line: int | None = None) -> None:
    failure = {"code": code, "message": message, "line": line}
    target = STEPS[state][2]
    GroupImport.objects.filter(pk=batch_id, state=state).update(
        state=target, state_changed_at=timezone.now(), failure=failure
    )


def publish(batch_id: int) -> bool:
    """Tell a worker; False when the broker can't be reached: the clock does later."""
    try:
        current_app.send_task(TASK, [batch_id], retry=False)
    except BrokerError as error:
        logger.warning("import of groups %s: the broker can't be reached, it is told later: %s", batch_id, error)
        return False
    return True


def rescue() -> int:
    """Send the tasks of imports that stand still again; return how many. Called by the clock."""
    now = timezone.now()
    waiting = Q(heartbeat_at=None, state_changed_at__lt=now - WAITING)
    begun = Q(heartbeat_at__lt=now - max(LOCKS_WITHIN, timedelta(seconds=10)))
    still = GroupImport.objects.in_work().filter(waiting | begun)
    if not still.exists():
        return 0
    try:
        with transaction.atomic():
            found = list(still.select_for_update(skip_locked=True).values_list("pk", flat=True))
    except OperationalError as error:  # on SQLite a long step locks out everybody: it is alive
        logger.info("no import of groups can be rescued now: %s", error)
        return 0
    return sum(publish(pk) for pk in found)

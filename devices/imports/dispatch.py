"""Who tells a worker that a batch waits for it? Called after the commit of the state that says so.

The state is what counts: a message that gets lost, because the broker is down, is sent again by rescue.py.
"""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

from devices.models import ImportBatch

logger = logging.getLogger(__name__)

TASKS = {
    ImportBatch.State.CHECKING: "devices.tasks.check_import",
    ImportBatch.State.COMMITTING: "devices.tasks.commit_import",
    ImportBatch.State.UNDOING: "devices.tasks.undo_import",
}


def publish(batch_id: int, state: str) -> bool:
    """Send the task that moves a batch on from `state`.

    Returns:
        False when the broker can't be reached: the work begins later, without anybody's doing.
    """
    try:
        current_app.send_task(TASKS[ImportBatch.State(state)], [batch_id], retry=False)
    except OperationalError as error:
        logger.warning("import batch %s: the broker can't be reached, it will be told later: %s", batch_id, error)
        return False
    return True

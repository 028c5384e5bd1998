"""Who tells a worker that something waits? Called after the commit of the row that says so.

The rows are what counts: a message to a worker that gets lost, because the broker is down, is sent again by tend.py.
"""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

from .lanes import free_lanes

logger = logging.getLogger(__name__)


def tell(task: str, *arguments: object) -> bool:
    """Send a task of invitations/tasks.py by its name.

    Returns:
        False when the broker can't be reached: the work begins later, without anybody's doing.
    """
    try:
        current_app.send_task(f"invitations.tasks.{task}", list(arguments), retry=False)
    except OperationalError as error:
        logger.warning("%s %s: the broker can't be reached, it will be told later: %s", task, arguments, error)
        return False
    return True


def call_workers(channel: str) -> None:
    """Have a worker in each free lane of a channel."""
    for _lane in range(free_lanes(channel).count()):
        if not tell("work_outbox", channel):
            return

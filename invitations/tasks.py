"""What does a worker do for invitations? Each task may run twice without harm: state lives in rows."""

from celery import shared_task

from invitations import queueing
from invitations.outbox import deliver, dispatch, expiry, tend
from invitations.outbox.claim import due
from invitations.webhooks import replay

# Others wait for the worker meanwhile: imports, and the other channel.
SLICE_SECONDS = 10


@shared_task
def prepare_sending(sending_id: int) -> None:
    queueing.run(sending_id)


@shared_task
def work_outbox(channel: str) -> None:
    tally = deliver.work(channel, SLICE_SECONDS)
    if tally.had_lane and not tally.provider_is_down and due(channel).exists():
        dispatch.tell("work_outbox", channel)


@shared_task
def tend_outbox() -> None:
    tend.tend()


@shared_task
def expire_invitations() -> int:
    return expiry.expire()


@shared_task
def forget_old_callbacks() -> int:
    return replay.forget_old()

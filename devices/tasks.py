"""What does a worker do for devices? Each task takes a batch's number at most, and may run twice without harm."""

from celery import shared_task
from django.core.cache import cache

from devices.bulk import carry_out
from devices.bulk import retention as bulk_retention
from devices.groups import filling
from devices.groups.files import work
from devices.imports import check, commit, rescue, retention, undo
from devices.imports.progress import committing
from devices.search import keep_up


@shared_task
def check_import(batch_id: int) -> None:
    check.run(batch_id)


@shared_task
def commit_import(batch_id: int) -> None:
    commit.run(batch_id, report=committing(batch_id, cache))


@shared_task
def undo_import(batch_id: int) -> None:
    undo.run(batch_id)


@shared_task
def rescue_imports() -> int:
    return rescue.rescue()


@shared_task
def forget_old_imports() -> int:
    return retention.forget()


@shared_task
def fill_group(group_id: int) -> None:
    filling.fill(group_id)


@shared_task
def tend_groups() -> int:
    return work.rescue() + filling.tend()


@shared_task
def work_on_group_import(batch_id: int) -> None:
    work.run(batch_id)


@shared_task
def correct_groups() -> int:
    return filling.correct()


@shared_task
def run_bulk_action(action_id: int) -> None:
    carry_out.run(action_id)


@shared_task
def rescue_bulk_actions() -> int:
    return carry_out.rescue()


@shared_task
def forget_old_bulk_actions() -> int:
    return bulk_retention.forget()


@shared_task
def index_search() -> int:
    return keep_up.keep_up()


@shared_task
def forget_gone_search() -> None:
    keep_up.forget_gone()

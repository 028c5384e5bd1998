"""What does a worker do about enrollments? Each task may run twice without harm."""

from celery import shared_task

from enrollment import blocking, lockouts, retention
from enrollment.ade import approve_chosen, expiry, runs, sync, telling


@shared_task
def forget_old_attempts() -> int:
    return retention.forget()


@shared_task
def block_listed() -> int:
    return blocking.block_listed()


@shared_task
def notify_of_lockout(lockout_id: int) -> None:
    lockouts.notify(lockout_id)


@shared_task
def tell_ade_profiles(account_id: int) -> int:
    return telling.tell(account_id)


@shared_task
def tend_ade_profiles() -> int:
    return telling.tend()


@shared_task
def sync_ade_account(run_id: int) -> None:
    sync.run(run_id)


@shared_task
def sync_ade_accounts() -> None:
    runs.tend()
    approve_chosen.tend()


@shared_task
def approve_ade_devices(account_id: int, person_id: int | None = None) -> int:
    return approve_chosen.carry_out(account_id, person_id)


@shared_task
def forget_old_ade_syncs() -> int:
    return runs.forget_old()


@shared_task
def warn_of_ade_tokens() -> int:
    return expiry.warn()

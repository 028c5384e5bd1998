"""What does a worker do about enrollments? Each task may run twice without harm."""

from celery import shared_task

from enrollment import retention


@shared_task
def forget_old_attempts() -> int:
    return retention.forget()

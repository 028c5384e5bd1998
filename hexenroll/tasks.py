"""What does a worker do for the console? Each task may run twice without harm."""

from celery import shared_task


@shared_task
def forget_old_audit_entries() -> int:
    from hexenroll.audit import retention

    return retention.forget()


@shared_task
def mail_access_link(number: int, inviter: str, language: str) -> bool:
    from hexenroll.administrators import first_access

    return first_access.mail_link(number, inviter, language)

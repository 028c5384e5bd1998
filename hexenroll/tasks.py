"""What does a worker do for the console? Each task may run twice without harm."""

from celery import shared_task


@shared_task
def forget_old_audit_entries() -> int:
    from hexenroll.audit import retention

    return retention.forget()


@shared_task
def recount_dashboard() -> None:
    from hexenroll.dashboard import summary

    summary.recount()


@shared_task
def keep_dashboard_new() -> bool:
    from hexenroll.dashboard import summary

    return summary.recount_kept()


@shared_task
def mail_access_link(number: int, inviter: str, language: str) -> bool:
    from hexenroll.administrators import first_access

    return first_access.mail_link(number, inviter, language)


@shared_task
def send_due_reports() -> int:
    from hexenroll.reports import sending

    return sending.send_due()

"""What the worker does for the sign-in: mails to people about their own account, and clearing away old sessions."""

from celery import shared_task

from hexenroll.accounts import mails, sessions


@shared_task
def mail_password_links(email: str, language: str) -> None:
    mails.send_password_links(email, language)


@shared_task
def mail_notice(email: str, subject: str, body: str) -> None:
    mails.send(email, subject, body)


@shared_task
def forget_ended_sessions() -> None:
    sessions.forget_ended_sessions()

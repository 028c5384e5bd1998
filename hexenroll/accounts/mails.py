"""Which mails does a person get about their own account? Queued by the sign-in's pages, sent by the worker.

What goes through the queue is no secret: a link to set a password is made by the worker.
"""

import logging
from smtplib import SMTPException
from typing import Final
from urllib.parse import urljoin

from allauth.account.utils import user_pk_to_url_str
from anymail.exceptions import AnymailError
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from kombu.exceptions import OperationalError

from hexenroll.accounts.sso import is_signed_in_elsewhere

logger = logging.getLogger(__name__)

AT_MOST: Final = 5  # accounts of one e-mail address


def queue_password_links(email: str, language: str) -> None:
    """Have everybody with this e-mail address sent a link to set a new password."""
    _queue("hexenroll.accounts.tasks.mail_password_links", [email, language])


def queue_notice(email: str, subject: str, body: str) -> None:
    """Have a mail sent that holds no secret."""
    _queue("hexenroll.accounts.tasks.mail_notice", [email, subject, body])


def send_password_links(email: str, language: str) -> int:
    """Send the links; return how many. Nobody's address gets none, and so do accounts of an identity provider.

    Args:
        email: as somebody typed it.
        language: of whoever asked.
    """
    if not settings.HEXENROLL_PASSWORD_SIGN_IN:
        return 0
    people = User.objects.filter(~Q(email=""), email__iexact=email.strip(), is_active=True)[:AT_MOST]
    sent = [person for person in people if not is_signed_in_elsewhere(person) and _send_link(person, language)]
    return len(sent)


def password_link(person: User) -> str:
    """Return the address at which a person sets a new password: once, within PASSWORD_RESET_TIMEOUT seconds."""
    token = default_token_generator.make_token(person)
    return _link("account_reset_password_from_key", uidb36=user_pk_to_url_str(person), key=token)


def send(email: str, subject: str, body: str) -> bool:
    """Send a mail now; tell whether the mail server took it."""
    try:
        EmailMessage(subject, body, to=[email]).send()
    except (SMTPException, AnymailError, OSError):
        logger.exception("a mail about an account can't be sent")
        return False
    return True


def _send_link(person: User, language: str) -> bool:
    with translation.override(language):
        page = {"person": person.get_username(), "link": password_link(person), "portal": settings.PUBLIC_URL}
        subject = render_to_string("account/email/password_link_subject.txt", page).strip()
        return send(person.email, subject, render_to_string("account/email/password_link_message.txt", page))


def _link(name: str, **parts: str) -> str:
    return urljoin(settings.PUBLIC_URL, reverse(name, kwargs=parts))


def _queue(task: str, arguments: list[str]) -> None:
    try:
        current_app.send_task(task, arguments, retry=False)
    except OperationalError as error:
        logger.warning("a mail about an account is not sent: the broker can't be reached: %s", error)

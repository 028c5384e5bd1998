"""How does a new administrator, or one who has lost the password, get in? By a link, or by a password shown once."""

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from devices.changes import WORDS, Action, announce
from hexenroll.accounts.mails import password_link, send
from hexenroll.accounts.sessions import sign_out_everywhere

# Without what is easily mistaken for something else.
SIGNS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 16
INVITED = "account.link_sent"
WORDS[INVITED] = _("Sent a link to set a password")


class FirstAccess(models.TextChoices):
    """How somebody gets in for the first time; whom an identity provider signs in has no account before that."""

    LINK = "link", _("Send a link by mail, at which they set a password")
    PASSWORD = "password", _("Show an initial password, once, to be handed over")


def set_new_password(person: User) -> str:
    """Give a person a new password, end all of their sessions, and return it: it can't be shown again."""
    password = get_random_string(LENGTH, SIGNS)
    with transaction.atomic():
        person.set_password(password)
        person.save(update_fields=["password"])
        sign_out_everywhere(person)
    return password


@transaction.atomic
def invite(person: User, inviter: User) -> None:
    """Have a person sent a link at which they set a password; the worker makes it, after the commit."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    arguments = [person.pk, inviter.get_full_name() or inviter.get_username(), language]
    task = "hexenroll.tasks.mail_access_link"
    announce(User, Action.CHANGED, INVITED, ids=[person.pk])
    transaction.on_commit(lambda: current_app.send_task(task, arguments, retry=False))


def mail_link(number: int, inviter: str, language: str) -> bool:
    """Send the link that `invite` promised; tell whether the mail server took it. The worker's."""
    person = User.objects.filter(pk=number, is_active=True).exclude(email="").first()
    if person is None:
        return False
    with translation.override(language):
        words = {
            "person": person.get_full_name() or person.get_username(),
            "name": person.get_username(),
            "inviter": inviter,
            "link": password_link(person),
            "portal": settings.PUBLIC_URL,
        }
        subject = render_to_string("administrators/link_subject.txt", words).strip()
        return send(person.email, subject, render_to_string("administrators/link_message.txt", words))

"""Which sessions does somebody have, and how are they ended? Called by the session list and by Administrators."""

from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.changes import WORDS, Action, announce

ENDED: Final = "account.sessions_ended"
WORDS[ENDED] = _("Sessions ended")


def sign_out_everywhere(person: User) -> int:
    """End every session of a person, at once.

    Returns:
        how many there were.
    """
    return _end(person, UserSession.objects.filter(user=person))


def sign_out_elsewhere(person: User, session_key: str | None) -> int:
    """End every session of a person but the one that they are asking from; return how many there were."""
    return _end(person, UserSession.objects.filter(user=person).exclude(session_key=session_key or ""))


def end_session(person: User, number: int) -> bool:
    """End one session of a person; tell whether it was theirs."""
    return bool(_end(person, UserSession.objects.filter(user=person, pk=number)))


def forget_ended_sessions() -> int:
    """Remove what is left of sessions that are over; return how many. The clock's, once a day."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()[0]


@transaction.atomic
def _end(person: User, sessions: QuerySet[UserSession]) -> int:
    # By their keys, which both tables have an index on: sessions don't say in a column whose they are.
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    announce(User, Action.CHANGED, ENDED, ids=[person.pk] if keys else [])
    return len(keys)


@receiver(post_save, sender=User, dispatch_uid="sign out who is deactivated")
def sign_out_the_deactivated(instance: User, created: bool, **kwargs: Any) -> None:
    """End the sessions of an account that is closed, so that opening it again brings none of them back."""
    if not created and not instance.is_active:
        sign_out_everywhere(instance)

"""Who signed in and out, and who tried in vain? Entries about the account, by Django's signals."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from hexenroll.accounts.lockout import is_refused_unseen
from hexenroll.models import AuditEntry


def follow_sign_ins() -> None:
    """Listen to sign-ins; called once, when the program starts."""
    user_logged_in.connect(_signed_in, dispatch_uid="hexenroll.audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="hexenroll.audit.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="hexenroll.audit.sign_in_failed")


def _signed_in(sender: Any, user: Any, **kwargs: object) -> None:
    _write(user, "signed_in")


def _signed_out(sender: Any, user: Any, **kwargs: object) -> None:
    if user is not None:
        _write(user, "signed_out")


def _failed(sender: Any, credentials: Any, request: Any = None, **kwargs: object) -> None:
    """Name the account that was tried; not what was typed, for that may be a password in the wrong field.

    What django-axes refuses unseen is not written: nothing ever leaves the log, and strangers would fill it.
    """
    if is_refused_unseen(request):
        return
    typed = str(credentials.get("username") or credentials.get("email") or "").replace("\x00", "")
    tried = User.objects.filter(username=typed).first() or User.objects.filter(email__iexact=typed or None).first()
    if tried is not None:
        _write(tried, "sign_in_failed", is_known=False)
        return
    more = {"what": "sign_in_failed"}
    AuditEntry.objects.about(User, AuditEntry.Action.ACCESS, None, more).save(force_insert=True)


def _write(account: Any, what: str, *, is_known: bool = True) -> None:
    who = {"actor_id": account.pk, "actor_name": account.get_username()} if is_known else {}
    entry = AuditEntry.objects.entry(account, AuditEntry.Action.ACCESS, None, {"what": what}, **who)
    entry.save(force_insert=True)

"""Who learns that an account, or an address, is locked, and who ends it? After limits.py has locked it.

Administrators see it in the console, and are told by e-mail: once an hour for an account, and not more often than
MAILS_AN_HOUR, because a stranger who guesses at many accounts decides how many there are.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from smtplib import SMTPException
from urllib.parse import urljoin

from anymail.exceptions import AnymailError
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from devices.changes import WORDS, Action, announce
from invitations.messages.variables import one_line

from .limits import LOCKED, Lock, unlock
from .models import Lockout

logger = logging.getLogger(__name__)

UNLOCK = "enrollment.change_lockout"
ENDED = "lockout.ended"
WORDS[ENDED] = gettext_lazy("Unlocked")
HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 20


def locked_now() -> QuerySet[Lockout]:
    """Return what is locked at this moment."""
    return Lockout.objects.filter(unlocked_at=None, until__gt=timezone.now())


def record(lock: Lock) -> None:
    """Write down that an account, or an address, is locked from now on, and have administrators told."""
    now = timezone.now()
    row = Lockout.objects.create(
        key=lock.key,
        account=lock.account,
        address=lock.address or None,
        began_at=now,
        until=now + timedelta(seconds=LOCKED),
    )
    logger.warning("%s is locked for %s s: too many wrong credentials", "an account" if row.account else row, LOCKED)
    transaction.on_commit(partial(_call_worker, row.pk))


def end(lockout: Lockout) -> bool:
    """Let people in again before the time is up.

    Returns:
        False: it is over already.

    Raises:
        limits.UncountableError: Valkey, which counts, doesn't answer.
    """
    if not lockout.is_on:
        return False
    unlock(lockout.key)
    ended = locked_now().filter(key=lockout.key)
    with transaction.atomic():
        is_ended = bool(ended.update(unlocked_at=timezone.now()))
        announce(Lockout, Action.CHANGED, ENDED, ids=[lockout.pk] if is_ended else [])
    return is_ended


def notify(lockout_id: int) -> None:
    """Tell administrators by e-mail, unless they were told of it within the hour; a worker's, may run twice."""
    recipients = _administrators()
    if not recipients:
        logger.warning("nobody is told of lockout %s by e-mail: who may unlock it has no address", lockout_id)
        return
    lockout = _claimed(lockout_id)
    if lockout is None:
        return
    try:
        _mail(lockout, recipients).send()
    except (SMTPException, AnymailError, OSError):
        logger.exception("administrators can't be told of lockout %s", lockout_id)
        Lockout.objects.filter(pk=lockout_id).update(notified_at=None)


def _claimed(lockout_id: int) -> Lockout | None:
    """Return the lockout if its mail is to be sent; nobody else sends it then."""
    now = timezone.now()
    mailed = Lockout.objects.filter(notified_at__gt=now - HOUR)
    lockout = Lockout.objects.filter(pk=lockout_id, notified_at=None).first()
    if lockout is None or mailed.filter(key=lockout.key).exists() or mailed.count() >= MAILS_AN_HOUR:
        return None
    claimed = Lockout.objects.filter(pk=lockout_id, notified_at=None).update(notified_at=now)
    return lockout if claimed else None


def _administrators() -> list[str]:
    """Return the addresses of the people who may end a lockout."""
    backend = "django.contrib.auth.backends.ModelBackend"
    people = User.objects.with_perm(UNLOCK, is_active=True, include_superusers=True, backend=backend)
    staff = people.filter(~Q(email=""), is_staff=True)
    return sorted({email.strip() for email in staff.values_list("email", flat=True)})


def _mail(lockout: Lockout, recipients: list[str]) -> EmailMessage:
    name = one_line(str(lockout))
    if lockout.account:
        title = _("Enrollment is locked for %(name)s") % {"name": name}
        text = _("Too many wrong one-time passwords were sent for %(name)s, the last one from %(address)s.")
    else:
        title = _("Enrollment is locked from %(name)s") % {"name": name}
        text = _("Too many wrong links or one-time passwords were sent from %(address)s.")
    lines = [
        text % {"name": name, "address": lockout.place},
        _("It began %(began)s. Nobody is let in until %(until)s, whatever they send.")
        % {"began": _time(lockout.began_at), "until": _time(lockout.until)},
        _("Did a user mistype? Unlock it here, and have a new invitation sent if the password is lost:"),
        urljoin(settings.PUBLIC_URL, reverse("admin:enrollment_lockout_change", args=[lockout.pk])),
        _("Is it somebody who guesses? Then there is nothing to do: guesses stay locked out."),
    ]
    return EmailMessage(title, "\n\n".join(lines) + "\n", to=recipients)


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "Y-m-d H:i:s T")


def _call_worker(lockout_id: int) -> None:
    try:
        current_app.send_task("enrollment.tasks.notify_of_lockout", [lockout_id], retry=False)
    except OperationalError as error:
        logger.warning("nobody is told of lockout %s by e-mail: the broker can't be reached: %s", lockout_id, error)

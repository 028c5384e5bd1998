"""Which tokens are about to expire, and who is told? Administrators, by e-mail, at each of EXPIRY_DAYS; by the clock.

A token is good for a year; without a new one the portal learns nothing of new devices. The dashboard and the account's
page count the days, too.
"""

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Final
from urllib.parse import urljoin

from anymail.exceptions import AnymailError
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.scope import scope_of
from enrollment.models import AdeAccount
from enrollment.models.ade_account import EXPIRY_DAYS
from invitations.messages.variables import one_line

logger = logging.getLogger(__name__)

# Who may renew a token is told.
CHANGE: Final = "enrollment.change_adeaccount"


def warn() -> int:
    """Tell administrators of tokens that expire within one of EXPIRY_DAYS; return of how many accounts."""
    ending = AdeAccount.objects.expired() | AdeAccount.objects.expiring()
    expiring = list(ending.defer("private_key", "server_token"))
    due = [(account, days) for account in expiring if (days := due_at(account)) is not None]
    return sum(_told(account, days) for account, days in due)


def due_at(account: AdeAccount) -> int | None:
    """Return the smallest of EXPIRY_DAYS within which a token expires; None: there is time, or it was told."""
    if account.token_expires_at is None:
        return None
    left = account.token_expires_at - timezone.now()
    days = min((number for number in EXPIRY_DAYS if left <= timedelta(days=number)), default=None)
    told = account.warned_at_days
    return days if days is not None and (told is None or days < told) else None


def _told(account: AdeAccount, days: int) -> bool:
    """Send the mail about an account, unless somebody does so right now; what couldn't be sent is tried again."""
    recipients = _administrators(account)
    if not recipients:
        logger.warning(
            "nobody is told that the token of ADE account %s expires: who may renew it has no address", account
        )
        return False
    before = account.warned_at_days
    same = AdeAccount.objects.filter(pk=account.pk, token_expires_at=account.token_expires_at)
    if not same.filter(warned_at_days=before).update(warned_at_days=days):
        return False
    try:
        _mail(account, recipients).send()
    except (SMTPException, AnymailError, OSError):
        logger.exception("administrators can't be told that the token of ADE account %s expires", account)
        same.filter(warned_at_days=days).update(warned_at_days=before)
        return False
    return True


def _administrators(account: AdeAccount) -> list[str]:
    """Return the addresses of the people who may renew the token of an account, and work in its domain."""
    backend = "django.contrib.auth.backends.ModelBackend"
    people = User.objects.with_perm(CHANGE, is_active=True, include_superusers=True, backend=backend)
    staff = people.filter(~Q(email=""), is_staff=True)
    return sorted({person.email.strip() for person in staff if scope_of(person).has(account.domain_id)})


def _mail(account: AdeAccount, recipients: list[str]) -> EmailMessage:
    name = one_line(account.name)
    days = account.days_left
    if account.token_expires_at is None or days is None:
        raise ValueError(f"ADE account {account.pk} has no token")
    if days < 0:
        title = _("The Apple ADE token of “%(name)s” has expired")
        text = _("The server token of the ADE account “%(name)s” expired on %(date)s.")
    else:
        title = ngettext(
            "The Apple ADE token of “%(name)s” expires in %(days)s day",
            "The Apple ADE token of “%(name)s” expires in %(days)s days",
            days,
        )
        text = _("The server token of the ADE account “%(name)s” expires on %(date)s.")
    date = date_format(timezone.localtime(account.token_expires_at), "Y-m-d H:i T")
    shown = {"name": name, "days": days, "date": date}
    lines = [
        text % shown,
        _(
            "From then on the portal doesn't learn which devices Apple lists: new ones aren't pre-approved any more. "
            "Devices that are in the portal stay, and go on as before."
        ),
        _(
            "Download a new token at Apple, from the server that belongs to this account, and upload it here. Nothing "
            "else changes:"
        ),
        urljoin(settings.PUBLIC_URL, reverse("admin:enrollment_adeaccount_change", args=[account.pk])),
    ]
    return EmailMessage(title % shown, "\n\n".join(lines) + "\n", to=recipients)

"""How does a scheduled report get to its readers, once each time? Started by the clock (hexenroll/tasks.py).

A worker takes a report in hand by moving `next_at` from the time that is due to the next regular one: of two, one
changes the row. Then it sends, outside of any transaction, and writes down how that went. A worker that is killed in
between may or may not have sent: it isn't sent a second time, its page says so, and it goes out at its next time.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any, Final
from zoneinfo import ZoneInfo

from anymail.exceptions import AnymailError
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from devices.changes import WORDS, Action, announce
from hexenroll.models import Preferences, ScheduledReport

from .filter_form import FilterForm
from .mail import mail_of
from .registry import REPORTS
from .schedule import after_failure, next_run

logger = logging.getLogger(__name__)

# A worker that has had a report in hand for so long is gone.
GONE: Final = timedelta(hours=1)
LONGEST_ERROR: Final = 500  # characters
PAUSED, RESUMED, SENT_NOW = "report.paused", "report.resumed", "report.sent_now"
WORDS.update({PAUSED: gettext_lazy("Paused"), RESUMED: gettext_lazy("Went on"), SENT_NOW: gettext_lazy("Send now")})


def send_due() -> int:
    """Send each report whose time has come; return how many went out."""
    _give_up_on_the_dead()
    due = ScheduledReport.objects.filter(next_at__lte=timezone.now(), claimed_at=None)
    return sum(send(pk) for pk in due.order_by("next_at", "pk").values_list("pk", flat=True))


def send(pk: int) -> bool:
    """Send one report if it is due and no other worker has it; return whether it went out."""
    scheduled = _claimed(pk, timezone.now())
    if scheduled is None:
        return False
    owner = scheduled.owner
    with as_owner(owner):
        reason = obstacle(scheduled)
        if reason:
            _done(scheduled, is_active=False, next_at=None, last_error=reason)
            return False
        try:
            mail_of(scheduled).send()
        except (SMTPException, AnymailError, OSError) as error:
            logger.exception("scheduled report %s can't be sent", pk)
            _failed(scheduled, error)
            return False
    _done(scheduled, last_error="", attempts=0, last_sent_at=timezone.now())
    return True


def obstacle(scheduled: ScheduledReport) -> str:
    """Return why a report can't be sent until somebody changes something; "": it can."""
    report, owner = REPORTS.get(scheduled.report), scheduled.owner
    if not (owner.is_active and owner.is_staff):
        return _("Paused: the account of its owner, %(name)s, is not active any more.") % {"name": owner.get_username()}
    if report is None:
        return _("Paused: there is no such report any more.")
    if not report.may_be_taken_by(owner):
        text = _("Paused: its owner, %(name)s, may not take this report away any more.")
        return text % {"name": owner.get_username()}
    form = FilterForm(QueryDict(scheduled.query), report, owner)
    if not form.is_valid():
        return _("Paused: its filters find nothing any more. Open it, choose others, and save.")
    return ""


def zone_of(owner: User) -> ZoneInfo:
    """Return the time zone that somebody chose, or else the portal's."""
    kept = Preferences.objects.filter(person=owner).values_list("time_zone", flat=True).first()
    return ZoneInfo(kept or settings.TIME_ZONE)


def regular(scheduled: ScheduledReport, after: datetime) -> datetime | None:
    """Return the next regular time of a report; None while it is paused."""
    if not scheduled.is_active:
        return None
    return next_run(scheduled.every, scheduled.hour, zone_of(scheduled.owner), after)


def send_soon(scheduled: ScheduledReport) -> None:
    """Have a worker send a report now, whether it is paused or not."""
    with transaction.atomic():
        ScheduledReport.objects.filter(pk=scheduled.pk).update(next_at=timezone.now())
        announce(ScheduledReport, Action.CHANGED, SENT_NOW, ids=[scheduled.pk])
    try:
        current_app.send_task("hexenroll.tasks.send_due_reports", retry=False)
    except OperationalError as error:
        logger.warning("scheduled report %s waits for the clock: the broker can't be reached: %s", scheduled.pk, error)


@transaction.atomic
def pause(reports: QuerySet[ScheduledReport]) -> int:
    """Send none of these reports until they are resumed; return how many were active."""
    active = reports.filter(is_active=True).order_by("pk").select_for_update(of=("self",))
    changed = list(active.values_list("pk", flat=True))
    ScheduledReport.objects.filter(pk__in=changed).update(is_active=False, next_at=None)
    announce(ScheduledReport, Action.CHANGED, PAUSED, ids=changed)
    return len(changed)


@transaction.atomic
def resume(reports: QuerySet[ScheduledReport]) -> int:
    """Send these reports at their next regular time; return how many were paused."""
    paused = reports.filter(is_active=False).order_by("pk").select_for_update(of=("self",))
    changed = []
    for scheduled in paused.select_related("owner"):
        scheduled.is_active = True
        values: dict[str, Any] = {"is_active": True, "last_error": "", "attempts": 0}
        next_at = regular(scheduled, timezone.now())
        ScheduledReport.objects.filter(pk=scheduled.pk).update(next_at=next_at, **values)
        changed.append(scheduled.pk)
    announce(ScheduledReport, Action.CHANGED, RESUMED, ids=changed)
    return len(changed)


@contextmanager
def as_owner(owner: User) -> Iterator[None]:
    """Write texts and times as somebody reads them."""
    kept = Preferences.objects.filter(person=owner).values_list("language", flat=True).first()
    with translation.override(kept or settings.LANGUAGE_CODE), timezone.override(zone_of(owner)):
        yield


def _claimed(pk: int, now: datetime) -> ScheduledReport | None:
    """Take a report in hand; None: it isn't due, or somebody else has it."""
    scheduled = ScheduledReport.objects.select_related("owner").filter(pk=pk, claimed_at=None).first()
    if scheduled is None or scheduled.next_at is None or scheduled.next_at > now:
        return None
    following = regular(scheduled, now)
    free = ScheduledReport.objects.filter(pk=pk, claimed_at=None, next_at=scheduled.next_at)
    return scheduled if free.update(claimed_at=now, next_at=following) else None


def _done(scheduled: ScheduledReport, **values: object) -> None:
    ScheduledReport.objects.filter(pk=scheduled.pk).update(claimed_at=None, **values)


def _failed(scheduled: ScheduledReport, error: Exception) -> None:
    """Write down why, and when it is tried again; what was changed meanwhile counts."""
    now, attempts = timezone.now(), scheduled.attempts + 1
    again = after_failure(attempts, now, regular(scheduled, now))
    text = _("The mail could not be sent: %(error)s") % {"error": str(error)[:LONGEST_ERROR] or type(error).__name__}
    _done(scheduled, last_error=text, attempts=F("attempts") + 1)
    # Somebody who pauses it meanwhile has emptied the time of a regular one.
    still = ScheduledReport.objects.filter(pk=scheduled.pk, is_active=scheduled.is_active)
    still.update(next_at=again)


def _give_up_on_the_dead() -> None:
    """Say of reports whose worker is gone that nobody knows whether they were sent."""
    now = timezone.now()
    for scheduled in ScheduledReport.objects.select_related("owner").filter(claimed_at__lt=now - GONE):
        with as_owner(scheduled.owner):
            text = _("A worker was stopped while it sent this report: it may have arrived, or not.")
        dead = ScheduledReport.objects.filter(pk=scheduled.pk, claimed_at=scheduled.claimed_at)
        dead.update(claimed_at=None, last_error=text)

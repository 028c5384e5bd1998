"""Which sync of an account is under way, and which worker has it? One at a time, begun by a person or the clock.

A worker claims a run and gives a sign of life as long as it lives. A run whose process is gone, or silent for too long,
is put back and taken up by the next worker, where its last page was saved. Who lost its run without noticing finds that
out with the next page (`keep`), and stops.
"""

import logging
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom
from typing import Any, Final
from uuid import uuid4

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from enrollment.models import AdeAccount, AdeSync
from invitations.outbox.process import this_process

from . import lease
from .accounts import AccountUseError, NoTokenError

logger = logging.getLogger(__name__)

State, Kind, Phase = AdeSync.State, AdeSync.Kind, AdeSync.Phase
MANUAL_EVERY: Final = timedelta(minutes=15)
FAILED_EVERY: Final = timedelta(minutes=1)
# Apple's changes are known to miss devices: the whole list is read once a week, and while its cursor is good at all.
FULL_EVERY: Final = timedelta(days=7)
WAITING: Final = timedelta(seconds=10)  # a task that was just sent may still wait for a free worker
TRIES: Final = 8
FIRST_WAIT: Final = 30.0  # seconds; doubled with each try, up to the longest
LONGEST_WAIT: Final = 1_800.0
LONGEST_ASKED: Final = 86_400.0  # of what Apple asks for: more is a mistake, and devices are bought meanwhile
KEPT: Final = timedelta(days=90)
_JITTER: Final = SystemRandom()


class TooSoonError(AccountUseError):
    """Somebody asked for a sync a few minutes ago; `when` is the next time."""

    def __init__(self, when: datetime) -> None:
        text = _("Apple's list was asked for a few minutes ago. The next time is at %(time)s.")
        super().__init__(text % {"time": time_format(localtime(when), "H:i")})
        self.when = when


class RunningError(AccountUseError):
    """A sync of the account is open; `run` is that one."""

    def __init__(self, run: AdeSync | None) -> None:
        super().__init__(_("A sync of this account is under way already."))
        self.run = run


class LostRunError(Exception):
    """Another worker has the run, or it was ended: there is nothing to be done here any more."""


# --- begin -------------------------------------------------------------------------------------------------
def begin(account: AdeAccount, person: User | None = None, *, full: bool = False, tell_worker: bool = True) -> AdeSync:
    """Write down that an account is to be synced, and tell a worker.

    Args:
        account: with a token.
        person: who wants it; None: the clock, or the command line.
        full: read the whole list, even if the changes would do; if it is empty now, that is believed.
        tell_worker: else the caller runs it (sync.run).

    Returns:
        The run. A person gets the one that waits for its next try, if Apple didn't ask for that: it goes on now.

    Raises:
        NoTokenError: Apple can't be asked.
        RunningError: one is open.
        TooSoonError: a person asks, and did so less than 15 minutes ago.
    """
    account.refresh_from_db()
    if not account.is_connected:
        raise NoTokenError
    if person is not None:
        if (waiting := hurry(account, full=full)) is not None:
            return _told(waiting, tell_worker)
        _refuse_haste(account)
    is_full = full or _needs_full(account)
    kind, phase = (Kind.FULL, Phase.LIST) if is_full else (Kind.DELTA, Phase.CHANGES)
    try:
        with transaction.atomic():
            run = AdeSync.objects.create(account=account, kind=kind, phase=phase, created_by=person, takes_empty=full)
            if is_full:  # broken off, its cursor is of the list: the next run may not take it for one of the changes
                AdeAccount.objects.filter(pk=account.pk).update(cursor="", needs_full=True)
    except IntegrityError:  # ade_sync_one_open
        raise RunningError(AdeSync.objects.filter(account=account, state__in=AdeSync.OPEN).first()) from None
    return _told(run, tell_worker)


def hurry(account: AdeAccount, *, full: bool = False) -> AdeSync | None:
    """Let a sync that waits for its next try go on at once, unless Apple asked it to wait; return it, if there is one.

    Args:
        account: whose.
        full: it reads the whole list then, even if it was about the changes.
    """
    run = AdeSync.objects.hurriable().filter(account=account).first()
    if run is None:
        return None
    changes: dict[str, Any] = {"next_at": timezone.now(), "tries": 0}
    is_begun = full and run.phase == Phase.CHANGES
    if full:
        changes |= {"takes_empty": True}
    if is_begun:
        changes |= {"kind": Kind.FULL, "phase": Phase.LIST}
    with transaction.atomic():
        if not AdeSync.objects.hurriable().filter(pk=run.pk).update(**changes):  # its time has come meanwhile
            return None
        if is_begun:
            AdeAccount.objects.filter(pk=account.pk).update(cursor="", needs_full=True)
    run.refresh_from_db()
    return run


def _told(run: AdeSync, tell_worker: bool) -> AdeSync:
    if tell_worker:
        transaction.on_commit(partial(_tell, run.pk))
    return run


def next_manual_at(account: AdeAccount) -> datetime | None:
    """Return from when on a person may ask for a sync again; None: now."""
    asked = AdeSync.objects.filter(account=account, created_by__isnull=False)
    # One that failed at once has cost Apple a few requests: the reason may be mended by now.
    failed = Q(state=State.FAILED, pages=0)
    latest = asked.aggregate(any=Max("created_at"), read=Max("created_at", filter=~failed))
    ends = [(latest["any"], FAILED_EVERY), (latest["read"], MANUAL_EVERY)]
    when = max((began + pause for began, pause in ends if began is not None), default=None)
    return when if when is not None and when > timezone.now() else None


def _refuse_haste(account: AdeAccount) -> None:
    running = AdeSync.objects.filter(account=account, state__in=AdeSync.OPEN).first()
    if running is not None:
        raise RunningError(running)
    when = next_manual_at(account)
    if when is not None:
        raise TooSoonError(when)


def _needs_full(account: AdeAccount) -> bool:
    is_old = account.full_at is None or account.full_at < timezone.now() - FULL_EVERY
    return not account.cursor or account.needs_full or is_old


# --- by the clock ------------------------------------------------------------------------------------------
def tend() -> None:
    """Put back what dead workers left, tell workers of what waits, and begin what is due. Safe whatever goes on."""
    free_dead()
    now = timezone.now()
    untold = Q(next_at=None, created_at__lt=now - WAITING)
    for key in AdeSync.objects.filter(untold | Q(next_at__lte=now), state=State.QUEUED).values_list("pk", flat=True):
        _tell(key)
    for account in due_accounts():
        try:
            begin(account)
        except AccountUseError as error:  # somebody else was faster, or took its token away
            logger.info("ADE account %s is not synced now: %s", account.pk, type(error).__name__)


def due_accounts() -> list[AdeAccount]:
    """Return the accounts whose last sync began long enough ago."""
    lately = timezone.now() - timedelta(minutes=settings.HEXENROLL_ADE_SYNC_MINUTES)
    syncs = AdeSync.objects.filter(account=OuterRef("pk"))
    recent = syncs.filter(Q(state__in=AdeSync.OPEN) | Q(created_at__gt=lately))
    return list(AdeAccount.objects.connected().exclude(Exists(recent)))


def free_dead() -> int:
    """Put back runs whose worker is gone, or gave no sign of life for too long; return how many."""
    dead = lease.lost(AdeSync.objects.filter(state=State.RUNNING))
    freed = AdeSync.objects.filter(state=State.RUNNING, claim__in=dead) if dead else AdeSync.objects.none()
    count = freed.update(state=State.QUEUED, claim=None, process="", next_at=timezone.now())
    if count:
        logger.warning("%s ADE syncs lost their workers, and are taken up anew", count)
    return count


def forget_old() -> int:
    """Remove syncs that ended long ago; return how many."""
    ended = AdeSync.objects.exclude(state__in=AdeSync.OPEN).filter(created_at__lt=timezone.now() - KEPT)
    return ended.delete()[0]


def _tell(key: int) -> None:
    try:
        # What waits longer for a free worker is sent again by the clock.
        current_app.send_task("enrollment.tasks.sync_ade_account", [key], retry=False, expires=60)
    except BrokerError as error:
        logger.warning("ADE sync %s: the broker can't be reached, a worker is told later: %s", key, error)


# --- in the hand of a worker -------------------------------------------------------------------------------
def claim(key: int) -> AdeSync | None:
    """Take a run that waits, with its account; None: there is none, or it isn't its time, or somebody has it."""
    free_dead()
    now, mine = timezone.now(), uuid4()
    waiting = AdeSync.objects.filter(Q(next_at=None) | Q(next_at__lte=now), pk=key, state=State.QUEUED)
    taken = waiting.update(state=State.RUNNING, claim=mine, process=this_process(), alive_at=now, next_at=None)
    found = AdeSync.objects.select_related("account", "created_by").filter(pk=key, claim=mine)
    return found.first() if taken else None


def held(run: AdeSync) -> AbstractContextManager[None]:
    """Give a sign of life every few seconds for the time of the block."""
    return lease.held(AdeSync.objects.filter(pk=run.pk, claim=run.claim), f"ADE sync {run.pk}")


def keep(run: AdeSync, **changes: Any) -> None:
    """Lock the run until the transaction ends, and change it: the first statement of each of its transactions.

    Raises:
        LostRunError: it is in nobody's or somebody else's hand.
    """
    mine = AdeSync.objects.filter(pk=run.pk, state=State.RUNNING, claim=run.claim)
    if not mine.update(**{"alive_at": timezone.now(), **changes}):
        raise LostRunError(run.pk)


def put_off(run: AdeSync, code: str, retry_after: float | None = None, *, keeps_place: bool = False) -> None:
    """Let the run wait for a while, or fail after the last of its tries.

    Args:
        run: in this worker's hand.
        code: of the error.
        retry_after: seconds that Apple asked for; more than a day counts as a day.
        keeps_place: in the middle of the whole list it doesn't fail, however often: the next run would begin it anew.
    """
    tries = min(run.tries + 1, 1_000)
    is_in_middle = run.phase == Phase.GONE or (run.phase == Phase.LIST and run.account.cursor != "")
    if tries >= TRIES and not (keeps_place and is_in_middle):
        end(run, State.FAILED, code, tries=tries)
        return
    pause = min(FIRST_WAIT * 2.0 ** (tries - 1), LONGEST_WAIT)
    pause = max(pause if retry_after is None else retry_after, 1.0) * _JITTER.uniform(1.0, 1.3)
    free = {"state": State.QUEUED, "claim": None, "process": "", "is_asked_to_wait": retry_after is not None}
    wait = timedelta(seconds=min(pause, LONGEST_ASKED))
    keep(run, **free, tries=tries, error=code, next_at=timezone.now() + wait)


def end(run: AdeSync, state: AdeSync.State, code: str = "", **changes: Any) -> None:
    """End the run, DONE or FAILED."""
    now = timezone.now()
    with transaction.atomic():
        keep(run, state=state, error=code, finished_at=now, claim=None, process="", **changes)
        if state == State.DONE:
            AdeAccount.objects.filter(pk=run.account_id).update(synced_at=now)

"""THE SYNC: how does the list here become Apple's, page by page? Called by the worker and by `ade_account sync`.

Full: the whole list is read, then what it didn't name is removed, then the changes since it began are read. Delta: the
changes alone. Apple is asked between two transactions, never in one; each page and its cursor are one transaction.
"""

import logging

from django.db import transaction
from django.utils import timezone

from enrollment.models import AdeAccount, AdeDevice, AdeSync

from . import accounts, approve, pages, profiles, runs, standing
from .accounts import NoTokenError
from .client import Client
from .errors import (
    AccountError,
    AdeError,
    CursorError,
    EmptyListError,
    ExhaustedCursorError,
    TemporaryError,
    UnexpectedAnswerError,
)
from .exchange import BaseUrlError
from .runs import LostRunError

logger = logging.getLogger(__name__)

Phase, State = AdeSync.Phase, AdeSync.State


def run(key: int) -> None:
    """Carry out a run that waits, until it is done, failed, or has to wait for Apple; nothing where somebody has it."""
    found = runs.claim(key)
    if found is None:
        return
    try:
        with runs.held(found):
            _carry_out(found)
    except LostRunError:
        logger.info("ADE sync %s was ended, or is in another worker's hand", key)


def _carry_out(found: AdeSync) -> None:
    try:
        if found.account.checked_at is None:
            accounts.check(found.account)  # how many devices a page may have
        with accounts.client_of(found.account) as client:
            while _step(found, client):
                pass
        _approve_rest(found)
        profiles.want_default(found.account_id)
        runs.end(found, State.DONE)
    except (NoTokenError, BaseUrlError) as error:
        runs.end(found, State.FAILED, "no_token" if isinstance(error, NoTokenError) else "address")
    except AdeError as error:
        _note(found, error)
    except LostRunError:
        raise
    except Exception:
        # Something that nobody thought of, such as a full disk: it may be better the next time.
        runs.put_off(found, "internal")
        raise


def _note(found: AdeSync, error: AdeError) -> None:
    """Keep what Apple answered, and wait or give up."""
    code = (error.code or type(error).__name__)[:40]
    logger.warning("ADE sync %s: %s (%s)", found.pk, type(error).__name__, code)
    standing.note_error(found.account, error)
    is_temporary = isinstance(error, TemporaryError)
    # Apple refused the token of before: the next try is with the new one.
    is_of_former_token = isinstance(error, AccountError) and standing.is_renewed(found.account)
    if is_temporary or is_of_former_token or isinstance(error, UnexpectedAnswerError):
        runs.put_off(found, code, error.retry_after, keeps_place=is_temporary or is_of_former_token)
    else:
        runs.end(found, State.FAILED, code)


def _step(found: AdeSync, client: Client) -> bool:
    """Take the next step of a run; return whether there is another one."""
    if found.phase == Phase.GONE:
        _remove_unseen(found)
        return True
    try:
        return _page(found, client)
    except ExhaustedCursorError:
        if found.phase == Phase.CHANGES:
            _begin_anew(found, "EXHAUSTED_CURSOR")
        else:
            # Nobody knows whether the rest of the list was lost on its way: nothing is removed, nor is the full fetch
            # over; the next run reads the list again.
            _keep_phase(found, Phase.CHANGES)
    except CursorError as error:
        _begin_anew(found, error.code)
    return True


def _page(found: AdeSync, client: Client) -> bool:
    """Ask for a page, and save it; return whether anything follows."""
    account, is_list = found.account, found.phase == Phase.LIST
    ask = client.fetch_devices if is_list else client.sync_devices
    page = ask(account.cursor, account.page_limit)
    if page.more_to_follow and page.cursor == account.cursor:
        raise UnexpectedAnswerError("cursor_stands_still")
    if is_list and not page.more_to_follow and not page.devices:
        _refuse_empty(found)
    if account.state != AdeAccount.State.OK:
        standing.note_success(account)
        account.state = AdeAccount.State.OK
    pages.save(found, page, next_phase=Phase.GONE if is_list and not page.more_to_follow else Phase(found.phase))
    return is_list or page.more_to_follow


def _refuse_empty(found: AdeSync) -> None:
    """See that a list without any device is what somebody asked for, where there were devices: all of them would go.

    Raises:
        EmptyListError: it isn't; nothing of the page is saved.
    """
    listed = AdeDevice.objects.listed().filter(account=found.account_id)
    if not found.takes_empty and listed.exists() and not listed.filter(seen_by=found.mark).exists():
        raise EmptyListError("empty_list")


def _begin_anew(found: AdeSync, code: str) -> None:
    """Forget the cursor, and read the whole list; a second time in one run there is something else the matter.

    Raises:
        AdeError: the run was begun anew already.
    """
    if found.is_begun_anew:
        raise AdeError(code)
    logger.warning("ADE sync %s: Apple refused the cursor (%s), the whole list is read", found.pk, code)
    with transaction.atomic():
        runs.keep(found, is_begun_anew=True, kind=AdeSync.Kind.FULL, phase=Phase.LIST)
        AdeAccount.objects.filter(pk=found.account_id).update(cursor="", needs_full=True)
    found.is_begun_anew, found.kind, found.phase, found.account.cursor = True, AdeSync.Kind.FULL, Phase.LIST, ""


def _keep_phase(found: AdeSync, phase: AdeSync.Phase) -> None:
    runs.keep(found, phase=phase)
    found.phase = phase


def _remove_unseen(found: AdeSync) -> None:
    """Remove what the whole list didn't name, as if Apple had said so of each; then the full fetch is over."""
    unseen = AdeDevice.objects.listed().filter(account=found.account_id).exclude(seen_by=found.mark).order_by("pk")
    last = 0
    while keys := list(unseen.filter(pk__gt=last).values_list("pk", flat=True)[: pages.CHUNK]):
        pages.remove(found, keys)
        last = keys[-1]
    with transaction.atomic():
        runs.keep(found, phase=Phase.CHANGES)
        AdeAccount.objects.filter(pk=found.account_id).update(needs_full=False, full_at=timezone.now())
    found.phase = Phase.CHANGES


def _approve_rest(found: AdeSync) -> None:
    """Pre-approve what is listed and still waits: the box was ticked since, or another account gave a device up."""
    while keys := approve.waiting(found.account)[: pages.CHUNK]:
        pages.approve_some(found, keys)

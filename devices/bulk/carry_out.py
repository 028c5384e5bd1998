"""How is something done to a million devices, by processes that may die at any moment?

In chunks by number: what a chunk changes, and that it was done, are one transaction. A worker that follows goes on
after the last one. Who asked is asked for their rights again with each chunk.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from zoneinfo import ZoneInfo

from celery import current_app
from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models import Max, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError as BrokerError

from devices.changes import WORDS, Action, announce
from devices.filters import DeviceFilter
from devices.models import BulkAction, Device
from devices.scope import scope_of, visible

from .kinds import KINDS, Kind

logger = logging.getLogger(__name__)
State = BulkAction.State
CHUNK: Final = 1_000  # devices; the locks of one are held for a moment
LONGEST_QUERY: Final = 4_000  # characters, as of an address
AT_ONCE: Final = 200  # so few are done before the page answers
CANCELLED: Final = "bulk_action.cancelled"
WORDS[CANCELLED] = gettext_lazy("Bulk action cancelled")
WAITING, SILENT = timedelta(seconds=10), timedelta(seconds=30)


class WrongSelectionError(Exception):
    """What was chosen can't be read; the text says why."""


def newest() -> int:
    """Return the number of the newest device: those that come in from now on are not meant."""
    return Device.objects.aggregate(last=Max("pk"))["last"] or 0


def selected(person: Any, query: str, chosen: list[int] | None, last: int, as_of: datetime) -> QuerySet[Device]:
    """Return the devices that somebody means, of those they may see. Days are those of the active time zone.

    Args:
        person: who.
        query: filters of the list, as in its address; means nothing where devices are ticked.
        chosen: numbers of the ticked ones; None: all that match.
        last: number of the newest device when they were chosen.
        as_of: when they were chosen.

    Raises:
        WrongSelectionError: a filter is wrong, or there are too many. Cut off, they would mean more devices.
    """
    devices = visible(Device.objects.filter(pk__lte=last), person)
    if chosen is not None:
        return devices.filter(pk__in=chosen)
    if len(query) > LONGEST_QUERY:
        raise WrongSelectionError(_("These are too many filters for one action. Choose fewer values."))
    found = DeviceFilter(QueryDict(query), devices, request=SimpleNamespace(user=person), as_of=as_of)
    if problems := found.messages():
        raise WrongSelectionError(" ".join(problems))
    return found.qs


def begin(
    kind: Kind,
    parameters: dict[str, Any],
    person: User,
    *,
    query: str,
    chosen: list[int] | None,
    last: int,
    as_of: datetime | None = None,
) -> BulkAction:
    """Write down what is to be done, and do it: at once where the devices are few, else by a worker.

    Arguments as for `selected` (`as_of` None: now); `parameters` are those of the kind's form.

    Raises:
        WrongSelectionError: a filter is wrong, or there are too many.
    """
    as_of = as_of or timezone.now()
    total = selected(person, query, chosen, last, as_of).count()
    domains = scope_of(person).domains
    action = BulkAction.objects.create(
        kind=kind.name,
        parameters=parameters | {"scope": None if domains is None else sorted(domains)},
        query=query if chosen is None else "",
        chosen=chosen,
        last=last,
        as_of=as_of,
        time_zone=timezone.get_current_timezone_name(),
        total=total,
        created_by=person,
    )
    if total <= AT_ONCE:
        run(action.pk)
        action.refresh_from_db()
    else:
        transaction.on_commit(partial(_tell, action.pk))
    return action


def run(key: int) -> None:
    """Carry out an action chunk by chunk until it is over; return quietly where another worker has it in hand."""
    while _chunk(key):
        pass


def cancel(key: int) -> bool:
    """Stop an action after the chunk that is in work; return False where it is over already."""
    moved = BulkAction.objects.filter(pk=key, state__in=BulkAction.OPEN)
    with transaction.atomic():
        is_moved = bool(moved.update(state=State.CANCELLED, finished_at=timezone.now()))
        announce(BulkAction, Action.CHANGED, CANCELLED, ids=[key] if is_moved else [])
    return is_moved


def rescue() -> int:
    """Tell workers again of actions that gave no sign of life for a while; return how many."""
    now = timezone.now()
    waiting = Q(alive_at=None, created_at__lt=now - WAITING)
    still = BulkAction.objects.filter(waiting | Q(alive_at__lt=now - SILENT), state__in=BulkAction.OPEN)
    keys = list(still.values_list("pk", flat=True))
    for key in keys:
        _tell(key)
    return len(keys)


def _tell(key: int) -> None:
    try:
        current_app.send_task("devices.tasks.run_bulk_action", [key], retry=False)
    except BrokerError as error:
        logger.warning("bulk action %s: the broker can't be reached, a worker is told later: %s", key, error)


def _chunk(key: int) -> bool:
    """Do the next chunk; return whether there may be more."""
    try:
        with transaction.atomic():
            open_ones = BulkAction.objects.filter(pk=key, state__in=BulkAction.OPEN)
            action = open_ones.select_for_update(skip_locked=True, of=("self",)).first()
            return action is not None and _next(action)
    except OperationalError:  # a deadlock, a database that restarts: the clock brings it back
        raise
    except Exception as error:
        logger.exception("bulk action %s", key)
        _end(key, State.FAILED, _("The portal could not go on: %(error)s") % {"error": type(error).__name__})
        return False


def _next(action: BulkAction) -> bool:
    kind = KINDS.get(action.kind)
    # Read anew, with rights and domains as they are now.
    person = User.objects.filter(pk=action.created_by_id or 0, is_active=True).first()
    problem = _problem(action, kind, person)
    if problem or kind is None or person is None:
        _end(action.pk, State.FAILED, problem)
        return False
    try:
        with timezone.override(ZoneInfo(action.time_zone) if action.time_zone else None):
            devices = selected(person, action.query, action.chosen, action.last, action.as_of)
    except WrongSelectionError as error:  # what a filter named is gone
        _end(action.pk, State.FAILED, str(error))
        return False
    keys = list(devices.filter(pk__gt=action.position).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    now = timezone.now()
    mine = BulkAction.objects.filter(pk=action.pk)
    if not keys:
        mine.update(state=State.DONE, finished_at=now, alive_at=now)
        return False
    outcome = kind.apply(keys, action.parameters, person)
    mine.update(
        state=State.RUNNING,
        alive_at=now,
        position=keys[-1],
        done=action.done + len(keys),
        changed=action.changed + outcome.changed,
        skipped=dict(Counter(action.skipped) + Counter(outcome.skipped)),
    )
    return True


def _problem(action: BulkAction, kind: Kind | None, person: User | None) -> str:
    """Return why an action can't go on; "": it can."""
    if kind is None:
        return _("This version of the portal can't do this.")
    if person is None or not person.has_perm(kind.permission) or not person.has_perm("devices.view_device"):
        return _("Who asked for it has no right to it any more.")
    before, now = action.parameters.get("scope"), scope_of(person).domains
    if now is not None and (before is None or not set(before) <= now):
        return _("Who asked for it may not work in all of these domains any more.")
    return ""


def _end(key: int, state: str, problem: str) -> None:
    open_ones = BulkAction.objects.filter(pk=key, state__in=BulkAction.OPEN)
    open_ones.update(state=state, last_error=problem, finished_at=timezone.now())

"""How does a new rule come into force for all devices? A group with a state, filled some thousand devices at a time.

Run by the worker, or at once where the portal has few devices. A killed one is begun again by the clock, and once a
night all rule-based groups are looked at: what is not as their rules say is corrected, and the log says so.
"""

import logging
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_noop
from kombu.exceptions import OperationalError

from devices.changes import WORDS, Action, announce
from devices.imports.sql import one_at_a_time
from devices.models import Device, DeviceGroup

from .membership import fit
from .rule import Rule

logger = logging.getLogger(__name__)

State = DeviceGroup.State
TASK = "devices.tasks.fill_group"
# Numbers of devices in one transaction: SQLite lets nobody else write meanwhile.
CHUNK = 20_000
# Up to so many devices, the group is filled before the page that saved its rule is answered.
AT_ONCE = 5_000
# A worker that gave no sign for so long is gone.
STALE_AFTER = timedelta(seconds=60)
# Who read the rules of before wrote what they said; by then such a transaction is over. An import waits in line.
SETTLES_AFTER = timedelta(seconds=60)
FILLED = "group.filled"
WORDS[FILLED] = gettext_noop("Rule of a device group applied")


def save_rule(group: DeviceGroup, rule: Rule | None) -> None:
    """Give a group another rule, and let its members follow.

    Args:
        group: which is stored already.
        rule: None: whoever is in it stays, and from now on somebody puts devices there.
    """
    spelled = rule.to_json() if rule else None
    if group.rule == spelled and not (spelled and group.state == State.FAILED):
        return
    group.rule = spelled
    group.state, group.state_changed_at = (State.WAITING if rule else State.CURRENT), timezone.now()
    group.save(update_fields=["rule", "state", "state_changed_at"])
    if rule:
        transaction.on_commit(lambda: _begin(group.pk))


def _begin(group_id: int) -> None:
    """Fill a group now, or tell a worker; without a broker the clock does."""
    if Device.objects.order_by()[: AT_ONCE + 1].count() <= AT_ONCE:
        fill(group_id)
    else:
        publish(group_id)


def publish(group_id: int) -> bool:
    """Tell a worker that a group waits; False when the broker can't be reached."""
    try:
        current_app.send_task(TASK, [group_id], retry=False)
    except OperationalError as error:
        logger.warning("device group %s: the broker can't be reached, it is filled later: %s", group_id, error)
        return False
    return True


def fill(group_id: int) -> tuple[int, int]:
    """Make the members of a group what its rule says.

    Safe to be called twice; a rule that changes meanwhile begins anew.

    Returns:
        How many members came, and how many went.
    """
    added = removed = 0
    group = DeviceGroup.objects.ruled().filter(pk=group_id).first()
    if group is None or not group.move(source=frozenset(State.values) - {State.FILLING}, target=State.FILLING):
        return 0, 0
    rule = Rule.from_json(group.rule)
    with transaction.atomic():
        one_at_a_time()  # imports that read the rules of before are over then, and what they made has its numbers
    last = Device.objects.aggregate(last=Max("pk"))["last"] or 0
    try:
        for first in range(0, last + 1, CHUNK):
            with transaction.atomic():
                mine = DeviceGroup.objects.select_for_update().filter(pk=group_id, state=State.FILLING)
                if mine.values_list("rule", flat=True).first() != group.rule:
                    return added, removed  # it has another rule since: somebody else fills it
                mine.update(state_changed_at=timezone.now())
                devices = Device.objects.filter(pk__gt=first, pk__lte=first + CHUNK)
                come, gone = fit(group_id, rule, devices)
                _announce(group, come, gone)
            added, removed = added + come, removed + gone
    except Exception:
        logger.exception("device group %s: it could not be filled", group_id)
        group.move(source=State.FILLING, target=State.FAILED)
        raise
    group.move(source=State.FILLING, target=State.SETTLING)
    return added, removed


def _announce(group: DeviceGroup, come: int, gone: int) -> None:
    named = {"groups": [group.name]}
    announce(Device, Action.CHANGED, FILLED, count=come, source=group, added=named)
    announce(Device, Action.CHANGED, FILLED, count=gone, source=group, removed=named)


def tend() -> int:
    """Fill the groups that wait, whose worker is gone, or that are due to be looked at once more.

    Called by the clock.

    Returns:
        How many there were.
    """
    now = timezone.now()
    due = Q(state=State.WAITING) | Q(state=State.SETTLING, state_changed_at__lt=now - SETTLES_AFTER)
    stale = Q(state=State.FILLING, state_changed_at__lt=now - STALE_AFTER)
    DeviceGroup.objects.ruled().filter(stale).update(state=State.WAITING, state_changed_at=now)
    waiting = list(DeviceGroup.objects.ruled().filter(due).values_list("pk", "state"))
    for pk, state in waiting:
        fill(pk)
        if state == State.SETTLING:
            DeviceGroup.objects.filter(pk=pk, state=State.SETTLING).update(state=State.CURRENT)
    return len(waiting)


def correct() -> int:
    """Look at all rule-based groups, and correct what isn't as their rules say. Called by the clock, once a night.

    Returns:
        How many memberships were wrong.
    """
    wrong = 0
    for group in DeviceGroup.objects.ruled().exclude(state__in=(State.WAITING, State.FILLING)):
        added, removed = fill(group.pk)
        DeviceGroup.objects.filter(pk=group.pk, state=State.SETTLING).update(state=State.CURRENT)
        if added or removed:
            text = "device group %s: its members were not as its rule says: %s added, %s removed"
            logger.warning(text, group.pk, added, removed)
        wrong += added + removed
    return wrong

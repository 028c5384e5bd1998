"""Which listed devices are pre-approved because a person says so, and when? A few at once, many by a worker.

Apple isn't asked. What is still to be done stands in the rows (Approval.ASKED; with an account's box ticked: WAITING),
so the clock, or the next sync, finishes what no worker was told of.
"""

import logging
from functools import partial
from typing import Any, Final

from celery import current_app
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from kombu.exceptions import OperationalError as BrokerError

from devices.approval import excluded_platforms
from devices.models import Device
from enrollment.models import AdeAccount, AdeDevice

from . import approve, pages, profiles

logger = logging.getLogger(__name__)

Approval = AdeDevice.Approval
AT_ONCE: Final = approve.CHUNK  # somebody waits in front of a page: about a second


def ask(chosen: QuerySet[AdeDevice], person: Any) -> tuple[int, int]:
    """Pre-approve listed devices, also those that an administrator deleted.

    Args:
        chosen: of any account, whether its box is ticked or not. Left out are those of a platform that we don't know,
            or with a bad serial number, and those that are in the portal.
        person: who wants it.

    Returns:
        How many devices this made; and how many ADE devices a worker will go through, since they are too many.
    """
    same = Device.objects.filter(serial_number=OuterRef("serial_number"), platform=OuterRef("platform"))
    bad = (Approval.UNSUPPORTED, Approval.UNUSABLE)
    good = chosen.filter(is_listed=True).exclude(approval__in=bad).exclude(platform__in=excluded_platforms())
    missing = good.filter(Q(approval=Approval.WAITING) | ~Exists(same))
    # By number: a queryset of a list may be joined and sorted, and neither can be updated.
    wanted = AdeDevice.objects.filter(pk__in=missing.order_by().values("pk"))
    with transaction.atomic():
        by_account = profiles.lock(wanted)
        count = sum(map(len, by_account.values()))
        if count <= AT_ONCE:
            return _approve(by_account, person), 0
        wanted.update(approval=Approval.ASKED)
        for account_id in by_account:
            tell_soon(account_id, person)
    return 0, count


def carry_out(account_id: int, person_id: int | None = None) -> int:
    """Pre-approve what is to be of an account, a chunk at a time; return how many devices that made.

    Args:
        account_id: of an account, or of one that is gone.
        person_id: who wants it; None: it was the clock that called.
    """
    person = User.objects.filter(pk=person_id).first() if person_id is not None else None
    made = 0

    def some() -> int | None:
        account = AdeAccount.objects.filter(pk=account_id).first()
        # Another worker may be at it, or the sync: they have what they have locked.
        free = approve.waiting(account).select_for_update(skip_locked=True) if account is not None else ()
        keys = list(free[: approve.CHUNK])
        if account is None or not keys:
            return None
        return approve.approve(account, AdeDevice.objects.filter(pk__in=keys), person=person, before=made)

    while (count := pages.in_transaction(some)) is not None:
        made += count
    return made


def tend() -> None:
    """Tell workers of devices that are still to be pre-approved. Safe whatever goes on."""
    asked = AdeDevice.objects.listed().filter(account=OuterRef("pk"), approval=Approval.ASKED)
    for account_id in AdeAccount.objects.filter(Exists(asked)).values_list("pk", flat=True):
        _tell(account_id, None)


def tell_soon(account_id: int, person: Any) -> None:
    """Tell a worker, as soon as the transaction is over, that an account has devices to be pre-approved."""
    transaction.on_commit(partial(_tell, account_id, person.pk))


def _tell(account_id: int, person_id: int | None) -> None:
    try:
        current_app.send_task("enrollment.tasks.approve_ade_devices", [account_id, person_id], retry=False, expires=60)
    except BrokerError as error:
        logger.warning("ADE account %s: the broker can't be reached, a worker is told later: %s", account_id, error)


def _approve(by_account: dict[int, list[int]], person: Any) -> int:
    made = 0
    for account in AdeAccount.objects.filter(pk__in=by_account).order_by("pk"):
        devices = AdeDevice.objects.filter(pk__in=by_account[account.pk])
        devices.update(approval=Approval.ASKED)
        made += approve.approve(account, devices, person=person, before=made)
    return made

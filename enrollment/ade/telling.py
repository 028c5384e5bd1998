"""Apple is told which enrollment profiles there are, and which devices get them. By a worker, one at a time an account.

What is to be told stands in the rows of profiles and devices (profiles.py), so a killed worker does no harm: what it
told and didn't write down is told again. Nothing is ever disowned: the client can't.
"""

import logging
from datetime import timedelta
from random import SystemRandom
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from enrollment.models import AdeAccount, AdeAssignment, AdeDevice, AdeProfile
from invitations.outbox.process import this_process

from . import lease, profiles, standing
from .accounts import client_of
from .client import MAX_DEVICES, Client
from .errors import AccountError, AdeError, RequestRefusedError

logger = logging.getLogger(__name__)

AssignState = AdeDevice.AssignState
State = AdeProfile.State
# In the other states somebody has to do something first; the sync finds out when it was done.
ASKABLE: Final = (AdeAccount.State.OK, AdeAccount.State.THROTTLED, AdeAccount.State.UNREACHABLE)
COOL_DOWN: Final = timedelta(hours=24)
SHORTEST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
# Of one task; the next one goes on.
MAX_CALLS: Final = 100
# Apple's words for one device (PROTOCOLS: SUCCESS, NOT_ACCESSIBLE, FAILED, THROTTLED); any other is a failure.
_STATES: Final = {"NOT_ACCESSIBLE": AssignState.NOT_ACCESSIBLE, "THROTTLED": AssignState.THROTTLED}
_COOLED: Final = (AssignState.FAILED, AssignState.THROTTLED)
_UNKNOWN_PROFILE: Final = ("NOT_FOUND", "PROFILE_NOT_FOUND", "http_404")
_NOBODYS: Final = {"claim": None, "process": "", "alive_at": None}
_JITTER: Final = SystemRandom()


class _ClaimLostError(Exception):
    """Another worker has the account now."""


def tend() -> int:
    """Have workers tell Apple what is due: what was put off, cooled down, or lost with a worker. Asked by the clock.

    Returns:
        The number of tasks sent.
    """
    _free_dead()
    now = timezone.now()
    waiting = AdeProfile.objects.filter(account=OuterRef("pk"), state=State.WAITING)
    due = AdeDevice.objects.due_for_profile(now).filter(account=OuterRef("pk"))
    accounts = (
        AdeAccount.objects.filter(Exists(waiting) | Exists(due), state__in=ASKABLE)
        .exclude(assignment__next_at__gt=now)
        .exclude(assignment__claim__isnull=False)
    )
    return sum(profiles.call_worker(pk) for pk in accounts.values_list("pk", flat=True))


def tell(account_id: int) -> int:
    """Tell Apple what is due for an account: define profiles, assign and remove them.

    Quietly does nothing while another worker is at it, Apple asked to wait, or the account is in trouble.

    Returns:
        About how many devices Apple was told.
    """
    account = AdeAccount.objects.filter(pk=account_id, state__in=ASKABLE).first()
    if account is None:
        return 0
    with client_of(account) as client:
        claim = _claim(account)
        if claim is None:
            return 0
        teller = _Teller(account, claim, client)
        try:
            with lease.held(AdeAssignment.objects.filter(claim=claim), f"the profiles of ADE account {account.pk}"):
                teller.tell()
        except _ClaimLostError:
            logger.info("ADE account %s: another worker goes on", account.pk)
        except AdeError as error:
            _put_off(account, claim, error)
        else:
            _release(claim)
            if teller.calls:
                standing.note_success(account)
            if teller.calls >= MAX_CALLS:
                profiles.call_worker(account.pk)
    return teller.told


class _Teller:
    """One worker's conversation about the profiles of an account."""

    def __init__(self, account: AdeAccount, claim: UUID, client: Client) -> None:
        self.account = account
        self.claim = claim
        self.client = client
        self.calls = 0
        self.told = 0
        self.missing: set[int] = set()  # profiles that Apple didn't know

    def tell(self) -> None:
        """Define each new or changed profile; then go through the devices, at most 1,000 of one profile at a time."""
        for profile in AdeProfile.objects.filter(account=self.account, state=State.WAITING).order_by("pk"):
            self._define(profile)
        while self.calls < MAX_CALLS:
            due = AdeDevice.objects.due_for_profile(timezone.now()).filter(account=self.account)
            first = due.select_related("wanted_profile").order_by("pk").first()
            if first is None:
                return
            alike = due.filter(wanted_profile=first.wanted_profile).order_by("pk")
            self._tell_of(first.wanted_profile, dict(alike.values_list("serial_number", "pk")[:MAX_DEVICES]))

    def _define(self, profile: AdeProfile) -> None:
        """Make a profile at Apple, and let the devices that had it as it was before get it anew."""
        self._call()
        as_it_was = AdeProfile.objects.filter(pk=profile.pk, state=State.WAITING, updated_at=profile.updated_at)
        try:
            defined = self.client.define_profile(profiles.content_of(profile))
        except RequestRefusedError as error:
            logger.warning("ADE account %s: Apple refuses profile %s: %s", self.account.pk, profile.pk, error.code)
            as_it_was.update(state=State.FAILED, last_error=error.code)
            return
        with transaction.atomic():
            self._keep()
            # Nothing, if somebody changed it meanwhile: then it is defined once more.
            if as_it_was.update(state=State.DEFINED, uuid=defined.profile_uuid, last_error=""):
                done = (AssignState.ASSIGNED, AssignState.NOT_ACCESSIBLE, AssignState.NONE)
                had_it = AdeDevice.objects.filter(wanted_profile=profile, is_listed=True, assign_state__in=done)
                profiles.lock(had_it)
                had_it.update(assign_state=AssignState.WAITING)

    def _tell_of(self, profile: AdeProfile | None, devices: dict[str, int]) -> None:
        """Assign a profile to devices, or remove what they have, and keep the result of each.

        Args:
            profile: None: they shall have none.
            devices: serial number -> key, at most 1,000.
        """
        self._call()
        retry_after: int | None = None
        try:
            if profile is None:
                results = self.client.remove_profile(devices)
            else:
                answer = self.client.assign_profile(profile.uuid, devices)
                results, retry_after = answer.devices, answer.retry_after_seconds
        except RequestRefusedError as error:
            logger.warning("ADE account %s: Apple refuses an assignment: %s", self.account.pk, error.code)
            if profile is not None and error.code in _UNKNOWN_PROFILE and profile.pk not in self.missing:
                self.missing.add(profile.pk)
                AdeProfile.objects.filter(pk=profile.pk, uuid=profile.uuid).update(state=State.WAITING, uuid="")
                for anew in AdeProfile.objects.filter(pk=profile.pk, state=State.WAITING):
                    self._define(anew)
                return
            results = {}
        success = AssignState.REMOVED if profile is None else AssignState.ASSIGNED
        by_state: dict[AdeDevice.AssignState, list[int]] = {}
        for serial, key in devices.items():
            word = results.get(serial, "FAILED")
            state = success if word == "SUCCESS" else _STATES.get(word, AssignState.FAILED)
            by_state.setdefault(state, []).append(key)
        self._record(profile, by_state, retry_after)

    def _record(
        self, profile: AdeProfile | None, by_state: dict[AdeDevice.AssignState, list[int]], retry_after: int | None
    ) -> None:
        """Write the results down; not of a device that somebody wants something else for by now."""
        wait = COOL_DOWN if retry_after is None else max(timedelta(seconds=retry_after), SHORTEST_WAIT)
        again = timezone.now() + wait
        with transaction.atomic():
            self._keep()
            profiles.lock(AdeDevice.objects.filter(pk__in=[key for keys in by_state.values() for key in keys]))
            for state, keys in by_state.items():
                asked = AdeDevice.objects.filter(pk__in=keys, wanted_profile=profile, assign_state__in=AdeDevice.OPEN)
                after = again if state in _COOLED else None
                self.told += asked.update(assign_state=state, assign_after=after)

    def _call(self) -> None:
        self.calls += 1
        self._keep()

    def _keep(self) -> None:
        """Give a sign of life; the row is locked until the end of the transaction, if there is one.

        Raises:
            _ClaimLostError: another worker has taken over.
        """
        if not AdeAssignment.objects.filter(claim=self.claim).update(alive_at=timezone.now()):
            raise _ClaimLostError


def _claim(account: AdeAccount) -> UUID | None:
    """Take the account for this worker; None: another one has it, or Apple is to be left alone for now."""
    _free_dead()
    now, claim = timezone.now(), uuid4()
    AdeAssignment.objects.bulk_create([AdeAssignment(account=account)], ignore_conflicts=True)
    free = AdeAssignment.objects.filter(Q(next_at=None) | Q(next_at__lte=now), account=account, claim=None)
    return claim if free.update(claim=claim, process=this_process(), alive_at=now) else None


def _free_dead() -> None:
    """Take accounts from workers that are gone or silent: one that isn't gone after all writes nothing more."""
    dead = lease.lost(AdeAssignment.objects.exclude(claim=None))
    count = AdeAssignment.objects.filter(claim__in=dead).update(**_NOBODYS) if dead else 0
    if count:
        logger.warning("the profiles of %s ADE accounts lost their workers, and are taken up anew", count)


def _release(claim: UUID, **facts: Any) -> None:
    done = {**_NOBODYS, "next_at": None, "tries": 0, "error": ""}
    AdeAssignment.objects.filter(claim=claim).update(**done | facts)


def _put_off(account: AdeAccount, claim: UUID, error: AdeError) -> None:
    """Keep what went wrong, and when the next try is: when Apple says, else after twice as long each time."""
    code = error.code or type(error).__name__
    standing.note_error(account, error)
    if isinstance(error, AccountError):  # no use before somebody has done something: see ASKABLE
        _release(claim, error=code)
        return
    tries = AdeAssignment.objects.filter(claim=claim).values_list("tries", flat=True).first() or 0
    wait = min(SHORTEST_WAIT * 2 ** min(tries, 10), LONGEST_WAIT) * _JITTER.uniform(1.0, 1.5)
    if error.retry_after is not None:
        wait = max(timedelta(seconds=error.retry_after), SHORTEST_WAIT)
    logger.warning("ADE account %s: Apple can't be told about profiles now: %s", account.pk, code)
    _release(claim, error=code, tries=min(tries + 1, 1_000), next_at=timezone.now() + wait)

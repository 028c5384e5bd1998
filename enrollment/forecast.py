"""What would a change of the settings refuse among the devices on the list? Asked before it is saved.

A device that has not enrolled yet tells neither its OS version nor how it will enroll. So each kind of device on the
list is put before the rule itself (eligibility.decide) with every version and way that makes a difference: what is
refused each time is refused for certain, what is refused sometimes depends. The list is read by one statement that
counts kinds, and one for each limit of devices.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Least
from django.utils import timezone

from devices.models import Device
from devices.vocabulary import Platform
from invitations.models import Invitation

from .eligibility import Credentials, Facts, KnownDevice, Request, Rules, Standing, decide
from .methods import ManagementMode, Method
from .models import BlockedHardware
from .reasons import Reason

# Ways that only devices of these platforms can take; the others are open to all.
_OWN_WAYS = {
    Method.ADE: {Platform.IOS, Platform.MACOS, Platform.TVOS},
    Method.ZERO_TOUCH: {Platform.ANDROID},
    Method.AGENT: {Platform.LINUX, Platform.MACOS},
}
Kind = tuple[str, str, bool]  # platform, ownership, whether the device has valid credentials


@dataclass(frozen=True)
class Line:
    """Devices of a platform that one reason refuses.

    Attributes:
        reason: why.
        platform: "": of any.
        number: of devices.
        is_certain: each time; else it depends on the OS version or on how the device enrolls.
        is_new: by the settings as they are it would not.
    """

    reason: Reason
    platform: str
    number: int
    is_certain: bool
    is_new: bool

    @property
    def platform_label(self) -> str:
        return str(Platform(self.platform).label) if self.platform else ""


@dataclass(frozen=True)
class Forecast:
    """What becomes of the devices on the list: pre-approved, not past their time, not blocked.

    Attributes:
        listed: how many there are.
        lines: whom the settings would refuse, new ones first.
        refused: devices that could come in now, and then can't.
        at_risk: devices that then can't with some versions, or by some ways, with which they can now.
        let_in: devices that can't come in now, and then can.
    """

    listed: int
    lines: tuple[Line, ...]
    refused: int
    at_risk: int
    let_in: int

    @property
    def is_harmless(self) -> bool:
        return not self.refused and not self.at_risk


def forecast(now: Rules, then: Rules) -> Forecast:
    """Return what rules `then`, in place of rules `now`, would refuse among the devices on the list."""
    kinds = _kinds(needs_credentials=now.require_credentials or then.require_credentials)
    numbers: Counter[tuple[Reason, str, bool, bool]] = Counter()
    refused = at_risk = let_in = 0
    open_now, open_then = set[Kind](), set[Kind]()
    for kind, number in kinds.items():
        before, after = _outcomes(kind, now, then)
        was_refused, is_refused = all(before), all(after)
        is_tightened = any(new and not old for old, new in zip(before, after, strict=True))
        refused += number * (is_refused and not was_refused)
        at_risk += number * (is_tightened and not is_refused)
        let_in += number * (was_refused and not is_refused)
        if not was_refused:
            open_now.add(kind)
        if not is_refused:
            open_then.add(kind)
        for reason, is_new in _reasons(before, after, is_certain=is_refused).items():
            numbers[reason, kind[0], is_refused, is_new] += number
    limits_now, limits_then = _limits(now, open_now), _limits(then, open_then)
    over = {limit: _surplus(*limit) for limit in {*limits_now, *limits_then}}  # most changes leave them as they are
    over_now, over_then = sum(over[limit] for limit in limits_now), sum(over[limit] for limit in limits_then)
    if over_then:
        numbers[Reason.DEVICE_LIMIT, "", True, over_then > over_now] += over_then
    lines = [Line(*key[:2], number, *key[2:]) for key, number in numbers.items()]
    lines.sort(key=lambda line: (not line.is_new, not line.is_certain, -line.number, line.reason, line.platform))
    return Forecast(
        sum(kinds.values()),
        tuple(lines),
        refused + max(0, over_then - over_now),
        at_risk,
        let_in + max(0, over_now - over_then),
    )


def _is_listed() -> Q:
    """Return the condition that a device is on the list: pre-approved, not past its time, not blocked."""
    blocked = BlockedHardware.objects.filter(kind=BlockedHardware.Kind.SERIAL_NUMBER, value=OuterRef("serial_number"))
    is_open = Q(approval_expires_at=None) | Q(approval_expires_at__gt=timezone.now())
    return Q(status=Device.Status.PRE_APPROVED) & is_open & ~Q(Exists(blocked))


def _devices(*, needs_credentials: bool) -> QuerySet[Any]:
    """Return all devices, with whether their link or one-time password would be good now.

    Args:
        needs_credentials: False spares the question, and takes all of them for good.
    """
    if not needs_credentials:
        return Device.objects.order_by().annotate(has_credentials=Value(True))
    # Joined, and not asked for each device: a device has at most one live invitation, so it stays one row.
    live = FilteredRelation("invitations", condition=Q(invitations__state__in=Invitation.LIVE))
    has_credentials = Case(
        When(live__expires_at__lte=timezone.now(), then=Value(False)),
        When(one_time_password__isnull=False, then=Value(True)),
        When(live__state__in=Invitation.USABLE, then=Value(True)),
        default=Value(False),
    )
    return Device.objects.order_by().annotate(live=live).annotate(has_credentials=has_credentials)


def _kinds(*, needs_credentials: bool) -> dict[Kind, int]:
    """Return how many devices of each kind are on the list, in one statement."""
    devices = _devices(needs_credentials=needs_credentials).filter(_is_listed())
    counted = devices.values_list("platform", "ownership", "has_credentials").annotate(number=Count("pk"))
    return {(platform, ownership, bool(has)): number for platform, ownership, has, number in counted}


def _outcomes(kind: Kind, now: Rules, then: Rules) -> tuple[list[Reason | None], list[Reason | None]]:
    """Return what refuses a kind of device in each case that makes a difference, by both rules; None: nothing."""
    platform, ownership, has_credentials = kind
    known = KnownDevice(Standing.PRE_APPROVED, ownership, is_named=has_credentials)
    credentials = Credentials.VALID if has_credentials else Credentials.NONE
    cases = [Facts(request, credentials, known) for request in _requests(platform, now, then)]
    before, after = ([decide(facts, rules) for facts in cases] for rules in (now, then))
    return (
        [None if decision.lets_in else decision.reason for decision in before],
        [None if decision.lets_in else decision.reason for decision in after],
    )


def _requests(platform: str, now: Rules, then: Rules) -> Iterator[Request]:
    """Yield a request for each way, and each version at which one of the rules begins or ends to refuse."""
    versions = {"0"}
    for rules in (now, then):
        versions |= {rules.minimum_os.get(platform, "0")}
        versions |= {exclusion.os_from or "0" for exclusion in rules.exclusions if exclusion.platform == platform}
    modes = ["", *ManagementMode.values] if platform == Platform.ANDROID else [""]
    methods = [method for method in Method if platform in _OWN_WAYS.get(method, {platform})]
    for version in sorted(versions):
        for method in methods:
            for mode in modes:
                yield Request(platform, "any", version, method.value, mode)


def _reasons(before: list[Reason | None], after: list[Reason | None], *, is_certain: bool) -> dict[Reason, bool]:
    """Return what refuses afterwards, and whether it refuses a case that came in before.

    Whom everything refuses is counted once, for the reason that is met most often.
    """
    found = Counter(reason for reason in after if reason)
    chosen = [found.most_common(1)[0][0]] if is_certain else list(found)
    return {reason: any(new == reason and not old for old, new in zip(before, after, strict=True)) for reason in chosen}


def _limits(rules: Rules, kinds: set[Kind]) -> list[tuple[str, int, frozenset[str], bool]]:
    """Return what is to be counted, as _surplus takes it: devices that are more than their users may have.

    Args:
        rules: with the limits.
        kinds: those that the rules let in otherwise.
    """
    return [
        (ownership, limit, frozenset(kind[0] for kind in kinds if kind[1] == ownership), rules.require_credentials)
        for ownership, limit in rules.device_limits.items()
        if limit  # a limit of none refuses all of them, which the rule itself says
    ]


def _surplus(ownership: str, limit: int, platforms: frozenset[str], needs_credentials: bool) -> int:
    """Return how many devices on the list are more than `limit` of one ownership, all users together."""
    is_waiting = _is_listed() & Q(has_credentials=True, platform__in=platforms)
    is_enrolled = Q(status=Device.Status.ENROLLED)
    counted = (
        _devices(needs_credentials=needs_credentials)
        .filter(is_waiting | is_enrolled, ownership=ownership, user__isnull=False)
        .values("user")
        .annotate(waiting=Count("pk", filter=~is_enrolled), all=Count("pk"))
        .filter(waiting__gt=0, all__gt=limit)
        .annotate(over=Least(F("waiting"), F("all") - limit))
    )
    return counted.aggregate(sum=Sum("over"))["sum"] or 0

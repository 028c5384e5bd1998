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

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
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
    over_now, over_then = _over_limit(now, open_now), _over_limit(then, open_then)
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


def _listed() -> QuerySet[Device]:
    now = timezone.now()
    blocked = BlockedHardware.objects.filter(kind=BlockedHardware.Kind.SERIAL_NUMBER, value=OuterRef("serial_number"))
    listed: QuerySet[Device] = Device.objects.pre_approved().exclude(approval_expires_at__lte=now)
    return listed.exclude(Exists(blocked)).order_by()


def _with_credentials(devices: QuerySet[Device]) -> QuerySet[Any]:
    """Add whether the device's link or one-time password would be good now, as credentials.py has it."""
    now = timezone.now()
    own = Invitation.objects.filter(device=OuterRef("pk")).order_by()
    opens = Exists(own.usable().exclude(expires_at__lte=now))
    is_past = Exists(own.live().filter(expires_at__lte=now))
    # A password belongs to most of the devices: the invitations are asked about the others.
    return devices.annotate(
        has_credentials=Case(
            When(Q(one_time_password__isnull=False) & ~Q(is_past), then=Value(True)),
            When(Q(opens), then=Value(True)),
            default=Value(False),
        )
    )


def _kinds(*, needs_credentials: bool) -> dict[Kind, int]:
    """Return how many devices of each kind are on the list, in one statement."""
    devices: QuerySet[Any] = _listed()
    devices = _with_credentials(devices) if needs_credentials else devices.annotate(has_credentials=Value(True))
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


def _over_limit(rules: Rules, kinds: set[Kind]) -> int:
    """Return how many devices on the list, of kinds that may come in, are more than their users may have."""
    over = 0
    for ownership, limit in rules.device_limits.items():
        mine = {kind for kind in kinds if kind[1] == ownership}
        if not mine or not limit:  # a limit of none refuses all of them, which the rule itself says
            continue
        over += _surplus(ownership, limit, mine, needs_credentials=rules.require_credentials)
    return over


def _surplus(ownership: str, limit: int, kinds: set[Kind], *, needs_credentials: bool) -> int:
    waiting: QuerySet[Any] = _listed().filter(ownership=ownership, platform__in={kind[0] for kind in kinds})
    if needs_credentials:
        waiting = _with_credentials(waiting).filter(has_credentials=True)
    enrolled = Q(status=Device.Status.ENROLLED)
    counted = (
        Device.objects.filter(Q(pk__in=waiting.values("pk")) | enrolled, ownership=ownership, user__isnull=False)
        .order_by()
        .values("user")
        .annotate(waiting=Count("pk", filter=~enrolled), all=Count("pk"))
        .filter(waiting__gt=0, all__gt=limit)
        .annotate(over=Least(F("waiting"), F("all") - limit))
    )
    return counted.aggregate(sum=Sum("over"))["sum"] or 0

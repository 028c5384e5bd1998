"""THE RULE: may this device come in now? Pure: facts in, decision and reason out. Called by gate.py alone.

The first line that applies is the answer (DESIGN.md, section 7). "Listed" is the approval whose serial number and
platform are exactly the request's: of the approval that the credentials name, where credentials are demanded; else of
any. "Known" is any device of the portal with that serial number and platform.

|   | what the request meets                                             | restriction on         | off              |
|---|--------------------------------------------------------------------|------------------------|------------------|
| 1 | it was answered a moment ago, and is blocked since                 | blocked                | blocked          |
|   | it was answered a moment ago                                       | again                  | again            |
| 2 | credentials are demanded, and there are none, or wrong ones        | bad_credentials        | bad_credentials  |
|   | they name an approval whose invitation is past its time            | invitation_expired     | the same         |
| 3 | it is on the block list                                            | blocked                | blocked          |
| 4 | it is on the exclusion list                                        | the exclusion's reason | ordinary (*)     |
| 5 | listed, and the approval is past its time                          | approval_expired       | approval_expired |
|   | listed, and other hardware was enrolled as that device             | conflict               | conflict         |
|   | listed                                                             | approved (*)           | approved (*)     |
|   | known and enrolled, asks with the hardware that enrolled, and such | returned (*)           | returned (*)     |
|   | devices may return; where credentials are demanded, with its       |                        |                  |
|   | user's                                                             |                        |                  |
|   | known and enrolled, and asks otherwise                             | conflict               | conflict         |
| 6 | none of these, and known as somebody else's approval               | not_pre_approved       | ordinary (*)     |
|   | none of these                                                      | not_pre_approved       | ordinary (*)     |

(*) unless one of these applies, in this order: approval_expired (credentials are demanded, and the approval that they
name is past its time: it opens nothing else either), device_limit, os_too_old, platform_not_supported (not among the
allowed platforms), ownership_not_allowed. A device that returns counts as one of its user's devices already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .os_version import is_at_least, parsed
from .reasons import LETS_IN, Reason


class Credentials(Enum):
    """What the token, or the e-mail address and one-time password, of a request came to."""

    NONE = "none"
    WRONG = "wrong"
    EXPIRED = "expired"
    VALID = "valid"


class Standing(Enum):
    """Where a device of the portal stands."""

    PRE_APPROVED = "pre_approved"
    ENROLLED = "enrolled"
    GONE = "gone"


@dataclass(frozen=True)
class Request:
    """What a device says of itself; "" where it says nothing, `serial_number` None where the platform hides it."""

    platform: str
    serial_number: str | None = None
    os_version: str = ""
    method: str = ""
    management_mode: str = ""
    hardware_uuid: str = ""


@dataclass(frozen=True)
class KnownDevice:
    """A device of the portal with exactly the serial number and platform of the request.

    Attributes:
        standing: whether it waits, is enrolled, or is neither.
        ownership: personal or corporate.
        is_named: the credentials name its approval.
        is_past_its_time: its approval has expired.
        hardware_uuid: of the hardware that enrolled as this device; "" when none did, or it told none.
        is_its_users: the credentials are its own user's; serial number and hardware UUID are claims that others can
            make, too.
    """

    standing: Standing
    ownership: str
    is_named: bool = False
    is_past_its_time: bool = False
    hardware_uuid: str = ""
    is_its_users: bool = True


@dataclass(frozen=True)
class Facts:
    """Everything that the decision depends on besides the settings.

    Attributes:
        request: what the device says.
        credentials: what its credentials came to.
        known: the device with its serial number, if there is one; junk serial numbers match none.
        is_approval_over: the approval that the credentials name has expired, whatever device it is for.
        is_answered: this very request was answered a moment ago and let in.
        is_blocked: it, or its hardware or manufacturer, is on the block list.
        enrolled_devices: how many devices the user has enrolled to whom the known device belongs, by ownership; this
            one not counted.
        newcomers_devices: the same of the user to whom the device belongs if it comes in as a new, ordinary one.
    """

    request: Request
    credentials: Credentials = Credentials.NONE
    known: KnownDevice | None = None
    is_approval_over: bool = False
    is_answered: bool = False
    is_blocked: bool = False
    enrolled_devices: Mapping[str, int] = field(default_factory=dict)
    newcomers_devices: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Exclusion:
    """Devices that pre-approval can't match (MISSION.md, section 2). What is empty matches everything.

    Attributes:
        platform: of vocabulary.Platform.
        os_from: this version and newer ones; a version that can't be read counts as newer.
        methods: ways of enrolling.
        management_modes: modes of Android Enterprise.
    """

    platform: str
    os_from: str = ""
    methods: frozenset[str] = frozenset()
    management_modes: frozenset[str] = frozenset()

    def matches(self, request: Request) -> bool:
        """Tell whether the exclusion is about a request."""
        return (
            self.platform == request.platform
            and (not self.os_from or not parsed(request.os_version) or is_at_least(request.os_version, self.os_from))
            and (not self.methods or request.method in self.methods)
            and (not self.management_modes or request.management_mode in self.management_modes)
        )

    @property
    def reason(self) -> Reason:
        if self.platform != "android":
            return Reason.PLATFORM_NOT_SUPPORTED
        if self.management_modes:
            return Reason.ANDROID_PROFILE_OWNER
        return Reason.ANDROID_GENERIC_METHOD if self.methods else Reason.PLATFORM_NOT_SUPPORTED


@dataclass(frozen=True)
class Rules:
    """The settings that the decision depends on (Enroll > Settings).

    Attributes:
        pre_approved_devices_only: the restriction.
        require_credentials: a link token or a one-time password is demanded.
        exclusions: what pre-approval can't match.
        allowed_platforms: others are refused.
        allowed_ownerships: others are refused.
        ordinary_ownership: of a device that is not on the list.
        device_limits: devices of one user, by ownership; without a number there is no limit.
        minimum_os: lowest version, by platform.
        may_return: an enrolled device comes in anew with its hardware; else an administrator decides each time.
    """

    pre_approved_devices_only: bool
    require_credentials: bool
    exclusions: tuple[Exclusion, ...]
    allowed_platforms: frozenset[str]
    allowed_ownerships: frozenset[str]
    ordinary_ownership: str
    device_limits: Mapping[str, int] = field(default_factory=dict)
    minimum_os: Mapping[str, str] = field(default_factory=dict)
    may_return: bool = True

    @property
    def is_endless(self) -> bool:
        """Whether one valid link or password brings in any number of ordinary devices: its approval stays open."""
        is_limited = self.ordinary_ownership in self.device_limits
        return self.require_credentials and not self.pre_approved_devices_only and not is_limited


@dataclass(frozen=True)
class Decision:
    """What becomes of a request.

    Attributes:
        reason: why.
        is_known: it comes in as the device that has its serial number; else as a new, ordinary one.
    """

    reason: Reason
    is_known: bool = False

    @property
    def lets_in(self) -> bool:
        return self.reason in LETS_IN


def decide(facts: Facts, rules: Rules) -> Decision:
    """Return what becomes of a request, by the table of this module."""
    known = facts.known
    if facts.is_answered and facts.is_blocked:
        return Decision(Reason.BLOCKED)
    if facts.is_answered:
        return Decision(Reason.AGAIN, is_known=True)
    if rules.require_credentials and facts.credentials in (Credentials.NONE, Credentials.WRONG):
        return Decision(Reason.BAD_CREDENTIALS)
    if rules.require_credentials and facts.credentials is Credentials.EXPIRED:
        return Decision(Reason.INVITATION_EXPIRED)
    if facts.is_blocked:
        return Decision(Reason.BLOCKED)
    for exclusion in rules.exclusions:
        if exclusion.matches(facts.request):
            if rules.pre_approved_devices_only:
                return Decision(exclusion.reason)
            return _unless_refused(Decision(Reason.ORDINARY), facts, rules)
    if known is not None and known.standing is Standing.PRE_APPROVED:
        if known.is_named or not rules.require_credentials:
            return _listed(known, facts, rules)
        if rules.pre_approved_devices_only:
            return Decision(Reason.NOT_PRE_APPROVED)
        # Not a word of the other approval: the device comes in without its serial number.
        return _unless_refused(Decision(Reason.ORDINARY), facts, rules)
    if known is not None and known.standing is Standing.ENROLLED:
        if not rules.may_return or not _is_same_hardware(known, facts.request):
            return Decision(Reason.CONFLICT)
        if rules.require_credentials and not known.is_its_users:
            return Decision(Reason.CONFLICT)
        return _unless_refused(Decision(Reason.RETURNED, is_known=True), facts, rules)
    if rules.pre_approved_devices_only:
        return Decision(Reason.NOT_PRE_APPROVED)
    return _unless_refused(Decision(Reason.ORDINARY, is_known=known is not None), facts, rules)


def _listed(known: KnownDevice, facts: Facts, rules: Rules) -> Decision:
    if known.is_past_its_time:
        return Decision(Reason.APPROVAL_EXPIRED)
    if known.hardware_uuid and not _is_same_hardware(known, facts.request):
        return Decision(Reason.CONFLICT)
    return _unless_refused(Decision(Reason.APPROVED, is_known=True), facts, rules)


def _is_same_hardware(known: KnownDevice, request: Request) -> bool:
    return bool(known.hardware_uuid) and known.hardware_uuid == request.hardware_uuid


def _unless_refused(decision: Decision, facts: Facts, rules: Rules) -> Decision:
    """Return the decision, or the first of the limits that the device meets."""
    if rules.require_credentials and facts.is_approval_over:
        return Decision(Reason.APPROVAL_EXPIRED)
    request, known = facts.request, facts.known
    ownership = known.ownership if known is not None and decision.is_known else rules.ordinary_ownership
    limit = rules.device_limits.get(ownership)
    lowest = rules.minimum_os.get(request.platform)
    count = (facts.enrolled_devices if decision.is_known else facts.newcomers_devices).get(ownership, 0)
    if limit is not None and count >= limit and decision.reason is not Reason.RETURNED:
        return Decision(Reason.DEVICE_LIMIT)
    if lowest and not is_at_least(request.os_version, lowest):
        return Decision(Reason.OS_TOO_OLD)
    if request.platform not in rules.allowed_platforms:
        return Decision(Reason.PLATFORM_NOT_SUPPORTED)
    if ownership not in rules.allowed_ownerships:
        return Decision(Reason.OWNERSHIP_NOT_ALLOWED)
    return decision

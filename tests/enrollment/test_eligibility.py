"""THE RULE: may this device come in now? The table of enrollment/eligibility.py, line by line."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrollment.eligibility import (
    Credentials,
    Decision,
    Exclusion,
    Facts,
    KnownDevice,
    Request,
    Rules,
    Standing,
    decide,
)
from enrollment.reasons import LETS_IN, Reason

GENERIC = frozenset({"email", "sms", "self", "qr"})
EXCLUSIONS = (
    Exclusion("windows"),
    Exclusion("android", os_from="10", methods=GENERIC),
    Exclusion("android", os_from="12", management_modes=frozenset({"profile_owner"})),
)
OPEN_DOOR = Rules(
    pre_approved_devices_only=False,
    require_credentials=True,
    exclusions=EXCLUSIONS,
    allowed_platforms=frozenset({"android", "ios", "macos", "linux", "tvos", "windows"}),
    allowed_ownerships=frozenset({"personal", "corporate"}),
    ordinary_ownership="personal",
)
CLOSED_DOOR = replace(OPEN_DOOR, pre_approved_devices_only=True)
MAC = Request("macos", "C02XG2JGJG5H", "14.5", "email", hardware_uuid="uuid 1")
WINDOWS = Request("windows", "PF3ABCDE", "11", "agent")
ANDROID_BY_MAIL = Request("android", None, "10", "email")
WORK_PROFILE = Request("android", None, "12", "zero_touch", "profile_owner")
LISTED = KnownDevice(Standing.PRE_APPROVED, "corporate", is_named=True)
ENROLLED = KnownDevice(Standing.ENROLLED, "corporate", hardware_uuid="uuid 1")
SWAPPED = replace(ENROLLED, hardware_uuid="uuid 2")
VALID = Credentials.VALID


def facts(request: Request = MAC, **others: Any) -> Facts:
    return Facts(request, **{"credentials": VALID} | others)


# What the request meets, the answer with the restriction, the answer without.
TABLE: dict[str, tuple[Facts, Reason, Reason]] = {
    "1 answered, and blocked since": (facts(is_answered=True, is_blocked=True), Reason.BLOCKED, Reason.BLOCKED),
    "1 answered a moment ago": (facts(is_answered=True, credentials=Credentials.WRONG), Reason.AGAIN, Reason.AGAIN),
    "2 no credentials": (facts(credentials=Credentials.NONE), Reason.BAD_CREDENTIALS, Reason.BAD_CREDENTIALS),
    "2 wrong ones": (
        facts(known=LISTED, credentials=Credentials.WRONG),
        Reason.BAD_CREDENTIALS,
        Reason.BAD_CREDENTIALS,
    ),
    "2 expired ones": (
        facts(known=LISTED, credentials=Credentials.EXPIRED),
        Reason.INVITATION_EXPIRED,
        Reason.INVITATION_EXPIRED,
    ),
    "3 blocked": (facts(known=LISTED, is_blocked=True), Reason.BLOCKED, Reason.BLOCKED),
    "4 Windows": (facts(WINDOWS), Reason.PLATFORM_NOT_SUPPORTED, Reason.ORDINARY),
    "4 Android 10 by mail": (facts(ANDROID_BY_MAIL), Reason.ANDROID_GENERIC_METHOD, Reason.ORDINARY),
    "4 Android 12, work profile": (facts(WORK_PROFILE), Reason.ANDROID_PROFILE_OWNER, Reason.ORDINARY),
    "5 listed, too late": (
        facts(known=replace(LISTED, is_past_its_time=True)),
        Reason.APPROVAL_EXPIRED,
        Reason.APPROVAL_EXPIRED,
    ),
    "5 listed, other hardware": (
        facts(known=replace(LISTED, hardware_uuid="uuid 2")),
        Reason.CONFLICT,
        Reason.CONFLICT,
    ),
    "5 listed": (facts(known=LISTED), Reason.APPROVED, Reason.APPROVED),
    "5 enrolled, the same hardware": (facts(known=ENROLLED), Reason.RETURNED, Reason.RETURNED),
    "5 enrolled, the same hardware, with another user's credentials": (
        facts(known=replace(ENROLLED, is_its_users=False)),
        Reason.CONFLICT,
        Reason.CONFLICT,
    ),
    "5 enrolled, other hardware": (facts(known=SWAPPED), Reason.CONFLICT, Reason.CONFLICT),
    "5 enrolled, nothing known of it": (
        facts(replace(MAC, hardware_uuid=""), known=replace(ENROLLED, hardware_uuid="")),
        Reason.CONFLICT,
        Reason.CONFLICT,
    ),
    "6 somebody else's": (facts(known=replace(LISTED, is_named=False)), Reason.NOT_PRE_APPROVED, Reason.ORDINARY),
    "6 nobody's": (facts(), Reason.NOT_PRE_APPROVED, Reason.ORDINARY),
    "6 one that is gone": (
        facts(known=KnownDevice(Standing.GONE, "personal")),
        Reason.NOT_PRE_APPROVED,
        Reason.ORDINARY,
    ),
    "6 one that tells no serial number": (
        facts(replace(MAC, serial_number=None)),
        Reason.NOT_PRE_APPROVED,
        Reason.ORDINARY,
    ),
}


@pytest.mark.parametrize("line", TABLE)
def test_the_table_of_eligibility(line: str) -> None:
    met, closed, open_ = TABLE[line]
    assert decide(met, CLOSED_DOOR).reason == closed
    assert decide(met, OPEN_DOOR).reason == open_


def test_without_credentials_the_serial_number_alone_decides() -> None:
    rules = replace(CLOSED_DOOR, require_credentials=False)
    listed = replace(LISTED, is_named=False)
    assert decide(facts(known=listed, credentials=Credentials.NONE), rules) == Decision(Reason.APPROVED, is_known=True)
    assert decide(facts(known=SWAPPED, credentials=Credentials.NONE), rules).reason == Reason.CONFLICT
    assert decide(facts(credentials=Credentials.NONE), rules).reason == Reason.NOT_PRE_APPROVED


LIMITS: dict[str, tuple[Facts, dict[str, Any], Reason]] = {
    "too many": (
        facts(known=LISTED, enrolled_devices={"corporate": 3}),
        {"device_limits": {"corporate": 3}},
        Reason.DEVICE_LIMIT,
    ),
    "one more": (
        facts(known=LISTED, enrolled_devices={"corporate": 2}),
        {"device_limits": {"corporate": 3}},
        Reason.APPROVED,
    ),
    "of another ownership": (
        facts(known=LISTED, enrolled_devices={"personal": 9}),
        {"device_limits": {"personal": 3}},
        Reason.APPROVED,
    ),
    "one that returns": (
        facts(known=ENROLLED, enrolled_devices={"corporate": 3}),
        {"device_limits": {"corporate": 3}},
        Reason.RETURNED,
    ),
    "returned, where an administrator decides": (facts(known=ENROLLED), {"may_return": False}, Reason.CONFLICT),
    "by an approval that is over": (
        facts(is_approval_over=True, newcomers_devices={"personal": 3}),
        {"pre_approved_devices_only": False, "device_limits": {"personal": 3}},
        Reason.APPROVAL_EXPIRED,
    ),
    "by one that is over, where none is demanded": (
        facts(is_approval_over=True),
        {"pre_approved_devices_only": False, "require_credentials": False},
        Reason.ORDINARY,
    ),
    "what can't be recognised, by an approval that is over": (
        facts(ANDROID_BY_MAIL, is_approval_over=True),
        {"pre_approved_devices_only": False},
        Reason.APPROVAL_EXPIRED,
    ),
    "one that returns by an approval that is over": (
        facts(known=ENROLLED, is_approval_over=True),
        {},
        Reason.APPROVAL_EXPIRED,
    ),
    "too old": (facts(known=LISTED), {"minimum_os": {"macos": "15"}}, Reason.OS_TOO_OLD),
    "just new enough": (facts(known=LISTED), {"minimum_os": {"macos": "14.5.0"}}, Reason.APPROVED),
    "no version": (
        facts(replace(MAC, os_version="?"), known=LISTED),
        {"minimum_os": {"macos": "1"}},
        Reason.OS_TOO_OLD,
    ),
    "another platform's": (facts(known=LISTED), {"minimum_os": {"ios": "18"}}, Reason.APPROVED),
    "platform": (facts(known=LISTED), {"allowed_platforms": frozenset({"ios"})}, Reason.PLATFORM_NOT_SUPPORTED),
    "ownership": (facts(known=LISTED), {"allowed_ownerships": frozenset({"personal"})}, Reason.OWNERSHIP_NOT_ALLOWED),
}


@pytest.mark.parametrize("case", LIMITS)
def test_the_limits_hold_for_devices_on_the_list_too(case: str) -> None:
    met, rules, reason = LIMITS[case]
    assert decide(met, replace(CLOSED_DOOR, **rules)).reason == reason


@pytest.mark.parametrize(
    ("request_", "is_excluded"),
    [
        (Request("android", None, "9", "email"), False),
        (Request("android", None, "10", "zero_touch"), False),
        (Request("android", None, "", "email"), True),
        (Request("android", None, "Q", "qr"), True),
        (Request("android", None, "11.0", "self"), True),
        (Request("android", None, "11", "zero_touch", "profile_owner"), False),
        (Request("android", None, "12.1", "zero_touch", "profile_owner"), True),
        (Request("android", None, "14", "zero_touch", "device_owner"), False),
        (Request("windows", "X", "", ""), True),
        (Request("ios", "X", "17", "email"), False),
    ],
)
def test_what_the_exclusions_are_about(request_: Request, is_excluded: bool) -> None:
    assert any(exclusion.matches(request_) for exclusion in EXCLUSIONS) == is_excluded


requests = st.builds(
    Request,
    platform=st.sampled_from(["android", "ios", "macos", "linux", "tvos", "windows"]),
    serial_number=st.none() | st.text(max_size=5),
    os_version=st.sampled_from(["", "9", "10", "12.1", "99", "x"]),
    method=st.sampled_from(["email", "sms", "self", "qr", "ade", "zero_touch", "agent"]),
    management_mode=st.sampled_from(["", "profile_owner", "device_owner"]),
    hardware_uuid=st.sampled_from(["", "uuid 1", "uuid 2"]),
)
devices = st.builds(
    KnownDevice,
    standing=st.sampled_from(Standing),
    ownership=st.sampled_from(["personal", "corporate"]),
    is_named=st.booleans(),
    is_past_its_time=st.booleans(),
    hardware_uuid=st.sampled_from(["", "uuid 1", "uuid 2"]),
    is_its_users=st.booleans(),
)
everything = st.builds(
    Facts,
    request=requests,
    credentials=st.sampled_from(Credentials),
    known=st.none() | devices,
    is_answered=st.just(False),
    is_blocked=st.booleans(),
    enrolled_devices=st.dictionaries(st.sampled_from(["personal", "corporate"]), st.integers(0, 5)),
)
settings = st.builds(
    replace,
    st.sampled_from([OPEN_DOOR, CLOSED_DOOR]),
    require_credentials=st.booleans(),
    exclusions=st.sampled_from([(), EXCLUSIONS]),
    device_limits=st.dictionaries(st.sampled_from(["personal", "corporate"]), st.integers(0, 5)),
    minimum_os=st.dictionaries(st.sampled_from(["ios", "macos"]), st.sampled_from(["1", "99"])),
)


@given(everything, settings)
def test_with_the_restriction_nothing_that_is_not_on_the_list_is_ever_let_in(met: Facts, rules: Rules) -> None:
    decision = decide(met, replace(rules, pre_approved_devices_only=True))
    is_on_the_list = met.known is not None and met.known.standing is not Standing.GONE
    assert is_on_the_list or not decision.lets_in
    assert decision.reason != Reason.ORDINARY


@given(everything, settings)
def test_what_is_blocked_never_comes_in(met: Facts, rules: Rules) -> None:
    assert not decide(replace(met, is_blocked=True), rules).lets_in


@given(everything, settings)
def test_without_valid_credentials_nothing_comes_in_where_they_are_demanded(met: Facts, rules: Rules) -> None:
    if met.credentials is not Credentials.VALID:
        assert not decide(met, replace(rules, require_credentials=True)).lets_in


@given(everything, settings)
def test_other_hardware_never_takes_the_place_of_an_enrolled_device(met: Facts, rules: Rules) -> None:
    taken = replace(met, known=replace(SWAPPED, hardware_uuid="uuid 3"))
    decision = decide(taken, rules)
    assert not (decision.lets_in and decision.is_known)


@given(everything, settings)
def test_a_closed_door_refuses_whatever_an_open_one_refuses(met: Facts, rules: Rules) -> None:
    if not decide(met, replace(rules, pre_approved_devices_only=False)).lets_in:
        assert not decide(met, replace(rules, pre_approved_devices_only=True)).lets_in


def test_each_reason_says_whether_it_lets_in() -> None:
    assert {reason for reason in Reason if Decision(reason).lets_in} == LETS_IN

"""Enrollment profiles at Apple: defined, assigned, removed, by the simulator of Apple's service."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceGroup
from enrollment.ade import profiles
from enrollment.ade.profile_words import assignment_of, refusal_of
from enrollment.models import AdeAccount, AdeDevice, AdeProfile
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.profiled import URL, AssignState, connected, listed, profile_of, states, tell
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db
State = AdeProfile.State
ASSIGN = "POST /profile/devices"


def test_new_profile_is_defined_at_apple_with_what_was_entered_and_without_empty_texts(
    ade_simulator: Simulator,
) -> None:
    account = connected(ade_simulator)
    profile = profile_of(account, department="Sales", skip_setup_items=["AppleID", "Siri"], is_mandatory=True)
    tell(account)
    profile.refresh_from_db()
    assert profile.state == State.DEFINED
    assert ade_simulator.profiles() == {
        profile.uuid: {
            "profile_name": "Sales iPads",
            "url": URL,
            "is_supervised": True,
            "is_mandatory": True,
            "is_mdm_removable": False,
            "await_device_configured": False,
            "auto_advance_setup": False,
            "department": "Sales",
            "skip_setup_items": ["AppleID", "Siri"],
        }
    }


def test_profile_that_apple_refuses_says_why_and_is_not_sent_again_by_itself(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    profile = profile_of(account, is_supervised=False, is_mdm_removable=False)
    tell(account)
    tell(account)
    profile.refresh_from_db()
    assert profile.state == State.FAILED
    assert refusal_of(profile) == (
        "Apple doesn't take this choice: without supervision the user must be allowed to remove the management."
    )
    assert len(ade_simulator.requests("POST /profile")) == 1
    assert profiles.try_again(profile)
    assert not profiles.try_again(profile)
    tell(account)
    assert len(ade_simulator.requests("POST /profile")) == 2


def test_changed_profile_is_another_one_at_apple_and_its_devices_get_it(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(3)
    profile = profile_of(account)
    listed(account, serials)
    profiles.assign(profile, account.devices.filter(serial_number__in=serials[:2]))
    tell(account)
    profile.refresh_from_db()
    first = profile.uuid
    profile.department = "Purchase"
    assert profiles.save(profile)
    tell(account)
    profile.refresh_from_db()
    assert profile.uuid != first
    given = {serial: device.get("profile_uuid") for serial, device in ade_simulator.devices().items()}
    assert given == {serials[0]: profile.uuid, serials[1]: profile.uuid, serials[2]: None}


def test_profile_saved_without_a_change_is_not_defined_again(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    profile = profile_of(account)
    tell(account)
    assert not profiles.save(AdeProfile.objects.get(pk=profile.pk))
    assert AdeProfile.objects.get(pk=profile.pk).state == State.DEFINED


def test_profile_is_assigned_to_chosen_devices_of_its_account_that_apple_lists(ade_simulator: Simulator) -> None:
    account, other = connected(ade_simulator), connected(ade_simulator, "second")
    mine, theirs = ade_simulator.add(3), ade_simulator.add(1, "second")
    profile = profile_of(account)
    listed(account, mine[:2])
    listed(account, mine[2:], is_listed=False)
    listed(other, theirs)
    assert profiles.assign(profile, AdeDevice.objects.all()) == 2
    assert profiles.assign(profile, AdeDevice.objects.all()) == 0
    assert tell(account) == 2
    assert states(account) == {mine[0]: "assigned", mine[1]: "assigned", mine[2]: "none"}
    assert states(other) == {theirs[0]: "none"}
    assert profiles.assign(profile, AdeDevice.objects.all()) == 0


def test_profile_is_assigned_to_the_devices_of_a_group(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(2)
    profile, group = profile_of(account), DeviceGroup.objects.create(name="Sales")
    listed(account, serials)
    DeviceFactory(serial_number=serials[0], platform="ios", groups=[group])
    DeviceFactory(serial_number=serials[1], platform="macos", groups=[group])
    assert profiles.assign(profile, profiles.among(account, Device.objects.filter(groups=group))) == 1
    tell(account)
    assert states(account) == {serials[0]: "assigned", serials[1]: "none"}


def test_default_goes_to_listed_devices_without_a_profile_only(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    default, other = profile_of(account), profile_of(account, "Kiosk")
    account.default_profile = default
    account.save()
    listed(account, ["NEW"], profile_status="empty")
    listed(account, ["HASONE"], profile_status="pushed", profile_uuid="OF-ANOTHER-SERVER")
    listed(account, ["CHOSEN"], wanted_profile=other, assign_state=AssignState.ASSIGNED)
    listed(account, ["REMOVED"], assign_state=AssignState.REMOVED)
    listed(account, ["GONE"], is_listed=False, assign_state=AssignState.ASSIGNED, wanted_profile=other)
    assert profiles.want_default(account.pk) == 1
    assert states(account) == {
        "NEW": "waiting",
        "HASONE": "none",
        "CHOSEN": "assigned",
        "REMOVED": "removed",
        "GONE": "none",
    }
    account.devices.filter(serial_number="GONE").update(is_listed=True)
    assert profiles.want_default(account.pk) == 1
    assert account.devices.get(serial_number="GONE").wanted_profile == other
    assert profiles.want_default(account.pk) == 0


def test_default_costs_as_many_statements_for_many_devices(
    ade_simulator: Simulator, django_assert_num_queries: object
) -> None:
    account = connected(ade_simulator)
    account.default_profile = profile_of(account)
    account.save()
    listed(account, [f"S{number}" for number in range(50)])
    with django_assert_num_queries(7):  # type: ignore[operator]
        assert profiles.want_default(account.pk) == 50


def test_assignment_is_at_most_a_thousand_devices_a_call(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(2_001)
    profile = profile_of(account)
    listed(account, serials)
    profiles.assign(profile, account.devices.all())
    assert tell(account) == 2_001
    assert len(ade_simulator.requests(ASSIGN)) == 3
    assert set(states(account).values()) == {"assigned"}
    profile.refresh_from_db()
    assert {device["profile_uuid"] for device in ade_simulator.devices().values()} == {profile.uuid}


def test_removing_takes_the_profile_away_at_apple_whoever_assigned_it(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(2, profile_status="pushed", profile_uuid="OF-ANOTHER-SERVER")
    listed(account, serials, profile_status="pushed", profile_uuid="OF-ANOTHER-SERVER")
    assert profiles.remove(account.devices.filter(serial_number=serials[0])) == 1
    tell(account)
    assert states(account) == {serials[0]: "removed", serials[1]: "none"}
    at_apple = ade_simulator.devices()
    assert at_apple[serials[0]]["profile_status"] == "removed"
    assert at_apple[serials[1]]["profile_status"] == "pushed"
    assert profiles.remove(account.devices.filter(serial_number=serials[0])) == 0


def test_each_device_has_its_own_result(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(4)
    results = dict(zip(serials, ("SUCCESS", "NOT_ACCESSIBLE", "FAILED", "THROTTLED"), strict=True))
    ade_simulator.answer_for_devices(results)
    listed(account, serials)
    profiles.assign(profile_of(account), account.devices.all())
    before = timezone.now()
    tell(account)
    expected = ("assigned", "not_accessible", "failed", "throttled")
    assert states(account) == dict(zip(serials, expected, strict=True))
    ok, foreign, failed, throttled = account.devices.order_by("pk")
    assert ok.assign_after is None
    assert foreign.assign_after is None
    assert "belongs to another one" in assignment_of(foreign)
    for device in (failed, throttled):
        assert device.assign_after is not None
        assert timedelta(hours=23) < device.assign_after - before < timedelta(hours=25)
    assert assignment_of(throttled).startswith("Apple asks to wait until ")
    assert assignment_of(failed).endswith(" the portal tries again.")


def test_throttled_and_failed_devices_wait_as_long_as_apple_says_and_are_tried_again(
    ade_simulator: Simulator,
) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(2)
    ade_simulator.answer_for_devices({serials[0]: "THROTTLED", serials[1]: "FAILED"}, retry_after_seconds=600)
    listed(account, serials)
    profiles.assign(profile_of(account), account.devices.all())
    tell(account)
    ade_simulator.answer_for_devices({})
    for device in account.devices.all():
        assert device.assign_after is not None
        assert timedelta(minutes=9) < device.assign_after - timezone.now() < timedelta(minutes=11)
    assert tell(account) == 0
    account.devices.update(assign_after=timezone.now() - timedelta(seconds=1))
    assert tell(account) == 2
    assert set(states(account).values()) == {"assigned"}


def test_another_wish_does_not_shorten_the_wait_that_apple_asked_for(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(2)
    ade_simulator.answer_for_devices({serials[0]: "THROTTLED", serials[1]: "FAILED"})
    listed(account, serials)
    profiles.assign(profile_of(account), account.devices.all())
    tell(account)
    profiles.assign(profile_of(account, "Kiosk"), account.devices.all())
    throttled, failed = account.devices.order_by("pk")
    assert throttled.assign_after is not None
    assert failed.assign_after is None
    assert assignment_of(throttled).endswith(", as Apple asked for this device.")
    assert assignment_of(failed) == "Waiting: Apple will be told in a moment."


def test_devices_wait_until_their_profile_is_defined(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(1)
    listed(account, serials)
    profile = profile_of(account, is_supervised=False, is_mdm_removable=False)
    profiles.assign(profile, account.devices.all())
    tell(account)
    assert ade_simulator.requests(ASSIGN) == []
    assert assignment_of(account.devices.get()) == "Waiting: Apple refused the profile. Correct it first."
    profile.refresh_from_db()
    profile.is_supervised = True
    profiles.save(profile)
    tell(account)
    assert states(account) == {serials[0]: "assigned"}


def test_profile_that_apple_does_not_know_any_more_is_defined_anew(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(2)
    listed(account, serials)
    profile = profile_of(account)
    AdeProfile.objects.update(state=State.DEFINED, uuid="LOST")
    profiles.assign(profile, account.devices.all())
    tell(account)
    profile.refresh_from_db()
    assert profile.uuid in ade_simulator.profiles()
    assert set(states(account).values()) == {"assigned"}


def test_deleted_profile_stays_on_its_devices_at_apple_and_is_nobodys_default(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    serials = ade_simulator.add(1)
    listed(account, serials)
    profile = profile_of(account)
    account.default_profile = profile
    account.save()
    profiles.assign(profile, account.devices.all())
    tell(account)
    profiles.delete([profile])
    assert AdeAccount.objects.get(default_profile=None) == account
    device = account.devices.get()
    assert device.wanted_profile is None
    assert device.assign_state == AssignState.NONE
    assert ade_simulator.devices()[serials[0]]["profile_status"] == "assigned"
    assert tell(account) == 0


def test_nothing_is_ever_disowned(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    listed(account, ade_simulator.add(1))
    profiles.assign(profile_of(account), account.devices.all())
    tell(account)
    profiles.remove(account.devices.all())
    tell(account)
    assert [one for one in ade_simulator.requests() if "disown" in one.endpoint] == []


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's planner takes no such index")
def test_default_profile_is_looked_for_among_the_devices_that_have_no_state_yet(ade_simulator: Simulator) -> None:
    account = connected(ade_simulator)
    account.default_profile = profile_of(account)
    account.save()
    settled: Any = {"wanted_profile": account.default_profile, "assign_state": AssignState.ASSIGNED}
    listed(account, [f"S{number}" for number in range(3_000)], **settled)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE enrollment_adedevice")
    with CaptureQueriesContext(connection) as asked:
        assert profiles.want_default(account.pk) == 0
    (looked_for,) = (query["sql"] for query in asked if "FOR UPDATE" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {looked_for}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using ade_device_unsettled" in plan, plan

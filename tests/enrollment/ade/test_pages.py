"""What does a page of Apple's change here? Repeats, older changes, odd fields; in a fixed number of statements."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Device
from enrollment.ade import pages, runs
from enrollment.ade.answers import DevicePage
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.synced import Approval, account_of, approval, counts, synced

pytestmark = pytest.mark.django_db

SERIAL = "C02XK1ZZJG5J"


def device(serial: str = SERIAL, **facts: Any) -> dict[str, Any]:
    return {"serial_number": serial, "os": "OSX", "device_family": "Mac", "model": "Mac mini", **facts}


def changed(op_type: str, minute: int, **facts: Any) -> dict[str, Any]:
    return device(op_type=op_type, op_date=f"2026-11-22T10:{minute:02}:00Z", **facts)


@pytest.fixture
def account(ade_simulator: Simulator) -> AdeAccount:
    """Return an account that was synced when Apple listed nothing for it."""
    account = account_of(ade_simulator)
    assert synced(account).state == AdeSync.State.DONE
    return account


def saved(account: AdeAccount, *devices: dict[str, Any]) -> AdeSync:
    """Save a page of changes; return the run, still in work."""
    run = AdeSync.objects.filter(account=account, state__in=AdeSync.OPEN).first()
    if run is None:
        begun = runs.begin(account, tell_worker=False)
        run = runs.claim(begun.pk)
    assert run is not None
    pages.save(run, DevicePage(list(devices), "next", None, False), next_phase=AdeSync.Phase.CHANGES)
    run.refresh_from_db()
    return run


def row(serial: str = SERIAL) -> AdeDevice:
    return AdeDevice.objects.get(serial_number=serial)


def test_of_a_repeated_device_the_highest_op_date_wins(account: AdeAccount) -> None:
    run = saved(account, changed("added", 1), changed("modified", 3, color="BLUE"), changed("modified", 2, color="RED"))
    assert (run.added, run.modified, row().color) == (1, 0, "BLUE")


def test_of_two_with_one_op_date_the_later_in_the_page_wins(account: AdeAccount) -> None:
    saved(account, changed("added", 1, color="BLUE"), changed("modified", 1, color="RED"))
    assert row().color == "RED"


def test_an_older_change_than_the_known_one_changes_nothing(account: AdeAccount) -> None:
    saved(account, changed("added", 5, color="BLUE"))
    run = saved(account, changed("modified", 4, color="RED"))
    run = saved(account, changed("deleted", 4))
    assert (row().color, row().is_listed, run.modified, run.deleted) == ("BLUE", True, 0, 0)


def test_modified_of_an_unknown_device_counts_as_added(account: AdeAccount) -> None:
    run = saved(account, changed("modified", 1))
    assert (run.added, run.modified, run.pre_approved) == (1, 0, 1)
    assert Device.objects.get(serial_number=SERIAL).source == Device.Source.ADE


def test_deleted_of_an_unknown_device_is_nothing(account: AdeAccount) -> None:
    run = saved(account, changed("deleted", 1))
    assert (run.deleted, AdeDevice.objects.count()) == (0, 0)


def test_added_and_deleted_in_one_page_leaves_nothing(account: AdeAccount) -> None:
    run = saved(account, changed("added", 1), changed("deleted", 2))
    assert counts(run) == (0, 0, 0, 0, 0)
    assert not Device.objects.filter(serial_number=SERIAL).exists()


def test_deleted_and_added_again_is_listed_and_pre_approved_anew(account: AdeAccount) -> None:
    saved(account, changed("added", 1))
    run = saved(account, changed("deleted", 2))
    assert (run.deleted, run.withdrawn, approval(account, SERIAL)) == (1, 1, Approval.WITHDRAWN)
    assert row().removed_at is not None
    run = saved(account, changed("added", 3))
    assert (run.added, run.pre_approved, approval(account, SERIAL)) == (2, 2, Approval.MADE)
    assert row().removed_at is None
    assert Device.objects.pre_approved().filter(serial_number=SERIAL).count() == 1


def test_a_change_that_says_the_same_counts_for_nothing(account: AdeAccount) -> None:
    saved(account, changed("added", 1))
    run = saved(account, changed("modified", 2))
    assert (run.modified, row().op_date is not None) == (0, True)
    assert saved(account, changed("modified", 1, color="RED")).modified == 0


def test_what_apple_leaves_out_of_a_change_and_never_changes_stays(account: AdeAccount) -> None:
    saved(account, changed("added", 1, color="BLUE", asset_tag="1", profile_status="assigned", profile_uuid="A"))
    saved(account, {"serial_number": SERIAL, "op_type": "modified", "op_date": "2026-11-22T11:00:00Z"})
    found = row()
    assert (found.model, found.color, found.platform) == ("Mac mini", "BLUE", "macos")
    assert (found.asset_tag, found.profile_status, found.profile_uuid) == ("", "", "")


@pytest.mark.parametrize(
    ("system", "platform"),
    [("iOS", "ios"), ("iPadOS", "ios"), ("OSX", "macos"), ("tvOS", "tvos"), ("visionOS", ""), ("", ""), ("ios", "")],
)
def test_the_operating_system_says_the_platform(account: AdeAccount, system: str, platform: str) -> None:
    run = saved(account, changed("added", 1, os=system))
    assert row().platform == platform
    assert row().approval == (Approval.MADE if platform else Approval.UNSUPPORTED)
    assert run.pre_approved == bool(platform)


def test_a_platform_that_apple_names_later_is_considered_then(account: AdeAccount) -> None:
    saved(account, changed("added", 1, os=""))
    run = saved(account, changed("modified", 2, os="iOS"))
    assert (run.pre_approved, row().approval, row().platform) == (1, Approval.MADE, "ios")


@pytest.mark.parametrize("serial", ["0", "None", "To be filled by O.E.M.", "C02XK1ZZ\tJ5J", "C02XK1ZZÄG5J"])
def test_what_is_no_serial_number_is_kept_and_marked(account: AdeAccount, serial: str) -> None:
    run = saved(account, changed("added", 1, serial=serial))
    assert (run.added, run.pre_approved, row(serial).approval) == (1, 0, Approval.UNUSABLE)
    assert not Device.objects.filter(serial_number=serial).exists()


@pytest.mark.parametrize("serial", ["", None, 5, "C" * 65, "C02\x00XK", "C02\ud800XK"])
def test_what_cannot_be_stored_is_passed_over(account: AdeAccount, serial: Any) -> None:
    run = saved(account, changed("added", 1, serial=serial), changed("added", 1, serial="C02XK1ZZJG60"))
    assert (run.fetched, run.added) == (2, 1)


def test_odd_fields_are_stored_as_far_as_they_can_be(account: AdeAccount) -> None:
    odd = {"model": "M" * 400, "color": "BL\x00UE", "description": "half \ud83d", "asset_tag": ["no", "text"]}
    saved(account, changed("added", 1, **odd, device_assigned_date="yesterday", profile_assign_time=7))
    found = row()
    assert (len(found.model), found.color, found.asset_tag) == (255, "BLUE", "")
    assert found.description == "half ?"
    assert (found.device_assigned_date, found.profile_assign_time) == (None, None)


def test_serial_numbers_differ_by_case(account: AdeAccount) -> None:
    run = saved(account, changed("added", 1), changed("added", 1, serial=SERIAL.lower()))
    assert (run.added, run.pre_approved) == (2, 2)


def test_the_cursor_is_saved_with_the_devices_or_not_at_all(account: AdeAccount) -> None:
    run = saved(account, changed("added", 1))
    account.refresh_from_db()
    assert account.cursor == "next"
    AdeSync.objects.filter(pk=run.pk).update(claim=None)
    page = DevicePage([changed("added", 1, serial="C02XK1ZZJG61")], "later", None, False)
    with pytest.raises(runs.LostRunError):
        pages.save(run, page, next_phase=AdeSync.Phase.CHANGES)
    account.refresh_from_db()
    assert (account.cursor, AdeDevice.objects.count()) == ("next", 1)


def test_a_page_of_twenty_and_a_page_of_three_hundred_are_as_many_statements(account: AdeAccount) -> None:
    def statements(begin: int, count: int, op_type: str, minute: int) -> int:
        serials = [f"C02XK1ZZ{number:04}" for number in range(begin, begin + count)]
        with CaptureQueriesContext(connection) as queries:
            saved(account, *(changed(op_type, minute, serial=serial, color=str(minute)) for serial in serials))
        return len(queries)

    saved(account)
    for op_type, minute in (("added", 1), ("modified", 2), ("deleted", 3), ("added", 4)):
        few, many = statements(0, 20, op_type, minute), statements(20, 300, op_type, minute)
        # Up to 200 the audit trail names each device, and reads them for that; Django deletes a hundred at a time.
        assert many <= few + (3 if op_type == "deleted" else 0), op_type
        assert many < 35

"""Who is reached by which channel, and why not the others? The table of invitations/reach.py."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from devices.models import Device, DeviceUser
from invitations.models import Invitation
from invitations.reach import Limit, Obstacle, devices_of_batch, reached, summary
from tests.devices.importing import checked_rows, committed, row
from tests.factories import DeviceFactory, InvitationFactory

pytestmark = pytest.mark.django_db

MOBILE = "+491701234567"


def known(**changes: Any) -> Device:
    """Make a device whose user has an e-mail address and a mobile number."""
    return DeviceFactory.create(**{"user__mobile": MOBILE} | changes)


def bounced() -> Device:
    device = known()
    InvitationFactory.create(device=device, state=Invitation.State.BOUNCED)
    return device


def misspelled() -> Device:
    device = known()
    DeviceUser.objects.update(mobile="0170 1234567")
    return device


CASES: dict[str, tuple[Callable[[], Device], str, str, str]] = {
    "enrolled": (lambda: known(status="enrolled"), "not_pre_approved", "not_pre_approved", "not_pre_approved"),
    "disenrolled": (lambda: known(status="disenrolled"), "not_pre_approved", "not_pre_approved", "not_pre_approved"),
    "blocked": (lambda: known(status="blocked"), "not_pre_approved", "not_pre_approved", "not_pre_approved"),
    "late": (
        lambda: known(approval_expires_at=timezone.now() - timedelta(1)),
        "approval_expired",
        "approval_expired",
        "approval_expired",
    ),
    "invited": (
        lambda: InvitationFactory.create(state="sent").device,
        "invited_already",
        "invited_already",
        "invited_already",
    ),
    "nobody": (lambda: known(user=None), "no_user", "no_user", "no_user"),
    "all there": (known, "by email", "by sms", "by email"),
    "no mail": (lambda: known(user__email=""), "no_email", "by sms", "by sms"),
    "bounced": (bounced, "bounced", "by sms", "by sms"),
    "no mobile": (lambda: known(user__mobile=""), "by email", "no_mobile", "by email"),
    "no number": (misspelled, "by email", "not_a_phone_number", "by email"),
    "neither": (lambda: known(user__mobile="", user__email=""), "no_email", "no_mobile", "no_mobile"),
    "failed before": (lambda: InvitationFactory.create(state="failed").device, "by email", "no_mobile", "by email"),
}


@pytest.mark.parametrize("column", [0, 1, 2], ids=["email", "sms", "email_or_sms"])
@pytest.mark.parametrize("case", CASES)
def test_the_table_of_reach(case: str, column: int) -> None:
    make, *answers = CASES[case]
    make()
    device = reached(Device.objects.all(), ["email", "sms", "email_or_sms"][column], include_invited=False).get()
    assert (device.obstacle or f"by {device.via}") == answers[column]


@pytest.mark.parametrize("case", ["invited", "bounced"])
def test_who_is_invited_again_may_have_been_invited_before(case: str) -> None:
    CASES[case][0]()
    device = reached(Device.objects.all(), "email", include_invited=True).get()
    assert (device.via, device.obstacle) == ("email", "")


def test_the_summary_counts_everybody_once_by_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for name in CASES.keys() - {"neither"}:  # a second user without an address can't be in the same domain
        CASES[name][0]()
    with django_assert_num_queries(1):
        found = summary(Device.objects.all(), "email", include_invited=False)
    assert (found.total, found.by_email, found.by_sms, found.reached) == (12, 4, 0, 4)
    assert found.obstacles == {
        Obstacle.NOT_PRE_APPROVED: 3,
        Obstacle.APPROVAL_EXPIRED: 1,
        Obstacle.INVITED_ALREADY: 1,
        Obstacle.NO_USER: 1,
        Obstacle.NO_EMAIL: 1,
        Obstacle.BOUNCED: 1,
    }


def test_the_platforms_limits_are_counted_among_those_who_are_invited() -> None:
    known(platform="android")
    known(platform="android", status="enrolled")
    known(platform="windows")
    found = summary(Device.objects.all(), "email", include_invited=False)
    assert found.limits == {Limit.ANDROID: 1, Limit.WINDOWS: 1}
    assert found.by_email == 2


def test_the_devices_of_an_import_are_those_of_its_ticked_rows() -> None:
    DeviceFactory.create()
    batch = committed(checked_rows(row(1), row(2), row(3)))
    batch.rows.filter(line=3).update(invite=False)
    serials = [row(number)["serial_number"] for number in (1, 3)]
    assert list(devices_of_batch(batch).values_list("serial_number", flat=True)) == serials

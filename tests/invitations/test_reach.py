"""Who is reached by which channel, and why not the others? The table of invitations/reach.py."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from devices.imports.outcomes import ticked_devices
from devices.models import Device, DeviceUser
from invitations.models import Sending
from invitations.reach import OBSTACLES, Limit, Obstacle, devices_of_batch, measured, reached, summary, way_of
from tests.devices.importing import checked_rows, committed, row
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, InvitationFactory

pytestmark = pytest.mark.django_db

MOBILE = "+491701234567"


def known(**changes: Any) -> Device:
    """Make a device whose user has an e-mail address and a mobile number."""
    return DeviceFactory.create(**{"user__mobile": MOBILE} | changes)


def bounced(state: str = "bounced", **changes: Any) -> Device:
    """Make a device with an invitation from whose recipient a message bounced, and which is in a state since."""
    device = known()
    InvitationFactory.create(device=device, state=state, bounced_at=timezone.now(), **changes)
    return device


def bounced_before(**changes: Any) -> Device:
    """Make a device with an invitation that bounced, and a later one to the same address."""
    device = bounced("expired")
    InvitationFactory.create(device=device, state="expired", **changes)
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
    "bounced, expired": (lambda: bounced("expired"), "bounced", "by sms", "by sms"),
    "bounced, revoked": (lambda: bounced("revoked"), "bounced", "by sms", "by sms"),
    "bounced, opened": (
        lambda: bounced("expired", opened_at=timezone.now()),
        "by email",
        "by sms",
        "by email",
    ),
    "bounced, delivered later": (
        lambda: bounced_before(delivered_at=timezone.now()),
        "by email",
        "by sms",
        "by email",
    ),
    "bounced, opened later": (lambda: bounced_before(opened_at=timezone.now()), "by email", "by sms", "by email"),
    "bounced, sent later": (lambda: bounced_before(sent_at=timezone.now()), "bounced", "by sms", "by sms"),
    "bounced, bounced later": (
        lambda: bounced_before(delivered_at=timezone.now(), bounced_at=timezone.now()),
        "bounced",
        "by sms",
        "by sms",
    ),
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


@pytest.mark.parametrize("include_invited", [False, True])
@pytest.mark.parametrize("channel", Sending.Channel.values)
def test_the_rule_in_python_agrees_with_the_one_in_sql(channel: str, include_invited: bool) -> None:
    for name in CASES.keys() - {"neither"}:  # as below
        CASES[name][0]()
    devices = Device.objects.order_by("pk")
    by_sql = list(reached(devices, channel, include_invited=include_invited).values_list("pk", "via", "obstacle"))
    facts = measured(devices, "email_or_sms", include_invited=include_invited).values_list("pk", *OBSTACLES)
    by_python = [(pk, *way_of(channel, found, include_invited=include_invited)) for pk, *found in facts]
    assert by_python == by_sql
    assert len(by_sql) == len(CASES) - 1


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
    assert (found.total, found.by_email, found.by_sms, found.reached) == (19, 7, 0, 7)
    assert found.obstacles == {
        Obstacle.NOT_PRE_APPROVED: 3,
        Obstacle.APPROVAL_EXPIRED: 1,
        Obstacle.INVITED_ALREADY: 1,
        Obstacle.NO_USER: 1,
        Obstacle.NO_EMAIL: 1,
        Obstacle.BOUNCED: 5,
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


def test_a_device_that_came_into_another_domain_since_is_none_of_the_import() -> None:
    batch = committed(checked_rows(row(1), row(2), row(3)))
    elsewhere = DomainFactory.create()
    moved, deleted = (Device.objects.get(serial_number=row(number)["serial_number"]) for number in (1, 2))
    moved.domain, moved.user = elsewhere, DeviceUserFactory.create(domain=elsewhere)
    moved.save()
    deleted.delete()
    committed(checked_rows(row(2), domain=elsewhere))
    assert Device.objects.filter(domain=elsewhere).count() == 2
    assert [device.serial_number for device in devices_of_batch(batch)] == [row(3)["serial_number"]]
    begin = batch.rows.order_by("line").values_list("line", flat=True)
    assert [device.serial_number for device in ticked_devices(batch, (begin[0], begin[2]))] == [row(3)["serial_number"]]


def test_a_device_that_was_deleted_and_imported_again_is_of_both_imports_in_its_domain() -> None:
    first = committed(checked_rows(row(1)))
    Device.objects.all().delete()
    second = committed(checked_rows(row(1)), duplicates="keep")
    assert devices_of_batch(first).count() == devices_of_batch(second).count() == 1

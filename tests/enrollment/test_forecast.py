"""Does the portal say beforehand whom a change of the settings refuses among the devices on the list?"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices.models import Device
from enrollment.forecast import Forecast, Line, forecast
from enrollment.models import BlockedHardware, EnrollmentSettings
from enrollment.reasons import Reason
from enrollment.settings_change import proposed
from invitations.models import Invitation
from tests.factories import DeviceFactory, DeviceUserFactory, InvitationFactory

pytestmark = pytest.mark.django_db
Status = Device.Status


def listed(platform: str = "macos", **values: Any) -> Device:
    """Return a device on the list whose user can show a one-time password."""
    return DeviceFactory.create(platform=platform, **{"one_time_password": "secret", **values})


def change(**values: Any) -> Forecast:
    settings = EnrollmentSettings.objects.current()
    return forecast(settings.rules, proposed(settings, values).rules)


def test_a_platform_that_is_allowed_no_more_refuses_its_devices_for_certain() -> None:
    listed("ios")
    listed("macos")
    assert change(allowed_platforms=["macos"]) == Forecast(
        2, (Line(Reason.PLATFORM_NOT_SUPPORTED, "ios", 1, is_certain=True, is_new=True),), 1, 0, 0
    )


def test_what_refuses_nobody_is_harmless() -> None:
    listed()
    found = change(pre_approved_devices_only=True, retry_minutes=0)
    assert (found.is_harmless, found.lines, found.listed) == (True, (), 1)


def test_with_the_restriction_the_exclusions_count() -> None:
    listed("windows")
    listed("android")
    found = change(pre_approved_devices_only=True)
    assert found.lines == (
        Line(Reason.PLATFORM_NOT_SUPPORTED, "windows", 1, is_certain=True, is_new=True),
        Line(Reason.ANDROID_GENERIC_METHOD, "android", 1, is_certain=False, is_new=True),
        Line(Reason.ANDROID_PROFILE_OWNER, "android", 1, is_certain=False, is_new=True),
    )
    assert (found.refused, found.at_risk) == (1, 1), "a device that two reasons may refuse is one device"


def test_a_minimum_version_depends_on_a_version_that_nobody_knows_yet() -> None:
    listed("macos")
    found = change(minimum_os={"macos": "14"})
    assert found.lines == (Line(Reason.OS_TOO_OLD, "macos", 1, is_certain=False, is_new=True),)
    assert (found.refused, found.at_risk) == (0, 1)


def test_a_minimum_version_that_rises_is_a_change_and_one_that_falls_is_harmless() -> None:
    listed("macos")
    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(minimum_os={"macos": "14"})
    assert change(minimum_os={"macos": "15"}).at_risk == 1
    assert change(minimum_os={"macos": "13"}).is_harmless
    assert change().is_harmless


def test_an_ownership_that_is_allowed_no_more() -> None:
    listed(ownership="corporate")
    listed(ownership="personal")
    found = change(allow_personal=False)
    assert [(line.reason, line.number) for line in found.lines] == [(Reason.OWNERSHIP_NOT_ALLOWED, 1)]


def test_without_password_or_invitation_a_device_can_show_nothing() -> None:
    listed(one_time_password=None)
    invited = listed(one_time_password=None)
    InvitationFactory.create(device=invited, state=Invitation.State.SENT)
    past = listed()
    InvitationFactory.create(device=past, state=Invitation.State.SENT, expires_at=timezone.now() - timedelta(1))
    listed()
    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(require_credentials=False)
    found = change(require_credentials=True)
    assert found.lines == (Line(Reason.BAD_CREDENTIALS, "macos", 2, is_certain=True, is_new=True),)
    EnrollmentSettings.objects.update(require_credentials=True)
    assert change(require_credentials=False).let_in == 2


def test_devices_that_are_refused_anyway_are_not_on_the_list() -> None:
    listed(approval_expires_at=timezone.now() - timedelta(1))
    blocked = listed()
    BlockedHardware.objects.create(kind=BlockedHardware.Kind.SERIAL_NUMBER, value=str(blocked.serial_number))
    listed(status=Status.ENROLLED)
    listed(status=Status.DISENROLLED)
    listed(approval_expires_at=timezone.now() + timedelta(1))
    listed(serial_number=None)
    assert change().listed == 2


def test_devices_that_are_more_than_their_user_may_have() -> None:
    user = DeviceUserFactory.create()
    for _number in range(3):
        listed(user=user)
    listed(user=user, status=Status.ENROLLED)
    listed(user=user, ownership="personal")
    listed()
    found = change(corporate_limit=2)
    assert found.lines == (Line(Reason.DEVICE_LIMIT, "", 2, is_certain=True, is_new=True),)
    assert found.refused == 2
    assert change(corporate_limit=0).refused == 4
    assert change(corporate_limit=4).is_harmless


def test_who_has_more_than_the_limit_enrolled_can_enroll_none_of_the_waiting() -> None:
    user = DeviceUserFactory.create()
    for _number in range(3):
        listed(user=user, status=Status.ENROLLED)
    listed(user=user)
    assert change(corporate_limit=1).refused == 1


def test_devices_that_something_else_refuses_are_not_counted_for_the_limit() -> None:
    user = DeviceUserFactory.create()
    listed("ios", user=user)
    listed("macos", user=user)
    found = change(corporate_limit=1, allowed_platforms=["macos"])
    assert [line.reason for line in found.lines] == [Reason.PLATFORM_NOT_SUPPORTED]


def test_a_limit_that_falls_away_lets_devices_in() -> None:
    user = DeviceUserFactory.create()
    listed(user=user)
    listed(user=user)
    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(corporate_limit=1)
    assert change(corporate_limit=None).let_in == 1


def test_it_takes_as_many_statements_for_two_devices_as_for_twenty(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(corporate_limit=1)
    for number in (2, 18):
        for _number in range(number):
            listed()
        with django_assert_num_queries(3):  # the settings, the kinds, and the limit
            change(pre_approved_devices_only=True)

"""With what does an enrolled device show who it is, and when does that stop to work?"""

import pytest

from devices.models import Device
from enrollment.device_token import LENGTH, device_of, hash_of, issue, revoke
from enrollment.models import DeviceToken
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


def enrolled() -> Device:
    device: Device = DeviceFactory.create(status=Device.Status.ENROLLED)
    return device


def test_a_token_names_its_device_and_no_other() -> None:
    first, second = enrolled(), enrolled()
    tokens = issue(first.pk), issue(second.pk)
    assert [device_of(token) for token in tokens] == [first, second]
    assert tokens[0] != tokens[1]


def test_the_database_knows_only_the_hash() -> None:
    token = issue(enrolled().pk)
    (row,) = DeviceToken.objects.all()
    assert row.token_hash == hash_of(token)
    assert len(token) == LENGTH
    assert token not in str(vars(row))


def test_a_second_token_makes_the_first_one_void() -> None:
    device = enrolled()
    old, new = issue(device.pk), issue(device.pk)
    assert device_of(old) is None
    assert device_of(new) == device
    assert DeviceToken.objects.count() == 1


def test_a_revoked_token_names_nobody_and_revoking_twice_is_no_error() -> None:
    device = enrolled()
    token = issue(device.pk)
    revoke(device.pk)
    revoke(device.pk)
    assert device_of(token) is None


@pytest.mark.parametrize("status", [status for status in Device.Status if status != Device.Status.ENROLLED])
def test_a_device_that_is_not_enrolled_is_nobody(status: str) -> None:
    device = enrolled()
    token = issue(device.pk)
    Device.objects.filter(pk=device.pk).update(status=status)
    assert device_of(token) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 10_000, "é" * 43, "\x00" * 43, "\udc80" * 43])
def test_what_is_no_token_names_nobody(token: str) -> None:
    enrolled()
    assert device_of(token) is None

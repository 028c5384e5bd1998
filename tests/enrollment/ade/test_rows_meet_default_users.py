"""Does the default user of an ADE account make place for that of a row, and nobody else's?"""

import pytest

from devices.imports import steps
from devices.models import Device, DeviceUser, Domain, ImportRow
from enrollment.models import AdeAccount, AdeDevice
from tests.devices.importing import checked_rows, committed, device, row, staged, undone, user
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def stock() -> DeviceUser:
    return DeviceUserFactory.create(name="Stock room")


@pytest.fixture
def made(stock: DeviceUser) -> Device:
    """The device of `row(1)`, as an account with a default user pre-approved it."""
    account = AdeAccount.objects.create(
        name="Apple", domain=Domain.objects.local(), default_user=stock, private_key="key", certificate="PEM"
    )
    place = {"serial_number": row(1)["serial_number"], "platform": "macos"}
    AdeDevice.objects.create(account=account, **place, approval=AdeDevice.Approval.MADE, has_made_device=True)
    return DeviceFactory.create(**place, user=stock, source=Device.Source.ADE, name="")


@pytest.mark.parametrize("choice", ["", "replace", "skip", "keep"])
def test_the_user_of_a_row_takes_the_place_of_the_default_one_whatever_is_chosen_for_duplicates(
    made: Device, stock: DeviceUser, choice: str
) -> None:
    batch = checked_rows(row(1))
    assert staged(batch).kind == ImportRow.Kind.ADE_DEVICE
    assert steps.obstacles(batch) == []
    batch = committed(batch, choice)
    assert device().user == user()
    undone(batch)
    assert device().user == stock


def test_a_row_with_the_choice_skip_leaves_the_default_user(made: Device, stock: DeviceUser) -> None:
    batch = checked_rows(row(1))
    ImportRow.objects.filter(batch=batch).update(decision="skip")
    committed(batch)
    assert device().user == stock


def test_a_user_whom_somebody_chose_is_asked_about(made: Device) -> None:
    made.user = DeviceUserFactory.create()
    made.save()
    batch = checked_rows(row(1))
    assert staged(batch).kind == ImportRow.Kind.KNOWN_DEVICE
    assert steps.obstacles(batch) == [
        "Some device users or devices are in the portal already. Choose what happens to them."
    ]


def test_the_default_user_of_an_account_of_another_domain_is_none(made: Device) -> None:
    AdeAccount.objects.update(domain=DomainFactory.create())
    assert staged(checked_rows(row(1))).kind == ImportRow.Kind.KNOWN_DEVICE


def test_the_default_user_of_an_account_that_did_not_make_the_device_is_none(made: Device) -> None:
    AdeDevice.objects.update(approval=AdeDevice.Approval.KNOWN, has_made_device=False)
    assert staged(checked_rows(row(1))).kind == ImportRow.Kind.KNOWN_DEVICE
